from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from e2e.sockets.kefu_served import KefuServed
from engines import Engines
from kefu.testing.engines import quickest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.xdist_group("sockets"))  # in one process: each kind of server is started once


@pytest.fixture(scope="session")
def kefu_served(engines: Engines) -> Iterator[KefuServed]:
    """On an engine of their own: dynoxide takes longer over a write the more its streams hold, of whatever table."""
    with closing(Engines()) as own, closing(KefuServed(own.endpoint(quickest()))) as started:
        yield started
