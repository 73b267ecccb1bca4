"""The journal as it is written: before anybody is told."""

from kefu.dataclass import dataclass
from kefu.desk.desk import Desk
from kefu.domain.bounds import JOURNAL_TRIES_MAX
from kefu.domain.instants import SECOND, Instant
from kefu.feed.cursors import Cursor
from kefu.feed.interest import CursorAt, Told
from kefu.records import journal
from kefu.records.journal import Journaled, JournalPlace, Published
from kefu.store.port import Conflict, OutcomeUnknown, StoreError, Throttled

WRITTEN_WITHIN_MS = 4 * SECOND
"""An entry that took longer to be there is written anew, at a later place: readers no longer look so far back."""
SETTLED_AFTER_MS = 6 * SECOND
"""Before this nothing comes any more: the time of writing, and clocks that differ."""
TOLD_WITHIN_MS = 60 * SECOND
"""From writing an entry to its last subscriber, whoever does it is done or dead: a handler has no more time."""
PAUSE_S = 0.05


class JournalBusy(StoreError):
    """The journal could not be written or read in time."""


@dataclass(slots=True)
class JournalWriter:
    """One of many: what it writes, it writes one after the other."""

    desk: Desk
    name: str
    _written: int = 0
    _last_at: Instant = 0

    async def write(self, tenant: str, published: Published) -> Journaled:
        """Returns when it is there for every reader. Raises `JournalBusy`."""
        for tries in range(JOURNAL_TRIES_MAX):
            journaled = Journaled(self._next_place(), published)
            try:
                await self.desk.store.commit([journal.write(tenant, journaled)], token=None)
            except (Conflict, OutcomeUnknown, Throttled):
                await self.desk.clock.sleep(self.desk.random.uniform(0, PAUSE_S * 2**tries))
            else:
                if self.desk.clock.now() - journaled.place.at <= WRITTEN_WITHIN_MS:
                    return journaled
        raise JournalBusy

    def _next_place(self) -> JournalPlace:
        self._written += 1
        self._last_at = max(self._last_at, self.desk.clock.now())
        return JournalPlace(self._last_at, self.name, self._written)


def cursor_at(place: JournalPlace) -> CursorAt:
    """For what is no entry the number says whether all of the change was told."""

    def at(told: Told) -> str:
        return Cursor(place.sort, told.session, told.seq if told.session else int(told.is_last)).encode()

    return at
