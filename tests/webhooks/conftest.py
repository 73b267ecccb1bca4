import pytest

from kefu.store.port import Store
from kefu.testing.clocks import ManualClock
from webhooks.stage import Outlet


@pytest.fixture
async def outlet(store: Store, clock: ManualClock) -> Outlet:
    return await Outlet.open(store, clock)
