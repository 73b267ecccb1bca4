"""Journals of several writers whose clocks differ, resumed from every cursor that anybody may have: nothing is lost, and
no session comes out of order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

import pytest

from kefu.desk.desk import Desk
from kefu.domain.channel import Channel
from kefu.domain.instants import HOUR, MINUTE, SECOND
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.session_ref import SessionRef
from kefu.feed.interest import Told
from kefu.feed.journal import cursor_at
from kefu.feed.replay import Replay
from kefu.records import journal
from kefu.records.journal import Journaled, JournalPlace, Published
from kefu.records.sessions import LogRecord
from kefu.store.memory import MemoryStore
from kefu.testing.clocks import NEW_YEAR_2026, ManualClock

TENANT = "20080"
NOW = NEW_YEAR_2026 + HOUR
LONG_AGO = cursor_at(JournalPlace(NOW - MINUTE, "nobody", 1))(Told(is_last=True))
SKEW_MS = 900
"""Of each writer's clock, either way: two of them differ by less than two seconds."""
SEEDS = 12
BATCHES = 12
SHARDS = ("A", "B", "C")


class News(NamedTuple):
    """As a subscriber is told it."""

    what: tuple[str, int]
    """A session and a number; or the name of a queue, and 0."""
    cursor: str


@dataclass(slots=True)
class Shard:
    """A batch after the other, each by a process of its choice. Now and then a batch comes again."""

    name: str
    random: Random
    numbers: dict[str, int] = field(default_factory=dict)
    queues: int = 0

    def steps(self) -> Iterator[tuple[str, Published]]:
        """What is written next, and by whom."""
        for _ in range(BATCHES):
            batch = [self._published() for _ in range(self.random.randint(1, 3))]
            for _ in range(self.random.choice((1, 1, 1, 2))):
                writer = f"{self.name}{self.random.randint(1, 2)}"
                for published in batch:
                    yield writer, published

    def _published(self) -> Published:
        if self.random.random() < 0.2:
            self.queues += 1
            return Published(queues=(f"{self.name}-queue-{self.queues}",))
        session = f"{self.name}-{self.random.choice('st')}"
        count = self.random.choice((1, 1, 2))
        numbers = range(self.numbers.get(session, 0) + 1, self.numbers.get(session, 0) + 1 + count)
        self.numbers[session] = numbers[-1]
        return event(session, *numbers)


def event(session: str, *numbers: int) -> Published:
    entries = tuple(LogEntry(seq=seq, kind=EventKind.USER_MESSAGE, at=NOW) for seq in numbers)
    return Published(record=LogRecord(ref=SessionRef("V", Channel.APP, 1, session), entries=entries))


def written(random: Random) -> list[Journaled]:
    """In the order of writing, which no clock knows. All writers together have several sessions in a second."""
    shards = [Shard(name, random).steps() for name in SHARDS]
    skews: dict[str, int] = {}
    last: dict[str, JournalPlace] = {}
    entries: list[Journaled] = []
    now = NOW
    while shards:
        shard = random.choice(shards)
        step = next(shard, None)
        if step is None:
            shards.remove(shard)
            continue
        writer, published = step
        now += random.choice((0, 1, 10, 300))
        skew = skews.setdefault(writer, random.randint(-SKEW_MS, SKEW_MS))
        before = last.get(writer, JournalPlace(0, writer, 0))
        last[writer] = JournalPlace(max(before.at, now + skew), writer, before.number + 1)
        entries.append(Journaled(last[writer], published))
    return entries


async def desk_with(entries: Sequence[Journaled]) -> Desk:
    """The last of them are not settled yet."""
    clock = ManualClock(max(each.place.at for each in entries) + 2 * SECOND)
    desk = Desk(store=MemoryStore(clock.now), clock=clock)
    for entry in entries:
        await desk.store.commit([journal.write(TENANT, entry)], token=None)
    return desk


def news_of(entries: Sequence[Journaled]) -> list[News]:
    news: list[News] = []
    for place, published in entries:
        if record := published.record:
            for entry in record.entries:
                told = Told(entry is record.entries[-1], record.ref.id, entry.seq)
                news.append(News((record.ref.id, entry.seq), cursor_at(place)(told)))
        news += [News((queue, 0), cursor_at(place)(Told(is_last=True))) for queue in published.queues]
    return news


async def behind(desk: Desk, cursor: str) -> list[News]:
    return news_of([each async for chunk in Replay.behind(desk, TENANT, cursor).chunks() for each in chunk])


def is_in_order(told: Sequence[News]) -> bool:
    last: dict[str, int] = {}
    for (session, number), _ in told:
        if number and number <= last.get(session, 0):
            return False
        last[session] = number
    return True


@pytest.fixture(autouse=True)
def _short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kefu.feed.replay.REPLAYED_AT_ONCE", 5)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_resumed_from_every_cursor_nothing_is_lost_or_out_of_order(seed: int) -> None:
    """Cursors of who was told as things happened, and of who was told by a replay."""
    entries = written(Random(seed))
    desk = await desk_with(entries)
    everything = {each.what for each in news_of(entries)}
    for told in (news_of(entries), await behind(desk, LONG_AGO)):
        for cut, last in enumerate(told):
            rest = await behind(desk, last.cursor)
            before = {each.what for each in told[: cut + 1]}
            assert before | {each.what for each in rest} == everything
            assert is_in_order(rest)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_cut_again_and_again_nothing_is_lost(seed: int) -> None:
    random = Random(seed)
    entries = written(random)
    desk = await desk_with(entries)
    told: set[tuple[str, int]] = set()
    cursor, rest = LONG_AGO, await behind(desk, LONG_AGO)
    for _ in range(20):
        heard = rest[: random.randint(1, 20)]
        told |= {each.what for each in heard}
        cursor = heard[-1].cursor if heard else cursor
        rest = await behind(desk, cursor)
    assert told | {each.what for each in rest} == {each.what for each in news_of(entries)}


async def test_what_a_writer_wrote_before_is_told_before_however_a_session_is_numbered() -> None:
    """Else the cursor of what came too early would say that the writer had told the other."""
    entries = [
        Journaled(JournalPlace(NOW + 99, "X", 1), event("s", 2)),
        Journaled(JournalPlace(NOW + 100, "W", 1), event("t", 1)),
        Journaled(JournalPlace(NOW + 101, "W", 2), event("s", 1)),
    ]
    desk = await desk_with(entries)
    assert [each.what for each in await behind(desk, LONG_AGO)] == [("t", 1), ("s", 1), ("s", 2)]


async def test_what_was_written_again_turns_nothing_round() -> None:
    """A batch came again to the same process: first and second time it wrote one thing before the other."""
    batch = [event("t", 2), event("t", 4), Published(queues=("q",))]
    entries = [Journaled(JournalPlace(NOW + number, "W", number), each) for number, each in enumerate([*batch, *batch])]
    desk = await desk_with(entries)
    whole = await behind(desk, LONG_AGO)
    assert [each.what for each in whole] == [("t", 2), ("t", 4), ("q", 0), ("q", 0)]
    rest = await behind(desk, whole[0].cursor)
    assert [each.what for each in rest] == [("t", 4), ("q", 0), ("q", 0)]
