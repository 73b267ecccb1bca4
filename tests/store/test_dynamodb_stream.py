"""The table's stream where it has many shards, which no engine shows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from dynamodb_service import TABLE, FakeStreams, refusal

from kefu.store.dynamodb import DynamoStore
from kefu.store.dynamodb_stream import KEPT_MS, SLACK_MS
from kefu.store.dynamodb_transport import BotoTransport
from kefu.store.port import Change, PositionExpired, StoreError

NOON = 1_700_000_000_000
PATIENCE_S = 5


class Clock:
    def __init__(self) -> None:
        self.ms = NOON

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def streams() -> FakeStreams:
    return FakeStreams("a", "b")


@pytest.fixture
async def store(streams: FakeStreams, clock: Clock) -> AsyncIterator[DynamoStore]:
    opened = store_over(streams, clock)
    yield opened
    await opened.close()


def store_over(streams: FakeStreams, clock: Clock) -> DynamoStore:
    return DynamoStore(TABLE, BotoTransport(lambda _service: streams), now=clock, poll_s=0)


@pytest.fixture
async def other(streams: FakeStreams, clock: Clock) -> AsyncIterator[DynamoStore]:
    """The same table, seen from another process."""
    opened = store_over(streams, clock)
    yield opened
    await opened.close()


async def told(store: DynamoStore, after: str, count: int) -> list[Change]:
    changes: list[Change] = []
    async with asyncio.timeout(PATIENCE_S), aclosing(store.changes(after)) as stream:
        async for change in stream:
            changes.append(change)
            if len(changes) == count:
                break
    return changes


async def sorts(store: DynamoStore, after: str, count: int) -> list[str]:
    return [change.key.sort for change in await told(store, after, count)]


async def test_shards_are_merged_by_the_services_clock(streams: FakeStreams, store: DynamoStore) -> None:
    start = await store.position()
    for shard, sort, second in [("a", "1", 1), ("b", "2", 2), ("a", "3", 3), ("b", "4", 4)]:
        streams.tell(shard, sort, NOON + second * 1_000)
    assert await sorts(store, start, 4) == ["1", "2", "3", "4"]


async def test_what_follows_a_closed_shard_is_told_behind_its_end(streams: FakeStreams, store: DynamoStore) -> None:
    start = await store.position()
    streams.tell("a", "1", NOON)
    streams.split("a", "c", "d")
    streams.tell("c", "2", NOON)
    streams.split("c", "e")
    streams.tell("e", "3", NOON)
    assert await sorts(store, start, 3) == ["1", "2", "3"]


async def test_a_reader_resumes_in_every_shard(streams: FakeStreams, store: DynamoStore, other: DynamoStore) -> None:
    start = await store.position()
    for number in range(4):
        streams.tell("ab"[number % 2], str(number), NOON + number * 1_000)
    streams.split("a", "c")
    streams.tell("c", "4", NOON + 4_000)
    streams.tell("b", "5", NOON + 4_000)
    whole = await told(store, start, 6)
    keys = [change.key for change in whole]
    for index, change in enumerate(whole[:-1]):
        rest = await told(other, change.position, len(whole) - index - 1)
        assert sorted(each.key for each in rest) == sorted(keys[index + 1 :])


async def test_a_page_that_was_begun_is_resumed_behind_its_last_record(
    streams: FakeStreams, store: DynamoStore, other: DynamoStore
) -> None:
    start = await store.position()
    streams.page = 2
    for number in range(5):
        streams.tell("a", str(number), NOON)
    [_, _, third] = await told(store, start, 3)
    assert await sorts(other, third.position, 2) == ["3", "4"]


async def test_a_position_begun_elsewhere_skips_nothing_and_repeats_a_minute_at_most(
    streams: FakeStreams, store: DynamoStore, other: DynamoStore, clock: Clock
) -> None:
    streams.tell("a", "long ago", NOON - 2 * SLACK_MS)
    streams.tell("a", "just now", NOON - 1_000)
    start = await store.position()
    streams.tell("a", "news", NOON + 1_000)
    assert await sorts(other, start, 2) == ["just now", "news"]
    assert await sorts(store, start, 1) == ["news"]


async def test_an_expired_iterator_is_made_anew(streams: FakeStreams, store: DynamoStore) -> None:
    start = await store.position()
    streams.tell("a", "1", NOON)
    async with asyncio.timeout(PATIENCE_S), aclosing(store.changes(start)) as stream:
        assert (await anext(stream)).key.sort == "1"
        streams.expire_iterators()
        streams.tell("a", "2", NOON)
        assert (await anext(stream)).key.sort == "2"


async def test_a_throttled_reader_asks_again(streams: FakeStreams, store: DynamoStore) -> None:
    start = await store.position()
    streams.tell("a", "1", NOON)
    streams.errors = [refusal("LimitExceededException"), refusal("InternalServerError", status=500)]
    assert await sorts(store, start, 1) == ["1"]


async def test_a_shard_with_no_kin_is_read_too(streams: FakeStreams, store: DynamoStore) -> None:
    start = await store.position()
    streams.shards |= FakeStreams("z").shards
    streams.tell("z", "1", NOON)
    assert await sorts(store, start, 1) == ["1"]


async def test_what_was_closed_before_the_position_is_not_told(streams: FakeStreams, store: DynamoStore) -> None:
    streams.tell("a", "old", NOON)
    streams.split("a", "c")
    start = await store.position()
    streams.tell("c", "new", NOON)
    assert await sorts(store, start, 1) == ["new"]


async def test_a_position_whose_changes_were_trimmed_is_expired(streams: FakeStreams, store: DynamoStore) -> None:
    start = await store.position()
    streams.tell("a", "1", NOON)
    streams.tell("a", "2", NOON)
    [first] = await told(store, start, 1)
    streams.shards["a"].trimmed = 1
    with pytest.raises(PositionExpired):
        await told(store, first.position, 1)


async def test_a_position_whose_shard_is_gone_is_expired(streams: FakeStreams, store: DynamoStore) -> None:
    start = await store.position()
    streams.split("a", "c")
    del streams.shards["a"]
    with pytest.raises(PositionExpired):
        await told(store, start, 1)


async def test_a_position_before_the_first_record_expires_with_time(store: DynamoStore, clock: Clock) -> None:
    start = await store.position()
    clock.ms += KEPT_MS + 1
    with pytest.raises(PositionExpired):
        await told(store, start, 1)


async def test_a_quiet_shard_does_not_make_a_readers_positions_old(
    streams: FakeStreams, store: DynamoStore, clock: Clock
) -> None:
    start = await store.position()
    async with asyncio.timeout(PATIENCE_S), aclosing(store.changes(start)) as stream:
        streams.tell("a", "1", clock.ms)
        await anext(stream)
        clock.ms += KEPT_MS
        streams.tell("a", "2", clock.ms)
        position = (await anext(stream)).position
    clock.ms += KEPT_MS // 2
    streams.tell("b", "3", clock.ms)
    assert await sorts(store, position, 1) == ["3"]


async def test_a_position_of_another_stream_is_expired(streams: FakeStreams, store: DynamoStore, clock: Clock) -> None:
    start = await store.position()
    streams.label = "2026-11-22T00:00:00.000"
    anew = store_over(streams, clock)
    with pytest.raises(PositionExpired):
        await told(anew, start, 1)
    await anew.close()


async def test_a_table_without_a_stream_says_so(streams: FakeStreams, store: DynamoStore) -> None:
    streams.label = ""
    with pytest.raises(StoreError, match="no stream"):
        await store.position()


async def test_open_changes_end_with_the_store(store: DynamoStore) -> None:
    start = await store.position()
    reader = asyncio.create_task(told(store, start, 1))
    await asyncio.sleep(0)
    await store.close()
    assert await reader == []
