"""The journal: what was published, in the order of arrival, kept so that a lost subscriber can be told again.

Each entry is a plain put under a place that its writer makes up alone: no two writers ever contend.
"""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import NamedTuple

from kefu.dataclass import dataclass
from kefu.domain.bounds import JOURNAL_PAGE
from kefu.domain.instants import DAY, HOUR, Instant
from kefu.records import keys
from kefu.records.codec import Codec
from kefu.records.sessions import LogRecord
from kefu.store.port import Expect, Put, Record, Span, Store, Write

KEPT_MS = 3 * DAY


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What one committed change tells a tenant's followers."""

    record: LogRecord | None = None
    queues: tuple[str, ...] = ()
    """Skill groups whose queue or readiness changed."""
    agent: str | None = None
    """Login of the agent who changed."""

    def behind(self, session: str, told: int) -> "Published":
        """Without the entries of that session up to a number."""
        if self.record is None or self.record.ref.id != session:
            return self
        left = tuple(entry for entry in self.record.entries if entry.seq > told)
        return replace(self, record=replace(self.record, entries=left) if left else None)


class JournalPlace(NamedTuple):
    """Where an entry lies: places are ordered as entries arrived."""

    at: Instant
    writer: str
    """Who wrote it: to one socket, entries of one writer are told in the order he wrote them."""
    number: int
    """Counted by the writer."""

    @property
    def sort(self) -> str:
        return keys.journal_sort(self.at, self.writer, self.number)


class Journaled(NamedTuple):
    place: JournalPlace
    published: Published


_published = Codec(Published)


def place_of(sort: str) -> JournalPlace:
    """Raises `ValueError` for what is no place."""
    at, writer, number = sort.split("#")
    place = JournalPlace(int(at), writer, int(number))
    if place.sort != sort:
        raise ValueError(sort)
    return place


def write(tenant: str, journaled: Journaled) -> Write:
    place, published = journaled
    record = Record(
        key=keys.journal(tenant, place.at, place.sort),
        value=_published.encode(published),
        expires_at=place.at + KEPT_MS + HOUR,
    )
    return Put(record, Expect.ANY)


async def between(store: Store, tenant: str, since: Instant, until: Instant) -> AsyncGenerator[Journaled, None]:
    """Entries that arrived at `since` or later and before `until`, in order."""
    behind, before = keys.instant(since), keys.instant(until)
    for hour in range(since // HOUR, (until - 1) // HOUR + 1):
        partition = keys.journal_partition(tenant, hour * HOUR)
        has_more = True
        while has_more:
            page = await store.scan(partition, Span(after=behind, before=before, limit=JOURNAL_PAGE))
            for record in page.records:
                yield Journaled(place_of(record.key.sort), _published.decode(record.value))
            has_more = page.has_more
            behind = page.records[-1].key.sort if page.records else behind
