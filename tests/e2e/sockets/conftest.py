from collections.abc import Iterator

import pytest

from e2e.sockets.kefu_served import KefuServed
from engines import Engines
from kefu.testing.engines import quickest


@pytest.fixture(scope="session")
def kefu_served(engines: Engines) -> Iterator[KefuServed]:
    started = KefuServed(engines.endpoint(quickest()))
    yield started
    started.close()
