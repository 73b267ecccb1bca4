from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from api.company import Company, found_company
from api.graphql_client import calling
from api.serving import OpenStore, Server, in_memory, serving
from api.stage import Stage, set_stage
from engines import Engines, PlacedStore, table_of_its_own
from kefu.store.port import Store
from kefu.testing.engines import quickest

ON_EVERY_STORE = {
    "test_bindings",
    "test_concurrency",
    "test_conversation",
    "test_idempotency",
    "test_subscriptions",
    "test_wall",
}
"""Modules whose tests also run over DynamoDB: those that lean on what a store promises. All would take six minutes."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        module = metafunc.module.__name__.rpartition(".")[2]
        stores = ["memory", "dynamodb"] if module in ON_EVERY_STORE else ["memory"]
        metafunc.parametrize("server", stores, indirect=True, scope="session")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """One server for all tests: each works in a tenant of its own."""
    with serving(open_store=in_memory if request.param == "memory" else _in_dynamodb(request)) as server:
        yield server


def _in_dynamodb(request: pytest.FixtureRequest) -> OpenStore:
    engines: Engines = request.getfixturevalue("engines")
    endpoint = engines.endpoint(quickest())

    @asynccontextmanager
    async def open_store() -> AsyncIterator[Store]:
        async with table_of_its_own(endpoint) as table:
            await table.position()  # the first one makes a client, and a subscriber does not hear when his begins
            yield PlacedStore(table)

    return open_store


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(server.url, server.socket_url) as http:
        yield http


@pytest.fixture
async def company(server: Server, http: httpx.AsyncClient) -> AsyncIterator[Company]:
    """An empty company; whatever a test did with it, the laws hold in the end."""
    company = await found_company(server, http)
    yield company
    await company.check_laws()


@pytest.fixture
async def rival(server: Server, http: httpx.AsyncClient) -> Company:
    """Another company on the same server."""
    return await found_company(server, http)


@pytest.fixture
async def stage(company: Company) -> Stage:
    return await set_stage(company)
