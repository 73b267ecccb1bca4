from collections.abc import Iterator
from contextlib import closing

import pytest

from e2e.sockets.kefu_served import KefuServed
from engines import Engines
from kefu.testing.engines import quickest


@pytest.fixture(scope="session")
def kefu_served(engines: Engines) -> Iterator[KefuServed]:
    """On an engine of their own: dynoxide takes longer over a write the more its streams hold, of whatever table."""
    with closing(Engines()) as own, closing(KefuServed(own.endpoint(quickest()))) as started:
        yield started
