"""The journal: written by many at once, and read as each of them wrote it."""

from collections.abc import Awaitable, Callable, Sequence

import pytest

from kefu.desk.desk import Desk
from kefu.domain.channel import Channel
from kefu.domain.instants import HOUR, MINUTE, SECOND, Instant
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.session_ref import SessionRef
from kefu.feed.cursors import Cursor
from kefu.feed.interest import QueueInterest, Told
from kefu.feed.journal import JournalWriter, cursor_at
from kefu.feed.replay import Replay
from kefu.records import journal
from kefu.records.journal import Journaled, JournalPlace, Published
from kefu.records.sessions import LogRecord
from kefu.store.memory import MemoryStore
from kefu.store.port import (
    Order,
    OutcomeUnknown,
    Page,
    Span,
    Throttled,
    Write,
)
from kefu.store.wrapper import StoreWrapper
from kefu.testing.clocks import NEW_YEAR_2026, ManualClock

TENANT = "20080"
NOW = NEW_YEAR_2026 + HOUR
LONG_AGO = cursor_at(JournalPlace(NOW - MINUTE, "C", 1))(Told(is_last=True))


class Eventful(StoreWrapper):
    """Lets something happen right before a scan or behind a commit, once each."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(MemoryStore(clock.now))
        self.before_scans: list[Callable[[], Awaitable[None]] | None] = []
        self.behind_commits: list[Callable[[], None]] = []

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        if self.before_scans and (happening := self.before_scans.pop(0)):
            await happening()
        return await super().scan(partition, span, order)

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        await super().commit(writes, token=token)
        if self.behind_commits:
            self.behind_commits.pop(0)()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def store(clock: ManualClock) -> Eventful:
    return Eventful(clock)


@pytest.fixture
def desk(store: Eventful, clock: ManualClock) -> Desk:
    return Desk(store=store, clock=clock)


def event(session: str, seq: int) -> Published:
    entry = LogEntry(seq=seq, kind=EventKind.USER_MESSAGE, at=NOW)
    return Published(record=LogRecord(ref=SessionRef("V", Channel.APP, 1, session), entries=(entry,)))


async def lie(desk: Desk, at: Instant, writer: str, published: Published, number: int = 1) -> Journaled:
    """An entry at a place that its writer chose."""
    journaled = Journaled(JournalPlace(at, writer, number), published)
    await desk.store.commit([journal.write(TENANT, journaled)], token=None)
    return journaled


async def read(replay: Replay) -> list[tuple[str, int]]:
    return numbered([journaled async for chunk in replay.chunks() for journaled in chunk])


def numbered(told: Sequence[Journaled]) -> list[tuple[str, int]]:
    records = [journaled.published.record for journaled in told]
    return [(record.ref.id, entry.seq) for record in records if record for entry in record.entries]


async def behind(desk: Desk, cursor: str = LONG_AGO) -> list[tuple[str, int]]:
    return await read(Replay.behind(desk, TENANT, cursor))


async def test_what_is_written_is_read_in_order(desk: Desk) -> None:
    writer = JournalWriter(desk, "A")
    for seq in range(1, 4):
        await writer.write(TENANT, event("s", seq))
    assert await behind(desk) == [("s", 1), ("s", 2), ("s", 3)]


async def test_hours_are_read_one_after_the_other(desk: Desk, clock: ManualClock) -> None:
    writer = JournalWriter(desk, "A")
    for seq in range(1, 4):
        await writer.write(TENANT, event("s", seq))
        clock.advance(2 * HOUR)
    assert await behind(desk) == [("s", 1), ("s", 2), ("s", 3)]


async def test_a_replay_that_is_asked_again_tells_what_came_since(desk: Desk, clock: ManualClock) -> None:
    writer = JournalWriter(desk, "A")
    replay = Replay.behind(desk, TENANT, LONG_AGO)
    told = []
    for seq in range(1, 5):
        await writer.write(TENANT, event("s", seq))
        told.append(await read(replay))
        clock.advance(4 * SECOND)
    assert told == [[("s", 1)], [("s", 2)], [("s", 3)], [("s", 4)]]


async def test_an_entry_that_shows_behind_the_reader_is_not_overtaken(
    desk: Desk, store: Eventful, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kefu.records.journal.JOURNAL_PAGE", 1)
    await lie(desk, NOW + 2, "B", event("t", 1), number=1)
    await lie(desk, NOW + 4, "B", event("t", 2), number=2)

    async def show() -> None:
        await lie(desk, NOW + 1, "A", event("s", 1), number=1)
        await lie(desk, NOW + 3, "A", event("s", 2), number=2)

    at_the_second_page = [None, None, None, show]  # of the hour that has just begun
    store.before_scans = [*at_the_second_page]
    assert await behind(desk) == [("s", 1), ("t", 1), ("s", 2), ("t", 2)]


async def test_an_entry_that_took_too_long_lies_at_a_later_place(
    desk: Desk, store: Eventful, clock: ManualClock
) -> None:
    store.behind_commits = [lambda: clock.advance(5 * SECOND)]
    journaled = await JournalWriter(desk, "A").write(TENANT, event("s", 1))
    assert journaled.place.at == NOW + 5 * SECOND
    assert await behind(desk) == [("s", 1)]


@pytest.mark.parametrize("fault", [OutcomeUnknown, Throttled])
async def test_an_entry_whose_writing_failed_is_told_once(desk: Desk, store: Eventful, fault: type[Exception]) -> None:
    def fail() -> None:
        raise fault

    store.behind_commits = [fail]
    await JournalWriter(desk, "A").write(TENANT, event("s", 1))
    assert await behind(desk) == [("s", 1)]


async def test_clocks_that_differ_do_not_turn_a_session_round(desk: Desk) -> None:
    await lie(desk, NOW + 3, "A", event("s", 1))
    await lie(desk, NOW + 1, "B", event("s", 2))
    assert await behind(desk) == [("s", 1), ("s", 2)]


async def test_clocks_that_differ_turn_no_session_round_between_two_chunks(desk: Desk) -> None:
    long_ago = NOW - 30 * SECOND
    for number in range(99):
        await lie(desk, long_ago + number, "A", event(f"t{number}", 1), number=number)
    await lie(desk, long_ago + 1_000, "A", event("s", 4), number=99)
    await lie(desk, long_ago + 990, "B", event("s", 5))
    assert (await behind(desk))[-2:] == [("s", 4), ("s", 5)]


async def test_cut_anywhere_among_clocks_that_differ_nothing_is_lost(desk: Desk) -> None:
    await lie(desk, NOW + 16, "A", event("v", 1), number=1)
    await lie(desk, NOW + 20, "A", event("s", 1), number=2)
    await lie(desk, NOW + 11, "B", event("s", 2), number=1)  # ten behind
    await lie(desk, NOW + 12, "B", event("u", 1), number=2)
    whole = [each async for chunk in Replay.behind(desk, TENANT, LONG_AGO).chunks() for each in chunk]
    for cut, (place, published) in enumerate(whole):
        assert published.record
        told = Told(is_last=True, session=published.record.ref.id, seq=published.record.entries[-1].seq)
        rest = await behind(desk, cursor_at(place)(told))
        before = numbered(whole[: cut + 1])
        assert {*before, *rest} == {("s", 1), ("s", 2), ("u", 1), ("v", 1)}, before


async def test_what_the_cursors_writer_wrote_before_is_not_told_again(desk: Desk) -> None:
    await lie(desk, NOW, "A", event("s", 1), number=1)
    last = await lie(desk, NOW + 1, "A", event("t", 1), number=2)
    await lie(desk, NOW + 2, "A", event("s", 2), number=3)
    assert await behind(desk, cursor_at(last.place)(Told(is_last=True, session="t", seq=1))) == [("s", 2)]


async def test_what_another_wrote_a_minute_before_is_told_again(desk: Desk) -> None:
    await lie(desk, NOW - MINUTE - 1, "B", event("s", 1), number=1)
    await lie(desk, NOW - MINUTE, "B", event("s", 2), number=2)
    last = await lie(desk, NOW, "A", event("t", 1))
    assert await behind(desk, cursor_at(last.place)(Told(is_last=True, session="t", seq=1))) == [("s", 2)]


async def test_of_the_cursors_session_only_later_numbers_are_told(desk: Desk) -> None:
    await lie(desk, NOW, "B", event("s", 1))
    last = await lie(desk, NOW + 1, "A", event("s", 2))
    await lie(desk, NOW + 2, "B", event("s", 3), number=2)
    assert await behind(desk, cursor_at(last.place)(Told(is_last=True, session="s", seq=2))) == [("s", 3)]


async def test_cut_between_two_queues_of_one_change_the_second_is_told(desk: Desk) -> None:
    place, published = await lie(desk, NOW, "A", Published(queues=("g", "h")))
    interest = QueueInterest("queues", lambda _: True)
    first, second = (news.cursor for news in interest.news_in(published, cursor_at(place)))
    left = [
        [
            journaled.published.queues
            async for chunk in Replay.behind(desk, TENANT, cursor).chunks()
            for journaled in chunk
        ]
        for cursor in (first, second)
    ]
    assert left == [[("g", "h")], []]


def test_a_cursor_is_a_place() -> None:
    place = JournalPlace(NOW, "A", 7)
    assert cursor_at(place)(Told(is_last=True, session="s", seq=3)) == Cursor(place.sort, "s", 3).encode()
    assert journal.place_of(place.sort) == place
