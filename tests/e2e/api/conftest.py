"""The fixtures of tests/api, with the whole of it where uvicorn is there."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from api.conftest import company, http, rival, stage
from e2e import serverless_offline
from e2e.api import beyond
from e2e.backstage import TableServer, behind
from e2e.strict_gateway import strict_gateway
from engines import Engines
from kefu.testing.engines import quickest

__all__ = ["company", "http", "rival", "stage"]

HERE = Path(__file__).parent
OFFLINE_TOO = {"test_bindings", "test_conversation", "test_idempotency", "test_sockets", "test_subscriptions"}
"""Modules whose tests also run over serverless-offline."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        module = metafunc.module.__name__.rpartition(".")[2]
        served_by = ["gateway", "offline"] if module in OFFLINE_TOO else ["gateway"]
        metafunc.parametrize("server", served_by, indirect=True, scope="module")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and item.path.parent == HERE:
            beyond.mark(item)


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> TableServer:
    started: TableServer = request.getfixturevalue(f"{request.param}_server")
    return started


@pytest.fixture(scope="module")
def gateway_server(engine: str) -> Iterator[TableServer]:
    with behind(engine, strict_gateway) as server:
        yield server


@pytest.fixture(scope="module")
def engine(engines: Engines) -> Iterator[str]:
    """Where a new one answers: dynoxide takes longer over a write the more its streams hold, of whatever table."""
    with closing(Engines()) as own:
        yield own.endpoint(quickest())


@pytest.fixture(scope="session")
def offline_server(engines: Engines) -> Iterator[TableServer]:
    """One for all modules: to start it takes as long as fifty tests."""
    try:
        serverless_offline.require()
    except serverless_offline.Missing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    with behind(engines.endpoint(quickest()), serverless_offline.serverless_offline) as server:
        yield server
