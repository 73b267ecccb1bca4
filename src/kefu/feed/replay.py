"""The journal as it is read again, by who comes back with a cursor."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field

from kefu.desk.desk import Desk
from kefu.domain.instants import Instant
from kefu.feed.cursors import Cursor, CursorUnknown, decode_cursor
from kefu.feed.journal import SETTLED_AFTER_MS, TOLD_WITHIN_MS, JournalBusy
from kefu.records import journal
from kefu.records.journal import Journaled, Place, Published

CHUNK = 100
AGREEING_READS_MAX = 20


@dataclass(slots=True)
class Replay:
    """What lies behind a cursor, as of when it is asked; asked again, what has come since.

    Told is: everything that may not have been. Of the cursor's session, that is what has a higher number; of what the
    cursor's writer wrote, what he wrote later; of everybody else's, what is at most a minute older than the cursor.
    """

    desk: Desk
    tenant: str
    place: Place
    session: str
    seq: int
    _since: Instant = 0
    _taken: set[Place] = field(default_factory=set)
    """Of those that lie at `_since` or later."""
    _told: set[tuple[str, int]] = field(default_factory=set)

    @classmethod
    def behind(cls, desk: Desk, tenant: str, cursor: str) -> "Replay":
        """Raises `CursorUnknown`."""
        place, start = resumed(cursor, desk.clock.now())
        return cls(desk, tenant, place, start.session, start.told, _since=place.at - TOLD_WITHIN_MS)

    async def chunks(self) -> AsyncGenerator[list[Journaled], None]:
        """In order per session."""
        settled = self.desk.clock.now() - SETTLED_AFTER_MS
        chunk: list[Journaled] = []
        if self._since < settled:
            async for journaled in journal.between(self.desk.store, self.tenant, self._since, settled):
                chunk.append(journaled)
                if len(chunk) == CHUNK:
                    yield list(self._news_of(chunk))
                    chunk = []
            self._since = settled
        fresh = await self._fresh()
        chunk += fresh
        yield list(self._news_of(chunk))
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
        return [each async for each in journal.between(self.desk.store, self.tenant, self._since, until)]

    def _news_of(self, chunk: Sequence[Journaled]) -> Iterator[Journaled]:
        for place, published in _in_order_of_sessions(chunk):
            is_told = place in self._taken or self._is_of_before(place)
            left = self._untold(published.behind(self.session, self.seq))
            if not is_told and left != Published():
                yield Journaled(place, left)

    def _is_of_before(self, place: Place) -> bool:
        if place == self.place:
            return not self.session and self.seq > 0
        return place.writer == self.place.writer and place < self.place

    def _untold(self, published: Published) -> Published:
        """Without what was told already, under another place: who writes may have to write again."""
        if published.record is None:
            return published
        session, entries = published.record.ref.id, published.record.entries
        if any((session, entry.seq) in self._told for entry in entries):
            return Published()
        self._told.update((session, entry.seq) for entry in entries)
        return published


def resumed(cursor: str, now: Instant) -> tuple[Place, Cursor]:
    """Raises `CursorUnknown` for what is no cursor of a journal, or one of before it."""
    start = decode_cursor(cursor)
    try:
        place = journal.place_of(start.position)
    except ValueError as invalid:
        raise CursorUnknown from invalid
    if not now - journal.KEPT_MS <= place.at <= now + TOLD_WITHIN_MS:
        raise CursorUnknown
    return place, start


def _in_order_of_sessions(chunk: Sequence[Journaled]) -> list[Journaled]:
    """As they lie, but those of one session by their numbers: clocks of two writers may differ by a little."""
    lying: dict[str, list[Journaled]] = {}
    for each in chunk:
        if each.published.record:
            lying.setdefault(each.published.record.ref.id, []).append(each)
    numbered = {session: iter(sorted(of_it, key=_number)) for session, of_it in lying.items()}
    return [next(numbered[each.published.record.ref.id]) if each.published.record else each for each in chunk]


def _number(journaled: Journaled) -> int:
    record = journaled.published.record
    return record.entries[0].seq if record else 0
