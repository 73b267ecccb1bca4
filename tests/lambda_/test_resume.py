"""Cut off at any event, and back with its cursor: nothing lost, nothing out of order, and repeated only what must be.

While the one replays, others publish: every call to the store and every post is a turn, and dice choose whose it is.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import msgspec
import pytest
from cloud import EVENTS, PARTNER, SCHEMA, SECRET, TENANT, Cloud, Peers, changes_since, cloud

from histories import STEPS, play
from kefu.api.node_ids import session_id
from kefu.desk.bearer_tokens import sign
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.tenants import create_tenant
from kefu.domain.instants import HOUR, MINUTE, SECOND
from kefu.feed.cursors import decode_cursor
from kefu.feed.journal import JournalWriter
from kefu.feed.topics import log_record_in
from kefu.gateway.fan_out import FanOut
from kefu.gateway.gateway import Gateway
from kefu.gateway.hearing import connect, hear
from kefu.gateway.sockets import SocketGone
from kefu.realtime.protocol import SUBPROTOCOL
from kefu.store.memory import MemoryStore
from kefu.store.port import Change, Key, Record, Store
from kefu.store.wrapper import StoreWrapper
from kefu.testing.clocks import NEW_YEAR_2026, ManualClock
from kefu.testing.interleaving import Interleaver, TurnClock, TurnKind, TurnStore, by_dice, by_priority

HISTORIES = 100
RACES = 20


@dataclass(frozen=True, slots=True)
class Told:
    session: str
    seq: int
    cursor: str

    @classmethod
    def of(cls, frame: dict[str, Any]) -> "Told":
        assert frame["type"] == "next", frame
        payload = frame["payload"]["data"]["sessionEvents"]
        return cls(payload["event"]["session"]["id"], payload["event"]["seq"], payload["cursor"])


def in_order(told: Sequence[Told]) -> dict[str, list[int]]:
    """By session, each event where it came first."""
    sessions: dict[str, list[int]] = {}
    for each in told:
        numbers = sessions.setdefault(each.session, [])
        if each.seq not in numbers:
            numbers.append(each.seq)
    return sessions


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_cut_at_any_event_one_goes_on_with_the_next(seed: int) -> None:
    """One handler at a time: then nothing at all is repeated."""
    with cloud() as aws:
        start = follow_a_history(aws, seed)
        assert len(start) > STEPS // 2
        for cut, last in enumerate(start):
            socket = aws.socket()
            aws.subscribes(socket, after=last.cursor)
            assert [Told.of(frame) for frame in aws.heard(socket)] == start[cut + 1 :]


def follow_a_history(aws: Cloud, seed: int) -> list[Told]:
    """What a subscriber who is there from the start is told."""
    socket = aws.socket()
    aws.subscribes(socket)
    aws.container.run(play(aws.container.desk, Call(by=PARTNER), Random(seed)))
    random, records = Random(seed), aws.stream()
    while records:
        size = random.choice((1, 3, 10))
        assert aws.publish(records[:size]) == []
        records = records[size:]
        aws.clock.advance(random.choice((0, 1, 5_000, MINUTE)))
    return [Told.of(frame) for frame in aws.heard(socket)]


def test_what_was_published_while_nobody_was_there_is_told() -> None:
    with cloud() as aws:
        socket = aws.socket()
        aws.subscribes(socket)
        aws.write("V")
        aws.publish()
        cursor = Told.of(aws.heard(socket)[-1]).cursor
        aws.leaves(socket)
        for visitor in ("V", "W"):
            aws.clock.advance(HOUR)
            aws.write(visitor)
            aws.publish()
        socket = aws.socket()
        aws.subscribes(socket, after=cursor)
        aws.write("V")
        aws.publish()
        assert [Told.of(frame).seq for frame in aws.heard(socket)] == [6, 1, 2, 3, 4, 5, 7]


def test_a_cursor_that_the_journal_no_longer_has_is_refused() -> None:
    with cloud() as aws:
        socket = aws.socket()
        aws.subscribes(socket)
        aws.write("V")
        aws.publish()
        cursor = Told.of(aws.heard(socket)[-1]).cursor
        aws.clock.advance(72 * HOUR + SECOND)
        socket = aws.socket()
        aws.subscribes(socket, after=cursor)
        [frame] = aws.heard(socket)
        assert (frame["type"], frame["payload"][0]["extensions"]["code"]) == ("error", "CURSOR_EXPIRED")


def test_a_replay_that_died_is_noticed_at_the_next_event() -> None:
    """Its subscriber would wait for ever: his socket is closed, so that he comes back."""
    with cloud() as aws:
        dead = dying_in_replay(aws)
        aws.clock.advance(MINUTE)
        aws.write("V")
        aws.publish()
        assert aws.peers.closed == {dead}


def test_a_replay_that_died_is_noticed_at_the_tick() -> None:
    with cloud() as aws:
        dead = dying_in_replay(aws)
        aws.clock.advance(MINUTE)
        aws.tick()
        assert aws.peers.closed == {dead}


def test_a_replay_that_is_over_is_no_matter_for_the_tick() -> None:
    with cloud() as aws:
        socket = aws.socket()
        aws.subscribes(socket)
        aws.write("V")
        aws.publish()
        again = aws.socket(life_ms=2 * HOUR)
        aws.subscribes(again, after=Told.of(aws.heard(socket)[-1]).cursor)
        aws.clock.advance(MINUTE)
        assert (aws.tick(), aws.tick(), aws.peers.closed) == (1, 0, set())


class Killed(BaseException):
    """As the runtime does it when a handler's time is over."""


def dying_in_replay(aws: Cloud) -> str:
    """A socket whose subscription is being replayed by nobody any more."""
    socket = aws.socket()
    aws.subscribes(socket)
    aws.write("V")
    aws.publish()
    cursor = Told.of(aws.heard(socket)[0]).cursor
    aws.leaves(socket)
    doomed = aws.socket()

    def kill() -> None:
        raise Killed

    aws.peers.at_post = kill
    with pytest.raises(Killed):
        aws.subscribes(doomed, after=cursor)
    aws.peers.at_post = lambda: None
    return doomed


def test_a_replay_that_has_no_time_completes_and_goes_on_when_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kefu.feed.replay.REPLAYED_AT_ONCE", 2)
    with cloud() as aws:
        start = follow_a_history(aws, 1)
        aws.peers.at_post = lambda: aws.clock.advance(4 * SECOND)
        told, times = told_by_and_by(aws, start[0].cursor)
        assert times > 1
        assert in_order(told) == in_order(start[1:])


def test_a_replay_of_too_much_completes_and_goes_on_when_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kefu.feed.replay.REPLAYED_AT_ONCE", 2)
    monkeypatch.setattr("kefu.feed.replay.REPLAYED_MAX", 8)
    with cloud() as aws:
        socket = aws.socket(life_ms=2 * HOUR)
        aws.subscribes(socket)
        for visitor in "UVWXYZ":
            aws.write(visitor)
            aws.publish()
            aws.clock.advance(2 * MINUTE)
        start = [Told.of(frame) for frame in aws.heard(socket)]
        told, times = told_by_and_by(aws, start[0].cursor)
        assert times > 1
        assert in_order(told) == in_order(start[1:])


def test_a_replay_of_too_much_that_told_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with cloud() as aws:
        start = follow_a_history(aws, 1)
        monkeypatch.setattr("kefu.feed.replay.REPLAYED_MAX", 1)
        socket = aws.socket()
        aws.subscribes(socket, after=start[0].cursor)
        [frame] = aws.heard(socket)
        assert (frame["type"], frame["payload"][0]["extensions"]["code"]) == ("error", "CURSOR_EXPIRED")


def told_by_and_by(aws: Cloud, cursor: str) -> tuple[list[Told], int]:
    """What a client is told that comes back with its last cursor whenever it is completed, and how often it came."""
    told: list[Told] = []
    for times in range(1, 20):
        socket = aws.socket()
        aws.subscribes(socket, after=cursor)
        frames = aws.heard(socket)
        told += [Told.of(frame) for frame in frames if frame["type"] == "next"]
        if frames[-1]["type"] != "complete":
            return told, times
        cursor = told[-1].cursor
    raise AssertionError("it came no nearer")


class SlowStore(StoreWrapper):
    """Each read of single records takes seconds."""

    def __init__(self, inner: Store, clock: ManualClock) -> None:
        super().__init__(inner)
        self._clock = clock

    def get(self, keys: Sequence[Key]) -> Coroutine[Any, Any, list[Record | None]]:
        self._clock.advance(3 * SECOND)
        return super().get(keys)


def test_a_replay_that_finds_nothing_in_its_time_is_gone_on_with_behind_the_cursor_of_its_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A busy tenant's journal may be longer than one replay can look through, and what is wanted may lie at its end."""
    monkeypatch.setattr("kefu.feed.replay.REPLAYED_AT_ONCE", 5)
    with cloud() as aws:
        socket = aws.socket()
        aws.subscribes(socket, filter={"visitorUserName": "V"})
        aws.write("V")
        aws.publish()
        cursor = aws.told(socket)[-1]["cursor"]
        for number in range(50):
            aws.clock.advance(MINUTE)
            aws.write(f"other {number}")
            aws.publish()
        aws.write("V", "at last")
        aws.publish()
        aws.clock.advance(MINUTE)
        slow = replace(aws.gateway.desk, store=SlowStore(aws.gateway.desk.store, aws.clock))
        aws.container.__dict__["gateway"] = replace(aws.gateway, desk=slow)
        frames: list[dict[str, Any]] = []
        tries = 0
        while not frames or frames[-1]["type"] == "error":
            socket = aws.socket(life_ms=10 * HOUR)
            aws.subscribes(socket, filter={"visitorUserName": "V"}, after=cursor)
            frames, tries = aws.heard(socket), tries + 1
            if frames[-1]["type"] == "error":
                [error] = frames[-1]["payload"]
                nearer = error["extensions"]["cursor"]
                assert error["extensions"]["code"] == "CURSOR_EXPIRED"
                assert decode_cursor(nearer).position > decode_cursor(cursor).position
                cursor = nearer
        assert tries > 1, "all was looked through at once"
        assert [Told.of(frame).seq for frame in frames] == [6]


class Wire(Peers):
    """Sockets whose every post is a turn. One breaks after so many frames."""

    def __init__(self, turns: Interleaver, breaks_after: int) -> None:
        super().__init__()
        self._turns = turns
        self._left = breaks_after
        self.is_cut = asyncio.Event()

    async def post(self, connection_id: str, frame: bytes) -> None:
        await self._turns.turn(TurnKind.PAUSE, f"post {connection_id}")
        if connection_id == "first" and b'"next"' in frame:
            if self._left == 0:
                self.is_cut.set()
                raise SocketGone
            self._left -= 1
        await super().post(connection_id, frame)


class SteppingClock(TurnClock):
    """A turn takes this long: a write may take longer than its writer would have it."""

    def __init__(self, turns: Interleaver, step_ms: int) -> None:
        super().__init__(turns, NEW_YEAR_2026 + MINUTE)
        self._history = turns.history
        self._step_ms = step_ms

    def now(self) -> int:
        return super().now() + len(self._history) * (self._step_ms - 1)


@dataclass(slots=True)
class Race:
    """Two writers publish a history; a subscriber is cut off in its middle and comes back while they go on."""

    seed: int
    cut: int
    step_ms: int = 1
    turns: Interleaver = field(init=False)
    wire: Wire = field(init=False)
    gateway: Gateway = field(init=False)
    shards: tuple[list[Change], list[Change]] = ([], [])

    async def run(self) -> None:
        random = Random(self.seed)
        choose = by_dice(random) if self.seed % 2 else by_priority(random)
        self.turns = Interleaver(choose)
        store, still = MemoryStore(), ManualClock()
        past = await store.position()
        still_desk = Desk(store=store, clock=still, random=Random(self.seed))
        await create_tenant(still_desk, TENANT, "Shop")
        await play(still_desk, Call(by=PARTNER), Random(self.seed))
        changes, _ = await changes_since(store, past)
        self.shards = (
            [change for change in changes if shard_of(change) == 0],
            [change for change in changes if shard_of(change) == 1],
        )
        self.wire = Wire(self.turns, self.cut)
        clock = SteppingClock(self.turns, self.step_ms)
        desk = Desk(store=TurnStore(store, self.turns), clock=clock, random=random)
        self.gateway = Gateway(desk=desk, schema=SCHEMA, secret=SECRET, sockets=self.wire, post_within_s=3_600)
        await self.subscribe("first", None)
        ends = await self.turns.run(
            {
                "A": self.publish("A", self.shards[0]),
                "B": self.publish("B", self.shards[1]),
                "client": self.come_back(),
            }
        )
        failures = {name: end for name, end in ends.items() if isinstance(end, BaseException)}
        assert not failures, failures

    async def publish(self, name: str, changes: Sequence[Change]) -> None:
        """A handler after the other, as the stream has it: each tells its batch before the next begins."""
        writer = JournalWriter(self.gateway.desk, name)
        for start in range(0, len(changes), 4):
            fan_out = FanOut(self.gateway, writer)
            for change in changes[start : start + 4]:
                await fan_out.take(change)
            assert await fan_out.finished() is None

    async def come_back(self) -> None:
        await self.wire.is_cut.wait()
        told = self.told("first")
        await self.subscribe("again", told[-1].cursor)

    async def subscribe(self, connection_id: str, after: str | None) -> None:
        now = self.gateway.desk.clock.now()
        await connect(self.gateway, connection_id, {}, [SUBPROTOCOL])
        authorization = {"authorization": f"Bearer {sign(PARTNER, now + HOUR, SECRET)}"}
        payload = {"query": EVENTS, "variables": {"after": after}}
        frames: dict[str, dict[str, Any]] = {
            "init": {"type": "connection_init", "payload": authorization},
            "subscribe": {"type": "subscribe", "id": "1", "payload": payload},
        }
        for frame_id, frame in frames.items():
            await hear(self.gateway, connection_id, msgspec.json.encode(frame).decode(), frame_id, now + HOUR)

    def told(self, connection_id: str) -> list[Told]:
        frames = self.wire.frames.get(connection_id, [])
        return [Told.of(frame) for frame in frames if frame["type"] != "connection_ack"]

    def records(self) -> dict[str, list[list[int]]]:
        """Numbers of events by session and log record, as committed."""
        found: dict[str, list[list[int]]] = {}
        for change in (*self.shards[0], *self.shards[1]):
            if record := log_record_in(change, TENANT):
                found.setdefault(session_id(TENANT, record.ref), []).append([entry.seq for entry in record.entries])
        return found


def shard_of(change: Change) -> int:
    """Changes of one partition come through one shard."""
    return sum(change.key.partition.encode()) % 2


def check(race: Race) -> None:
    """Nothing is lost; a session's events come in order, each log record again only before the next one."""
    before, behind = race.told("first"), race.told("again")
    for session, records in race.records().items():
        committed = [seq for record in records for seq in record]
        first = [each.seq for each in before if each.session == session]
        then = [each.seq for each in behind if each.session == session]
        assert first == committed[: len(first)], "before the cut"
        assert {*first, *then} == {*committed}, "lost"
        assert in_order(behind).get(session, []) == sorted({*then}), "out of order"
        record_of = {seq: number for number, record in enumerate(records) for seq in record}
        assert [record_of[seq] for seq in then] == sorted(record_of[seq] for seq in then), "told again too late"


@pytest.mark.parametrize("seed", range(RACES))
async def test_cut_while_others_publish_nothing_is_lost_or_out_of_order(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("kefu.records.journal.JOURNAL_PAGE", 1 if seed % 4 < 2 else 200)
    race = Race(seed, cut=1 + seed % 7, step_ms=25 if seed % 3 else 1)
    await race.run()
    check(race)
