"""Who asks for more than can be read in time: he alone is ended, and nobody waits for him."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from cloud import TENANT, Cloud, cloud

from kefu.records import keys
from kefu.store.port import Key, Record, Store
from kefu.store.wrapper import StoreWrapper

NESTED = """subscription { sessionEvents(filter: {visitorUserName: "V"}) { cursor event { session {
  events(first: 100) { nodes { session { events(first: 100) { nodes { seq } } } } } } } } }"""
OF_ANOTHER = 'subscription { sessionEvents(filter: {visitorUserName: "W"}) { cursor event { seq } } }'
FIRST_MESSAGE = [1, 2, 3, 4, 5]
AMPLE_S = 3_600


class Stuck(StoreWrapper):
    """Reading sessions stops until so many want to."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.readers_needed = 0
        self._readers = 0
        self._goes_on = asyncio.Event()

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        if self.readers_needed and any(key.sort.startswith("SESSION#") for key in keys):
            self._readers += 1
            if self._readers == self.readers_needed:
                self._goes_on.set()
            await self._goes_on.wait()
        return await super().get(keys)


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


@pytest.fixture
def store(aws: Cloud) -> Stuck:
    store = Stuck(aws.container.desk.store)
    aws.container.__dict__["desk"] = replace(aws.container.desk, store=store)
    return store


def renders_within(aws: Cloud, seconds: float) -> None:
    aws.container.__dict__["gateway"] = replace(aws.gateway, render_within_s=seconds)


def publish_while_stuck(aws: Cloud, store: Stuck, readers_needed: int) -> list[str]:
    records = [record for record in aws.stream() if "LOG#" in record["dynamodb"]["Keys"]["sk"]["S"]]
    store.readers_needed = readers_needed
    try:
        return aws.publish(records)
    finally:
        store.readers_needed = 0


def test_what_cannot_be_read_in_time_ends_with_a_cursor_to_go_on_behind(aws: Cloud, store: Stuck) -> None:
    renders_within(aws, 0)
    socket = aws.socket()
    aws.subscribes(socket, NESTED)
    aws.write("V")
    assert publish_while_stuck(aws, store, readers_needed=1_000) == []
    [frame] = aws.heard(socket)
    [error] = frame["payload"]
    assert (frame["type"], error["extensions"]["code"]) == ("error", "TOO_SLOW")
    assert aws.records(keys.topic_partition(TENANT, "visitor:V")) == []
    aws.subscribes(socket, operation_id="2", after=error["extensions"]["cursor"])
    assert aws.seqs(socket) == FIRST_MESSAGE[1:]


def test_who_cannot_be_told_in_time_keeps_others_from_nothing(aws: Cloud, store: Stuck) -> None:
    renders_within(aws, 0)
    slow, there = aws.socket(), aws.socket()
    aws.subscribes(slow, NESTED)
    aws.subscribes(there, OF_ANOTHER)
    aws.write("V")
    publish_while_stuck(aws, store, readers_needed=1_000)
    renders_within(aws, AMPLE_S)
    aws.write("W")
    assert aws.publish() == []
    assert (aws.seqs(there), [frame["type"] for frame in aws.heard(slow)]) == (FIRST_MESSAGE, ["error"])


def test_those_who_want_different_things_are_read_side_by_side(aws: Cloud, store: Stuck) -> None:
    renders_within(aws, AMPLE_S)
    sockets = [aws.socket() for _ in range(3)]
    for number, socket in enumerate(sockets):
        aws.subscribes(socket, NESTED.replace("first: 100", f"first: {number + 1}"))
    aws.write("V")
    assert publish_while_stuck(aws, store, readers_needed=3) == []
    assert [len(aws.told(socket)) for socket in sockets] == [5, 5, 5]
