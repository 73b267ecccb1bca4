"""Frames of one socket that come in any order, twice, and at the same time: each to a handler of its own."""

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from cloud import EVENTS, PARTNER, SCHEMA, SECRET, TENANT, Peers

from kefu.desk.bearer_tokens import sign
from kefu.desk.desk import Desk
from kefu.domain.instants import HOUR
from kefu.gateway import registry
from kefu.gateway.gateway import Gateway
from kefu.gateway.hearing import connect, disconnect, hear
from kefu.realtime.protocol import SUBPROTOCOL
from kefu.records import keys
from kefu.store.memory import MemoryStore
from kefu.store.port import Span
from kefu.testing.clocks import NEW_YEAR_2026
from kefu.testing.interleaving import Interleaver, Turn, TurnClock, TurnStore, by_dice

OPERATIONS = 6
COMPLETED = 4


def frames_of(token: str) -> dict[str, dict[str, Any]]:
    """By frame id; of six subscriptions four are completed."""
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
    subscribes = {
        f"subscribe-{number}": {"type": "subscribe", "id": str(number), "payload": {"query": EVENTS}}
        for number in range(OPERATIONS)
    }
    completes = {f"complete-{number}": {"type": "complete", "id": str(number)} for number in range(COMPLETED)}
    return {"init": init, **subscribes, **completes}


@pytest.mark.parametrize("seed", range(10))
async def test_what_was_completed_is_over_and_the_rest_is_live(seed: int) -> None:
    random, store, peers = Random(seed), MemoryStore(), Peers()
    turns = Interleaver(by_dice(random))
    clock = TurnClock(turns, NEW_YEAR_2026)
    desk = Desk(store=TurnStore(store, turns), clock=clock, random=random)
    gateway = Gateway(desk=desk, schema=SCHEMA, secret=SECRET, sockets=peers)
    await connect(gateway, "C", {}, [SUBPROTOCOL])
    frames = frames_of(sign(PARTNER, clock.now() + HOUR, SECRET))

    async def deliver(frame_id: str) -> None:
        await hear(gateway, "C", msgspec.json.encode(frames[frame_id]).decode(), frame_id, clock.now() + HOUR)

    await deliver("init")  # a client waits for the ack before it says more
    deliveries = [*frames, *frames]
    random.shuffle(deliveries)
    for start in range(0, len(deliveries), 4):
        together = enumerate(deliveries[start : start + 4])
        ends = await turns.run({f"{at}-{frame_id}": deliver(frame_id) for at, frame_id in together})
        assert set(ends.values()) == {None}
    live = {subscription.value.operation_id for _, subscription in await registry.subscribed(store, TENANT, "tenant")}
    loaded = await registry.load(store, "C")
    assert live == {str(number) for number in range(COMPLETED, OPERATIONS)}
    assert loaded is not None
    assert set(loaded.value.subscriptions) == set(loaded.value.connection.live) == live
    assert [frame["type"] for frame in peers.frames["C"]].count("connection_ack") == 1
    assert not peers.closed


def preferring(request: str, parked: Sequence[Turn]) -> int:
    return next((number for number, turn in enumerate(parked) if turn.request == request), 0)


async def test_nothing_is_left_of_a_socket_that_left_while_it_subscribed() -> None:
    """At every turn of the subscribe the socket leaves."""
    for at in range(20):
        random, store = Random(at), MemoryStore()
        left_until: list[int] = [at]

        def choose(parked: Sequence[Turn], left_until: list[int] = left_until) -> int:
            left_until[0] -= 1
            return preferring("subscribe" if left_until[0] >= 0 else "leave", parked)

        turns = Interleaver(choose)
        clock = TurnClock(turns, NEW_YEAR_2026)
        desk = Desk(store=TurnStore(store, turns), clock=clock, random=random)
        gateway = Gateway(desk=desk, schema=SCHEMA, secret=SECRET, sockets=Peers())
        await connect(gateway, "C", {}, [SUBPROTOCOL])
        frames = frames_of(sign(PARTNER, clock.now() + HOUR, SECRET))
        for_subscribe = msgspec.json.encode(frames["subscribe-0"]).decode()
        await hear(gateway, "C", msgspec.json.encode(frames["init"]).decode(), "init", clock.now() + HOUR)
        ends = await turns.run(
            {
                "subscribe": hear(gateway, "C", for_subscribe, "subscribe-0", clock.now() + HOUR),
                "leave": disconnect(gateway, "C"),
            }
        )
        assert set(ends.values()) == {None}
        left = await store.scan(keys.topic_partition(TENANT, "tenant"), Span(limit=1))
        assert (left.records, await registry.load(store, "C")) == ((), None)
