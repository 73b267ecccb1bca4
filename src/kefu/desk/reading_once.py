"""The store as one step sees it: no record and no page is read twice, so what a step will ask for can be read ahead.

A use case reads one thing after another as its decision unfolds, and each wait is a round trip. What the process
saw last lets it guess what will be asked for: all of that is asked for at once, and the use case goes its way as
ever and finds the answers here. A guess is never believed. What decides is read in the same step, strongly
consistent; a wrong guess costs one more round trip.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from kefu.store.port import (
    GET_KEYS_MAX,
    Key,
    Order,
    Page,
    Record,
    Span,
    Store,
    Write,
)
from kefu.store.wrapper import StoreWrapper

_TURNS = 2
"""Of the event loop; a task that starts others which ask takes two."""

Promise: TypeAlias = asyncio.Future[Any]


class ReadingOnce(StoreWrapper):
    """For one step. A commit forgets what was read before it; a step that is over reads no more."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self._records: dict[Key, Promise] = {}
        self._wanted: dict[Key, Promise] = {}
        """Asked for and not yet on the way: keys that are asked for side by side go out together."""
        self._pages: dict[tuple[str, Span, Order | None], Promise] = {}
        """By partition and order, or by index."""
        self._readers: set[asyncio.Task[Any] | None] = set()
        self._is_over = False

    def end(self) -> None:
        """Whoever still reads for a step that failed is stopped."""
        self._is_over = True
        for reader in self._readers:
            if reader:
                reader.cancel()

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        unread = {key: _promise() for key in keys if _is_unread(self._records.get(key))}
        is_first = not self._wanted
        self._records |= unread
        self._wanted |= unread
        if unread and is_first:
            await self._send_wanted()
        return [await asyncio.shield(self._records[key]) for key in keys]

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        asked = (partition, span, order)
        if _is_unread(self._pages.get(asked)):

            async def read() -> Sequence[object]:
                return [await self.inner.scan(partition, span, order)]

            self._pages[asked] = promise = _promise()
            await self._keep([promise], read)
        page: Page = await asyncio.shield(self._pages[asked])
        return page

    async def listing(self, index: str, span: Span) -> Page:
        asked = (index, span, None)
        if _is_unread(self._pages.get(asked)):

            async def read() -> Sequence[object]:
                return [await self.inner.listing(index, span)]

            self._pages[asked] = promise = _promise()
            await self._keep([promise], read)
        page: Page = await asyncio.shield(self._pages[asked])
        return page

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        self._records.clear()
        self._pages.clear()
        await self.inner.commit(writes, token=token)

    async def _send_wanted(self) -> None:
        gathered = 0
        try:
            while gathered < len(self._wanted):  # as long as others, who run beside, ask for more
                gathered = len(self._wanted)
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
        except asyncio.CancelledError:
            wanted, self._wanted = self._wanted, {}
            for promise in wanted.values():
                promise.cancel()
            raise
        wanted, self._wanted = self._wanted, {}
        await self._keep(list(wanted.values()), partial(self._get, list(wanted)))

    async def _get(self, keys: list[Key]) -> list[Record | None]:
        if len(keys) <= GET_KEYS_MAX:
            return await self.inner.get(keys)
        pages = (keys[start : start + GET_KEYS_MAX] for start in range(0, len(keys), GET_KEYS_MAX))
        return [record for page in await asyncio.gather(*map(self.inner.get, pages)) for record in page]

    async def _keep(self, promises: Sequence[Promise], read: Callable[[], Awaitable[Sequence[object]]]) -> None:
        """What is read, to all who wait for it; or that it could not be read."""
        reader = asyncio.current_task()
        self._readers.add(reader)
        try:
            if self._is_over:
                raise asyncio.CancelledError  # noqa: TRY301  those who wait for it end as well
            results = await read()
        except BaseException as failed:
            for promise in promises:
                if isinstance(failed, Exception):
                    promise.set_exception(failed)
                    promise.exception()  # who read gets it; that nobody else waits is no mistake
                else:
                    promise.cancel()
            raise
        finally:
            self._readers.discard(reader)
        for promise, result in zip(promises, results, strict=True):
            promise.set_result(result)


def _is_unread(promise: Promise | None) -> bool:
    """Or whoever read it was stopped."""
    return promise is None or promise.cancelled()


def _promise() -> Promise:
    return asyncio.get_running_loop().create_future()
