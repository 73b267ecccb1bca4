"""A server that lives on: it follows the changes itself, and the next one goes on where it stopped."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from shop import TENANT

from gateway.stage import eventually
from kefu.desk.tenants import create_tenant
from kefu.domain.instants import HOUR
from kefu.feed import webhook_upkeep
from kefu.feed.webhook_upkeep import FOLLOWER, Upkeep
from kefu.records import follower_places, keys
from kefu.store.memory import MemoryStore
from kefu.store.port import Change, Expect, PositionExpired, Put, Record
from kefu.store.wrapper import StoreWrapper
from webhooks.stage import Outlet

FIRST_MESSAGE = 4


@pytest.fixture
async def outlet() -> Outlet:
    outlet = await Outlet.open(Forgetful(MemoryStore()))
    await create_tenant(outlet.shop.desk, TENANT, "Shop")
    await outlet.hook()
    return outlet


class Forgetful(StoreWrapper):
    """Its changes behind any position are no longer kept, as often as it is told."""

    def __init__(self, inner: MemoryStore) -> None:
        super().__init__(inner)
        self.forgets = 0

    async def changes(self, after: str) -> AsyncGenerator[Change, None]:
        if self.forgets:
            self.forgets -= 1
            raise PositionExpired
        async for change in self.inner.changes(after):
            yield change


@asynccontextmanager
async def kept_up(outlet: Outlet) -> AsyncIterator[Upkeep]:
    """As a server does, from its start to its end."""
    upkeep = await Upkeep.begin(outlet.courier)
    task = asyncio.create_task(upkeep.run())
    try:
        yield upkeep
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_happens_is_told_as_it_happens(outlet: Outlet) -> None:
    async with kept_up(outlet):
        await outlet.shop.write("V")
        await eventually(lambda: len(outlet.told()) >= FIRST_MESSAGE)


async def test_what_failed_is_told_when_it_is_due(outlet: Outlet) -> None:
    outlet.receivers.takes = lambda _: len(outlet.receivers.got) > 0
    async with kept_up(outlet):
        await outlet.shop.write("V")
        await eventually(lambda: len(outlet.told()) >= FIRST_MESSAGE)
    assert outlet.told()[0] == "session.session_begin"


async def test_what_happened_while_no_server_was_there_the_next_one_tells(outlet: Outlet) -> None:
    async with kept_up(outlet):
        pass
    await outlet.shop.write("V")
    async with kept_up(outlet):
        await eventually(lambda: len(outlet.told()) >= FIRST_MESSAGE)


async def test_a_server_keeps_its_place_when_it_ends(outlet: Outlet) -> None:
    async with kept_up(outlet) as upkeep:
        await outlet.shop.write("V")
        await eventually(lambda: len(outlet.told()) >= FIRST_MESSAGE)
    assert await follower_places.load(outlet.shop.desk.store, FOLLOWER) == upkeep.position


async def test_where_changes_are_no_longer_kept_every_session_is_looked_at(outlet: Outlet) -> None:
    await outlet.shop.write("V")
    closed = await outlet.shop.write("W")
    await outlet.shop.close(closed)
    await follow_from_nowhere(outlet)
    await outlet.tick()
    assert len([each for each in outlet.told() if each == "session.session_begin"]) == 2
    assert len([each for each in outlet.told() if each == "session.session_end"]) == 1


async def follow_from_nowhere(outlet: Outlet) -> None:
    store = outlet.shop.desk.store
    assert isinstance(store, Forgetful)
    upkeep, store.forgets = Upkeep(outlet.courier, "long ago"), 1
    await upkeep.follow_once()
    assert upkeep.position != "long ago"


def test_a_place_is_kept_well_before_changes_are_forgotten() -> None:
    assert 2 * webhook_upkeep.KEPT_EVERY_MS < 24 * HOUR


async def test_a_record_that_nobody_can_read_holds_up_nothing_behind_it(outlet: Outlet) -> None:
    async with kept_up(outlet):
        unreadable = keys.log(TENANT, "from-elsewhere", 1)
        await outlet.shop.desk.store.commit(
            [Put(Record(key=unreadable, value="no log record"), Expect.ABSENT)], token=None
        )
        await outlet.shop.write("V")
        await eventually(lambda: len(outlet.told()) >= FIRST_MESSAGE)
