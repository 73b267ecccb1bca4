"""The table's stream as the store's changes."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from heapq import merge
from typing import TypeAlias

from kefu.dataclass import dataclass
from kefu.store.dynamodb_items import key_of, record_of
from kefu.store.dynamodb_positions import SHARDS_MAX, Position, Reached, Shard, decode_position, strangers
from kefu.store.dynamodb_transport import Answer, Refused, Request
from kefu.store.port import Change, PositionExpired, StoreError, Throttled

POLL_S = 0.25
"""The service takes five reads a second of each shard."""
KEPT_MS = 23 * 3_600 * 1_000
"""A stream keeps 24 hours. What begins with a time, not with a record, is refused an hour early: clocks differ."""
SLACK_MS = 60_000
"""The service's times are rounded down, its clock is not ours, and its records come a little late."""
TIPS_MAX = 256
"""Positions just given whose iterators are kept at hand."""

_GONE = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException", "ValidationException"})


Read: TypeAlias = Callable[[str, Request], Awaitable[Answer]]
"""Operation and request to answer; raises `StoreError` with the service's refusal as its cause."""


@dataclass(slots=True)
class _Lane:
    """A shard that is being read."""

    shard: str
    reached: Reached
    iterator: str | None = None
    is_at_tip: bool = False
    """Its iterator began at the end of the shard and has met nothing since."""
    is_finished: bool = False


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class ChangeStream:
    """Changes of one table, as its stream has them.

    Of one record they come in commit order and without a gap; so, in practice, do those of one partition, since
    a table with a local index keeps it in one shard. Between shards they are merged by the service's clock, which is
    coarse: records of one commit, and commits to different partitions, may come interleaved or out of order. All
    are kept 24 hours; a position older than that is expired even if nothing came since. One that is taken by one
    process and begun with in another, or 15 minutes later, may tell again what was committed a minute before it.

    The service wants no more than two readers of a shard: one reader in a process is enough for all who follow.
    """

    def __init__(self, table: str, read: Read, *, now: Callable[[], int], poll_s: float) -> None:
        self._table = table
        self._read = read
        self._now = now
        self._poll_s = poll_s
        self._stream: tuple[str, str] | None = None
        self._tips: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._closed = asyncio.Event()

    async def position(self) -> str:
        arn, label = await self._described_stream()
        at_ms = self._now()
        listed = await self._shards(arn)
        # Those that none follows yet, open or not: an engine says of an open shard, too, where it ends.
        shards = sorted({shard.name for shard in listed} - {shard.parent for shard in listed})
        tips = await asyncio.gather(*(self._iterator(shard, "LATEST") for shard in shards))
        position = Position(label, at_ms, {shard: Reached(None, at_ms) for shard in shards}).encode()
        # An iterator is too long, and too short-lived, for a position. The first of a millisecond stays: it tells most.
        self._tips.setdefault(position, dict(zip(shards, tips, strict=True)))
        while len(self._tips) > TIPS_MAX:
            self._tips.popitem(last=False)
        return position

    async def changes(self, after: str) -> AsyncGenerator[Change, None]:
        try:
            async with aclosing(self._follow(after)) as changes:
                async for change in changes:
                    yield change
        except StoreError:
            if not self._closed.is_set():  # else the end of the store is the end of its changes
                raise

    def close(self) -> None:
        self._closed.set()

    async def _follow(self, after: str) -> AsyncGenerator[Change, None]:
        start = decode_position(after)
        arn, label = await self._described_stream()
        if start.stream != label:
            raise PositionExpired
        lanes = await self._resumed(arn, start, self._tips.get(after, {}))
        while not self._closed.is_set():
            is_quiet = True
            for lane, record in _merged(await asyncio.gather(*(self._page(lane) for lane in lanes.values()))):
                is_quiet = False
                lane.reached = Reached(record["dynamodb"]["SequenceNumber"], _created_ms(record))
                yield _change(_position(label, start.at_ms, lanes), record)
            if not lanes or any(lane.is_finished for lane in lanes.values()):
                self._move_on(lanes, await self._shards(arn), start.at_ms)
            if is_quiet:
                await self._pause()

    async def _resumed(self, arn: str, start: Position, tips: dict[str, str]) -> dict[str, _Lane]:
        shards = await self._shards(arn)
        oldest = self._now() - KEPT_MS
        lanes = {shard: _Lane(shard, reached) for shard, reached in start.shards.items()}
        is_gone = lanes.keys() - {shard.name for shard in shards}
        if is_gone or any(lane.reached.sequence is None and lane.reached.since_ms < oldest for lane in lanes.values()):
            raise PositionExpired
        for shard, iterator in tips.items():
            lanes[shard].iterator, lanes[shard].is_at_tip = iterator, True
        _adopt_strangers(lanes, shards, start.at_ms)
        await asyncio.gather(*(self._begin(lane) for lane in lanes.values() if lane.reached.sequence))
        return lanes

    async def _begin(self, lane: _Lane) -> None:
        """Says at once whether the place is still there."""
        lane.iterator = await self._iterator(lane.shard, "AFTER_SEQUENCE_NUMBER", lane.reached.sequence)

    async def _page(self, lane: _Lane) -> tuple[_Lane, list[Answer]]:
        if lane.is_finished:
            return lane, []
        asked_at = self._now()
        try:
            if lane.iterator is None:
                await self._reopen(lane)
            answer = await self._read("GetRecords", {"ShardIterator": lane.iterator})
        except Throttled:
            return lane, []  # later, then: nothing is lost
        except StoreError as error:
            # DynamoDB Local also says of a fresh iterator at the end of an empty shard that its data was trimmed.
            if _code(error) == "ExpiredIteratorException" or lane.is_at_tip:
                lane.iterator, lane.is_at_tip = None, False
                return lane, []
            raise _expired(error) from error
        lane.iterator = answer.get("NextShardIterator")
        lane.is_finished = lane.iterator is None
        records = [record for record in answer["Records"] if lane.is_at_tip or self._is_news(lane, record)]
        if lane.is_at_tip and not records:
            lane.reached = Reached(None, asked_at)
        lane.is_at_tip = lane.is_at_tip and not records
        return lane, records

    def _is_news(self, lane: _Lane, record: Answer) -> bool:
        return lane.reached.sequence is not None or _created_ms(record) >= lane.reached.since_ms - SLACK_MS

    async def _reopen(self, lane: _Lane) -> None:
        if lane.reached.sequence is None:
            lane.iterator = await self._iterator(lane.shard, "TRIM_HORIZON")
        else:
            await self._begin(lane)

    def _move_on(self, lanes: dict[str, _Lane], shards: Sequence[Shard], at_ms: int) -> None:
        """From shards at their end to those that follow them; one that none follows yet stays."""
        for lane in [lane for lane in lanes.values() if lane.is_finished]:
            children = [shard.name for shard in shards if shard.parent == lane.shard]
            if children:
                del lanes[lane.shard]
            for child in children:
                lanes[child] = _Lane(child, Reached(None, lane.reached.since_ms))
        _adopt_strangers(lanes, shards, at_ms)

    async def _described_stream(self) -> tuple[str, str]:
        """Its name and label, asked once."""
        if self._stream is None:
            table = (await self._read("DescribeTable", {"TableName": self._table}))["Table"]
            if "LatestStreamArn" not in table:
                raise StoreError(f"table {self._table} has no stream")
            self._stream = (table["LatestStreamArn"], table["LatestStreamLabel"])
        return self._stream

    async def _shards(self, arn: str) -> list[Shard]:
        shards: list[Shard] = []
        request: Request = {"StreamArn": arn}
        while len(shards) <= SHARDS_MAX:
            described = (await self._read("DescribeStream", request))["StreamDescription"]
            shards += [_shard(each) for each in described["Shards"]]
            if "LastEvaluatedShardId" not in described:
                return shards
            request["ExclusiveStartShardId"] = described["LastEvaluatedShardId"]
        raise StoreError(f"the stream of {self._table} has more than {SHARDS_MAX} shards")

    async def _iterator(self, shard: str, kind: str, sequence: str | None = None) -> str:
        arn, _ = await self._described_stream()
        request = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": kind}
        if sequence is not None:
            request["SequenceNumber"] = sequence
        try:
            answer = await self._read("GetShardIterator", request)
        except StoreError as error:
            raise _expired(error) from error
        return str(answer["ShardIterator"])

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._poll_s):
                await self._closed.wait()


def _adopt_strangers(lanes: dict[str, _Lane], shards: Sequence[Shard], at_ms: int) -> None:
    for shard in strangers(shards, lanes):
        lanes[shard] = _Lane(shard, Reached(None, at_ms))


def _merged(pages: Sequence[tuple[_Lane, list[Answer]]]) -> Iterator[tuple[_Lane, Answer]]:
    """Records of all pages by the service's clock, those of one shard as they stand there."""
    pairs = ([(lane, record) for record in records] for lane, records in pages)
    return merge(*pairs, key=lambda pair: _created_ms(pair[1]))


def _position(label: str, at_ms: int, lanes: dict[str, _Lane]) -> str:
    return Position(label, at_ms, {lane.shard: lane.reached for lane in lanes.values()}).encode()


def _change(position: str, record: Answer) -> Change:
    told = record["dynamodb"]
    before, after = (record_of(told[image]) if told.get(image) else None for image in ("OldImage", "NewImage"))
    return Change(position, key_of(told["Keys"]), before, after)


def _created_ms(record: Answer) -> int:
    created = record["dynamodb"]["ApproximateCreationDateTime"]
    return int(created.timestamp() * 1_000) if isinstance(created, datetime) else int(created * 1_000)


def _shard(described: Answer) -> Shard:
    return Shard(described["ShardId"], described.get("ParentShardId"))


def _code(error: StoreError) -> str:
    return error.__cause__.code if isinstance(error.__cause__, Refused) else ""


def _expired(error: StoreError) -> StoreError:
    return PositionExpired() if _code(error) in _GONE else error
