"""The SQLite backend: one file on a local disk, shared by as many processes of that machine as like."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from kefu.store import sqlite_statements as statements
from kefu.store.port import (
    Change,
    Key,
    Order,
    Page,
    Record,
    Span,
    StoreError,
    Throttled,
    Write,
)
from kefu.store.sqlite_file import NotAStoreFile, StoreFileTooNew, connect, errors_translated, open_file
from kefu.store.sqlite_positions import decode_position

__all__ = ["NotAStoreFile", "SqliteStore", "StoreFileTooNew"]

Answer = TypeVar("Answer")

READERS = 4
WAITING_MAX = 1_000
"""Reads, and commits, of one store that wait for a thread. More are turned away as `Throttled`."""
BUSY_TIMEOUT_MS = 5_000
POLL_S = 0.05


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class SqliteStore:
    """One file; a commit that was answered survives `kill -9` and a power cut.

    An object belongs to one event loop. Expired records go with later commits, some at a time, and each is told
    as a change without an `after`, as DynamoDB's stream tells what its TTL deletes. Text that is not Unicode (a
    lone surrogate) is a `ValueError`.
    """

    @classmethod
    async def open(
        cls,
        path: str | Path,
        now: Callable[[], int] = _now_ms,
        *,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
        poll_s: float = POLL_S,
    ) -> "SqliteStore":
        """Makes the file if it is missing; its folder must be there.

        `now` is asked on a thread of the store. A commit that waits longer than `busy_timeout_ms` for another
        process is `Throttled`. A change made by another process is told up to `poll_s` late, those of this object
        at once. Raises `NotAStoreFile`, `StoreFileTooNew`, `StoreError`.
        """
        store = cls(path, now, busy_timeout_ms, poll_s)
        try:
            await store._writer.run(_look_at)
        except BaseException:
            await store.close()
            raise
        return store

    def __init__(self, path: str | Path, now: Callable[[], int], busy_timeout_ms: int, poll_s: float) -> None:
        """Opens nothing yet: `open` is the way in."""
        file = Path(path).absolute()
        make = partial(open_file, file, busy_timeout_ms=busy_timeout_ms)
        join = partial(connect, file, busy_timeout_ms=busy_timeout_ms, mode="rw")
        self._writer = _Connections(file, make, threads=1)
        self._readers = _Connections(file, join, threads=READERS)
        self._now = now
        self._poll_s = poll_s
        self._news = asyncio.Event()

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        return await self._readers.run(partial(statements.get, keys=keys))

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        query = statements.SCAN[order, span.newest_first]
        return await self._readers.run(partial(statements.page, query=query, place=partition, span=span))

    async def count(self, partition: str, span: Span) -> int:
        return await self._readers.run(partial(statements.count, partition=partition, span=span))

    async def listing(self, index: str, span: Span) -> Page:
        query = statements.LISTING[span.newest_first]
        return await self._readers.run(partial(statements.page, query=query, place=index, span=span))

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        await self._writer.run(partial(statements.commit, writes=tuple(writes), token=token, now=self._now))
        self._wake()

    async def position(self) -> str:
        return (await self._readers.run(statements.position)).encode()

    async def changes(self, after: str) -> AsyncGenerator[Change, None]:
        seen = decode_position(after)
        while not self._readers.is_closed:
            news = self._news  # taken before the look: a commit right behind the look is not missed
            page = await self._readers.run(partial(statements.changes_behind, seen=seen))
            for change in page:
                yield change
            seen = seen._replace(number=seen.number + len(page))
            if not page:
                await _news_or_time(news, self._poll_s)

    async def expire_positions(self) -> None:
        """No position given so far is accepted from here on, and `changes` that follow one end with `PositionExpired`.

        For a file that was restored from a backup: its numbers go on where the backup ended, so a position given
        after the backup was taken would skip what comes now.
        """
        await self._writer.run(statements.renew_epoch)
        self._wake()

    async def close(self) -> None:
        self._readers.is_closed = self._writer.is_closed = True
        self._wake()
        await asyncio.to_thread(self._readers.close)
        await asyncio.to_thread(self._writer.close)  # last: the last connection tidies the log away

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class _Connections:
    """A few threads of their own, each with a connection of its own, made at its first use."""

    def __init__(self, path: Path, make: Callable[[], sqlite3.Connection], *, threads: int) -> None:
        self.is_closed = False
        self._path = path
        self._make = make
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="kefu-sqlite")
        self._own = threading.local()
        self._made: list[sqlite3.Connection] = []
        self._waiting = 0

    async def run(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        if self.is_closed:
            raise StoreError(f"{self._path} was closed")
        if self._waiting >= WAITING_MAX:
            raise Throttled(f"{WAITING_MAX} requests wait for {self._path}")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._run_here, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Blocks until what was begun has ended."""
        self._threads.shutdown()
        for connection in self._made:
            connection.close()

    def _run_here(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        with errors_translated(self._path):
            return work(self._connection())

    def _connection(self) -> sqlite3.Connection:
        known: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if known is None:
            known = self._own.connection = self._make()
            self._made.append(known)
        return known


def _look_at(_: sqlite3.Connection) -> None:
    """Asked for nothing but the connection: what is to be refused is refused now."""


async def _news_or_time(news: asyncio.Event, timeout_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await news.wait()
