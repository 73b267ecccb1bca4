"""Many who wait for a change, and one reader of the store's changes for them all.

A stream of DynamoDB takes two readers of a shard; a long poll of its own each would starve the third and all behind it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import field
from weakref import WeakKeyDictionary

from kefu.dataclass import dataclass
from kefu.store.port import Change, PositionExpired, Store


@dataclass(slots=True, eq=False)
class Notice:
    """Of changes that concern somebody, from when he began to wait on."""

    concerns: Callable[[Change], bool]
    _came: asyncio.Event = field(default_factory=asyncio.Event)
    _end: Exception | None = None

    async def comes_before(self, deadline: float) -> bool:
        """Whether one came since this was asked last, or comes before `deadline`, by the running loop's clock.

        Raises what the store did.
        """
        try:
            async with asyncio.timeout_at(deadline):
                await self._came.wait()
        except TimeoutError:
            return False
        self._came.clear()
        if self._end:
            raise self._end
        return True

    def look_at(self, change: Change) -> None:
        if self.concerns(change):
            self._came.set()

    def end(self, error: Exception) -> None:
        self._end = error
        self._came.set()


@dataclass(slots=True, eq=False)
class _Reader:
    waiting: set[Notice] = field(default_factory=set)
    begins: asyncio.Lock = field(default_factory=asyncio.Lock)
    reading: asyncio.Task[None] | None = None

    async def begin(self, store: Store) -> None:
        """Returns when whatever is committed from now on will be read."""
        async with self.begins:
            if self.reading is None or self.reading.done():
                self.reading = asyncio.create_task(self._read(store, await store.position()))

    async def end(self) -> None:
        """Somebody left; the last one ends the reading."""
        reading = self.reading
        if self.waiting or reading is None:
            return
        self.reading = None
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, store: Store, position: str) -> None:
        try:
            async with aclosing(store.changes(position)) as changes:
                async for change in changes:
                    for notice in self.waiting:
                        notice.look_at(change)
            self._tell(PositionExpired())  # the store was closed
        except Exception as error:  # noqa: BLE001  whatever it is, those who wait are told
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        for notice in self.waiting:
            notice.end(error)


_readers: WeakKeyDictionary[Store, _Reader] = WeakKeyDictionary()


@asynccontextmanager
async def noticing(store: Store, concerns: Callable[[Change], bool]) -> AsyncIterator[Notice]:
    """Notices whatever is committed from here on."""
    reader, notice = _readers.setdefault(store, _Reader()), Notice(concerns)
    reader.waiting.add(notice)
    try:
        await reader.begin(store)
        yield notice
    finally:
        reader.waiting.discard(notice)
        await reader.end()
