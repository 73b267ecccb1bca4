"""The memory backend: a real one, under the same laws, for the demo, the tests and the simulator."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

from sortedcontainers import SortedDict

from kefu.store.commit_rules import holds, refuse_malformed
from kefu.store.port import (
    CHANGES_KEPT_MS,
    TOKEN_KEPT_MS,
    Change,
    Check,
    Conflict,
    Delete,
    Key,
    Order,
    Page,
    PositionExpired,
    Put,
    Record,
    Span,
    TokenReused,
    Write,
)

_POSITION_DIGITS_MAX = 18


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class MemoryStore:
    """Everything in one process, gone with it. Each verb is atomic: none waits in its middle."""

    def __init__(self, now: Callable[[], int] = _now_ms, *, changes_max: int = 1_000_000) -> None:
        """`changes_max` bounds the kept changes, whatever their age."""
        self._now = now
        self._partitions: dict[str, SortedDict[str, Record]] = {}
        self._ranks: dict[str, SortedDict[str, Record]] = {}
        """By partition; only of those that hold a ranked record, or held one."""
        self._listings: dict[str, SortedDict[str, Record]] = {}
        self._tokens: dict[str, tuple[int, Sequence[Write]]] = {}
        self._changes: deque[tuple[int, Change]] = deque(maxlen=changes_max)
        self._changes_ever = 0
        self._epoch = f"{now():x}-"  # a position of an earlier process is none of this store
        self._news = asyncio.Event()
        self._is_closed = False

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        return [self._find(key) for key in keys]

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        lane = (self._partitions if order is Order.SORT else self._ranks).get(partition)
        return Page((), has_more=False) if lane is None else _page(lane, span)

    async def count(self, partition: str, span: Span) -> int:
        lane = self._partitions.get(partition)
        if lane is None:
            return 0
        low = lane.bisect_right(span.after)
        high = len(lane) if span.before is None else lane.bisect_left(span.before)
        return int(min(max(0, high - low), span.limit))

    async def listing(self, index: str, span: Span) -> Page:
        ordered = self._listings.get(index)
        return Page((), has_more=False) if ordered is None else _page(ordered, span)

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        refuse_malformed(writes)
        if self._is_repeated(writes, token):
            return
        failed = [write.key for write in writes if not holds(write.expect, self._find(write.key))]
        if failed:
            raise Conflict(failed)
        self._apply(writes)
        if token is not None:
            self._tokens[token] = (self._now(), tuple(writes))
        self._forget_old_changes()
        self._wake()

    async def position(self) -> str:
        return f"{self._epoch}{self._changes_ever}"

    async def changes(self, after: str) -> AsyncGenerator[Change, None]:
        seen = self._position(after)
        while True:
            if seen < self._changes_ever:
                yield self._change_behind(seen)
                seen += 1
            elif self._is_closed:
                return
            else:
                await self._news.wait()

    async def close(self) -> None:
        self._is_closed = True
        self._wake()

    def _find(self, key: Key) -> Record | None:
        lane = self._partitions.get(key.partition)
        found: Record | None = lane.get(key.sort) if lane else None
        return found

    def _is_repeated(self, writes: Sequence[Write], token: str | None) -> bool:
        oldest = self._now() - TOKEN_KEPT_MS
        while self._tokens and (first := next(iter(self._tokens))) and self._tokens[first][0] < oldest:
            del self._tokens[first]
        if token is None or token not in self._tokens:
            return False
        if _spelt(self._tokens[token][1]) != _spelt(writes):
            raise TokenReused
        return True

    def _apply(self, writes: Sequence[Write]) -> None:
        """Takes the old records out before it puts the new ones in: one may get another's rank or place."""
        removed = {write.key: self._remove(write.key) for write in writes if not isinstance(write, Check)}
        for write in writes:
            before = removed.get(write.key)
            if isinstance(write, Put):
                version = (before.version if before else 0) + 1
                self._changed(write.key, before, self._insert(replace(write.record, version=version)))
            elif isinstance(write, Delete) and before:
                self._changed(write.key, before, None)
        for key in removed:
            self._forget_if_empty(key.partition)

    def _insert(self, record: Record) -> Record:
        _lane(self._partitions, record.key.partition)[record.key.sort] = record
        if record.rank is not None:
            _lane(self._ranks, record.key.partition)[record.rank] = record
        if record.listing is not None:
            _lane(self._listings, record.listing.index)[record.listing.order] = record
        return record

    def _remove(self, key: Key) -> Record | None:
        lane = self._partitions.get(key.partition)
        record: Record | None = lane.pop(key.sort, None) if lane else None
        if record is None:
            return None
        if record.rank is not None:
            del self._ranks[key.partition][record.rank]
        if record.listing is not None:
            del self._listings[record.listing.index][record.listing.order]
        return record

    def _forget_if_empty(self, partition: str) -> None:
        if not self._partitions.get(partition, True):
            del self._partitions[partition]
            self._ranks.pop(partition, None)

    def _changed(self, key: Key, before: Record | None, after: Record | None) -> None:
        self._changes_ever += 1
        change = Change(f"{self._epoch}{self._changes_ever}", key, before, after)
        self._changes.append((self._now(), change))

    def _change_behind(self, seen: int) -> Change:
        index = seen - (self._changes_ever - len(self._changes))
        if index < 0:
            raise PositionExpired
        return self._changes[index][1]

    def _forget_old_changes(self) -> None:
        oldest = self._now() - CHANGES_KEPT_MS
        while self._changes and self._changes[0][0] < oldest:
            self._changes.popleft()

    def _position(self, after: str) -> int:
        number = after.removeprefix(self._epoch)
        is_ours = after.startswith(self._epoch) and number.isascii() and number.isdecimal()
        position = int(number) if is_ours and len(number) <= _POSITION_DIGITS_MAX else -1
        if not self._changes_ever - len(self._changes) <= position <= self._changes_ever:
            raise PositionExpired
        return position

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _lane(lanes: dict[str, SortedDict[str, Record]], name: str) -> SortedDict[str, Record]:
    if name not in lanes:
        lanes[name] = SortedDict()
    return lanes[name]


def _page(ordered: SortedDict[str, Record], span: Span) -> Page:
    keys = ordered.irange(span.after, span.before, inclusive=(False, False), reverse=span.newest_first)
    records: list[Record] = []
    for key in keys:
        if len(records) == span.limit:
            return Page(tuple(records), has_more=True)
        records.append(ordered[key])
    return Page(tuple(records), has_more=False)


def _spelt(writes: Sequence[Write]) -> tuple[Write, ...]:
    """Writes as a token stands for them: the version of a put's record does not count."""
    return tuple(
        Put(replace(write.record, version=0), write.expect) if isinstance(write, Put) else write for write in writes
    )
