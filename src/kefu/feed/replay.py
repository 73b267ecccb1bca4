"""The journal as it is read again, by who comes back with a cursor."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import field
from itertools import pairwise

from kefu.dataclass import dataclass
from kefu.desk.desk import Desk
from kefu.domain.bounds import AGREEING_READS_MAX, REPLAYED_AT_ONCE, REPLAYED_MAX
from kefu.domain.instants import Instant
from kefu.feed.cursors import Cursor, CursorUnknown, decode_cursor
from kefu.feed.interest import Told
from kefu.feed.journal import SETTLED_AFTER_MS, TOLD_WITHIN_MS, WRITTEN_WITHIN_MS, JournalBusy, cursor_at
from kefu.records import journal
from kefu.records.journal import Journaled, JournalPlace, Published

CLOCKS_DIFFER_MS = SETTLED_AFTER_MS - WRITTEN_WITHIN_MS


class TooMuchMissed(Exception):
    """More lies behind the cursor than one replay reads: `REPLAYED_MAX` entries."""


@dataclass(slots=True)
class Replay:
    """What lies behind a cursor, as of when it is asked; asked again, what has come since.

    Told is: everything that may not have been. Of the cursor's session, that is what has a higher number; of what the
    cursor's writer wrote, what he wrote later; of everybody else's, what is at most a minute older than the cursor.
    """

    desk: Desk
    tenant: str
    place: JournalPlace
    session: str
    seq: int
    _since: Instant = 0
    _read: int = 0
    _reached: JournalPlace | None = None
    _taken: set[JournalPlace] = field(default_factory=set)
    """Of those that lie at `_since` or later."""
    _told: set[tuple[str, int]] = field(default_factory=set)
    """Sessions and numbers, of up to `REPLAYED_MAX` entries."""

    @classmethod
    def behind(cls, desk: Desk, tenant: str, cursor: str) -> "Replay":
        """Raises `CursorUnknown`."""
        place, start = resumed(cursor, desk.clock.now())
        return cls(desk, tenant, place, start.session, start.told, _since=place.at - TOLD_WITHIN_MS)

    @property
    def cursor(self) -> str | None:
        """To go on behind what was looked through, whether any of it was told or not; None if that is no nearer."""
        if self._reached is None or self._reached <= self.place:
            return None
        return cursor_at(self._reached)(Told(is_last=True))

    async def chunks(self) -> AsyncGenerator[list[Journaled], None]:
        """In order per session. Raises `TooMuchMissed`."""
        settled = self.desk.clock.now() - SETTLED_AFTER_MS
        lying: list[Journaled] = []
        if self._since < settled:
            async for journaled in self._between(self._since, settled):
                lying.append(journaled)
                if self._read % REPLAYED_AT_ONCE == 0:
                    lying = self._untold(lying)
                    in_turn = _in_turn(lying, journaled.place.at - CLOCKS_DIFFER_MS)
                    yield list(self._news_of(in_turn))
                    self._reached = max((each.place for each in in_turn), default=self._reached)
                    gone = {each.place for each in in_turn}
                    lying = [each for each in lying if each.place not in gone]
            self._since = settled
        fresh = await self._fresh()
        lying = self._untold([*lying, *fresh])
        yield list(self._news_of(_in_turn(lying, fresh[-1].place.at if fresh else settled)))
        self._taken = {each.place for each in fresh}

    async def _fresh(self) -> list[Journaled]:
        """What is not settled yet, without a gap: two readings that agree, up to where the first one came.

        One reading is many pages: it may have an entry and not the one before, which was written while it was on its way.
        """
        read = await self._read_fresh()
        for _ in range(AGREEING_READS_MAX):
            again = [each for each in await self._read_fresh() if read and each.place <= read[-1].place]
            if len(again) == len(read):
                return read
            read = again
        raise JournalBusy

    async def _read_fresh(self) -> list[Journaled]:
        until = self.desk.clock.now() + TOLD_WITHIN_MS
        return [each async for each in self._between(self._since, until)]

    async def _between(self, since: Instant, until: Instant) -> AsyncGenerator[Journaled, None]:
        async with aclosing(journal.between(self.desk.store, self.tenant, since, until)) as entries:
            async for each in entries:
                self._read += 1
                if self._read > REPLAYED_MAX:
                    raise TooMuchMissed
                yield each

    def _untold(self, lying: Sequence[Journaled]) -> list[Journaled]:
        """Without what was told already, there or at another place: who writes may have to write again."""
        untold: list[Journaled] = []
        for place, published in lying:
            left = published.behind(self.session, self.seq)
            if place in self._taken or self._is_of_before(place):
                self._told |= _numbers(left)
            elif left != Published() and not self._told & _numbers(left):
                untold.append(Journaled(place, left))
        return untold

    def _news_of(self, in_turn: Sequence[Journaled]) -> Iterator[Journaled]:
        for each in in_turn:
            numbers = _numbers(each.published)
            if not self._told & numbers:
                self._told |= numbers
                yield each

    def _is_of_before(self, place: JournalPlace) -> bool:
        if place == self.place:
            return not self.session and self.seq > 0
        return place.writer == self.place.writer and place < self.place


def resumed(cursor: str, now: Instant) -> tuple[JournalPlace, Cursor]:
    """Raises `CursorUnknown` for what is no cursor of a journal, or one of before it."""
    start = decode_cursor(cursor)
    try:
        place = journal.place_of(start.position)
    except ValueError as invalid:
        raise CursorUnknown from invalid
    if not now - journal.KEPT_MS <= place.at <= now + TOLD_WITHIN_MS:
        raise CursorUnknown
    return place, start


def _in_turn(lying: Sequence[Journaled], until: Instant) -> list[Journaled]:
    """Those at `until` or before, each behind what its writer wrote before it and its session numbered before it.

    So they were written, one after the other; places alone do not tell it, since clocks of two writers may differ.
    """
    earlier = _earlier(lying)
    entered: set[JournalPlace] = set()
    ordered: dict[JournalPlace, Journaled] = {}
    for root in lying:
        left = [root] if root.place.at <= until else []
        while left:
            each = left[-1]
            if each.place not in entered:
                entered.add(each.place)
                left += [one for one in earlier[each.place] if one.place not in entered]
            else:
                ordered.setdefault(each.place, each)
                left.pop()
    return list(ordered.values())


def _earlier(lying: Sequence[Journaled]) -> dict[JournalPlace, list[Journaled]]:
    """Of each the one before it of its writer, and the one before it of its session.

    What was written again counts in its session where it came first, and elsewhere lies behind that: else what stands
    between the two would have to be told before and behind them.
    """
    written: dict[str, list[Journaled]] = {}
    numbered: dict[str, dict[int, Journaled]] = {}
    earlier: dict[JournalPlace, list[Journaled]] = {each.place: [] for each in lying}
    for each in lying:
        written.setdefault(each.place.writer, []).append(each)
        if record := each.published.record:
            first = numbered.setdefault(record.ref.id, {}).setdefault(record.entries[-1].seq, each)
            if first is not each:
                earlier[each.place].append(first)
    in_numbers = [[of_it[number] for number in sorted(of_it)] for of_it in numbered.values()]
    for one_by_one in (*written.values(), *in_numbers):
        for before, behind in pairwise(one_by_one):
            earlier[behind.place].append(before)
    return earlier


def _numbers(published: Published) -> set[tuple[str, int]]:
    record = published.record
    return {(record.ref.id, entry.seq) for entry in record.entries} if record else set()
