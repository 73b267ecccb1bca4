"""Who waits for a change is woken by it, and however many wait, the store's changes are read once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing

import pytest

from kefu.feed.noticing import Notice, noticing
from kefu.store.contract.shorthand import put
from kefu.store.memory import MemoryStore
from kefu.store.port import Change, PositionExpired, Store
from kefu.store.wrapper import StoreWrapper

LONG_S = 120
WAITING = 50


class ReadStore(StoreWrapper):
    """Counts who reads its changes, and can tear."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.readers = self.readers_ever = 0
        self.torn = asyncio.Event()

    async def changes(self, after: str) -> AsyncGenerator[Change, None]:
        self.readers += 1
        self.readers_ever += 1
        try:
            async with aclosing(self.inner.changes(after)) as changes:
                async for change in changes:
                    if self.torn.is_set():
                        raise PositionExpired
                    yield change
        finally:
            self.readers -= 1


@pytest.fixture
def store() -> ReadStore:
    return ReadStore(MemoryStore())


async def write(store: Store, sort: str) -> None:
    await store.commit([put("p", sort)], token=None)


def deadline() -> float:
    return asyncio.get_running_loop().time() + LONG_S


async def test_a_change_wakes_those_it_concerns_and_nobody_else(store: ReadStore) -> None:
    async with (
        noticing(store, lambda change: change.key.sort == "a") as a,
        noticing(store, lambda change: change.key.sort == "b") as b,
    ):
        await write(store, "a")
        assert await a.comes_before(deadline())
        await write(store, "a")
        assert await a.comes_before(deadline())
        assert not await b.comes_before(0)


async def test_what_came_before_he_asks_is_not_missed(store: ReadStore) -> None:
    async with noticing(store, lambda change: change.key.sort == "a") as first:
        await write(store, "a")
        assert await first.comes_before(deadline())
        async with noticing(store, lambda change: change.key.sort == "b") as second:
            await write(store, "b")
            await write(store, "a")
            assert await first.comes_before(deadline())
            assert await second.comes_before(0)


async def test_however_many_wait_one_reads(store: ReadStore) -> None:
    async with AsyncExitStack() as waiting:
        notices: list[Notice] = [
            await waiting.enter_async_context(noticing(store, lambda _: True)) for _ in range(WAITING)
        ]
        await write(store, "a")
        assert all([await notice.comes_before(deadline()) for notice in notices])
        assert (store.readers, store.readers_ever) == (1, 1)


async def test_when_nobody_waits_any_more_nobody_reads(store: ReadStore) -> None:
    async with noticing(store, lambda _: True) as notice:
        await write(store, "a")
        assert await notice.comes_before(deadline())
    assert store.readers == 0


async def test_the_first_who_leaves_does_not_take_the_reader_with_him(store: ReadStore) -> None:
    async with AsyncExitStack() as waiting:
        async with noticing(store, lambda _: True):
            stays = await waiting.enter_async_context(noticing(store, lambda _: True))
        await write(store, "a")
        assert await stays.comes_before(deadline())


async def test_who_waits_is_told_that_the_changes_tore_and_the_next_reads_anew(store: ReadStore) -> None:
    async with noticing(store, lambda _: True) as notice:
        store.torn.set()
        await write(store, "a")
        with pytest.raises(PositionExpired):
            await notice.comes_before(deadline())
        store.torn.clear()
        async with noticing(store, lambda _: True) as next_one:
            await write(store, "b")
            assert await next_one.comes_before(deadline())
