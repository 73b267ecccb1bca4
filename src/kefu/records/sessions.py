"""Sessions: under their visitor, as a copy in the line they wait in, and as a log with one record per commit.

The copy in the line is whole and written in the same commit as the session, so that whoever takes the first
of a line needs no second read.
"""

from collections.abc import Sequence
from typing import NamedTuple

from kefu.dataclass import dataclass
from kefu.domain.bounds import ENTRIES_PER_COMMIT_MAX, LINE_COUNT_MAX
from kefu.domain.channel import Channel
from kefu.domain.instants import Instant
from kefu.domain.line import Line, Place
from kefu.domain.log import LogEntry
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.records import keys
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Delete, Expect, Put, Record, Span, Store, Write


class SeenMessage(NamedTuple):
    """A client message id that was accepted, and the log entry it became."""

    digest: str
    """Of the id: a dozen of them must fit beside the session."""
    seq: int
    at: Instant
    elsewhere: tuple[int, str] | None = None
    """Ordinal and id of the session that has the entry, unless it is the one in whose record this lies."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredSession:
    session: Session
    messages_seen: tuple[SeenMessage, ...] = ()
    """The latest accepted client message ids of this visitor and channel, earlier sessions included."""
    spilled_at: Instant | None = None
    """When ids last moved from here to records of their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LineEntry:
    stored: StoredSession
    version: int
    """Of the session's own record, as of this copy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogRecord:
    """The entries of one commit, and whom they concern: subscribers are picked by these."""

    ref: SessionRef
    entries: tuple[LogEntry, ...]
    agents: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


_sessions = Codec(StoredSession)
_entries = Codec(LineEntry)
LOG_RECORDS = Codec(LogRecord)
_seen_marks = Codec(tuple[SeenMessage, ...])

LoadedSession = Loaded[StoredSession]


def decode(text: str, *, version: int) -> LoadedSession:
    return Loaded(_sessions.decode(text), version)


def decode_entry(text: str) -> LoadedSession:
    """A waiting session as its copy in a line says."""
    entry = _entries.decode(text)
    return Loaded(entry.stored, entry.version)


async def newest(store: Store, tenant: str, visitor: str, channel: Channel) -> LoadedSession | None:
    """The visitor's latest session on a channel: the open one, if any is."""
    after, before = keys.sessions_on(channel)
    page = await store.scan(
        keys.visitor_partition(tenant, visitor), Span(after=after, before=before, limit=1, newest_first=True)
    )
    return _sessions.load(page.records[0]) if page.records else None


async def load(store: Store, tenant: str, refs: Sequence[SessionRef]) -> list[LoadedSession | None]:
    """Sessions by reference; None where there is none of that id."""
    records = await store.get([keys.session(tenant, ref) for ref in refs])
    found = [_sessions.load_if(record) for record in records]
    return [each if each and each.value.session.ref == ref else None for each, ref in zip(found, refs, strict=True)]


async def of_visitor(store: Store, tenant: str, visitor: str, limit: int) -> list[Session]:
    """The visitor's latest sessions of every channel, newest first."""
    found: list[Session] = []
    for channel in Channel:
        after, before = keys.sessions_on(channel)
        page = await store.scan(
            keys.visitor_partition(tenant, visitor), Span(after=after, before=before, limit=limit, newest_first=True)
        )
        found.extend(_sessions.decode(record.value).session for record in page.records)
    return sorted(found, key=lambda session: session.id, reverse=True)[:limit]


async def listed(store: Store, tenant: str, state: SessionState, span: Span) -> tuple[list[Session], bool]:
    """A page of the tenant's sessions of one state by start time, eventually consistent."""
    index = keys.session_listing(tenant, state, 0, "").index
    page = await store.listing(index, span)
    return [_sessions.decode(record.value).session for record in page.records], page.has_more


async def first_in_line(store: Store, tenant: str, line: Line) -> LoadedSession | None:
    page, _ = await line_page(store, tenant, line, limit=1)
    return page[0] if page else None


async def line_page(
    store: Store, tenant: str, line: Line, *, behind: Place | None = None, limit: int
) -> tuple[list[LoadedSession], bool]:
    """Waiting sessions in the order of the line, ready to be written back, and whether more follow."""
    after = keys.waiting_sort(behind) if behind else keys.WAITING[0]
    page = await store.scan(keys.line_partition(tenant, line), Span(after=after, before=keys.WAITING[1], limit=limit))
    return [decode_entry(record.value) for record in page.records], page.has_more


async def heads_of_classes(store: Store, tenant: str, line: Line) -> list[Session]:
    """The first VIP and the first other of a line: one of them is who waits longest."""
    ranges = ((keys.WAITING[0], keys.WAITING_OTHERS), (keys.WAITING_OTHERS, keys.WAITING[1]))
    pages = [
        await store.scan(keys.line_partition(tenant, line), Span(after=after, before=before, limit=1))
        for after, before in ranges
    ]
    return [_entries.decode(record.value).stored.session for page in pages for record in page.records]


async def line_length(
    store: Store, tenant: str, line: Line, *, vip_only: bool = False, at_most: int = LINE_COUNT_MAX
) -> int:
    """How many wait, exact up to `at_most`."""
    before = keys.WAITING_OTHERS if vip_only else keys.WAITING[1]
    return await store.count(
        keys.line_partition(tenant, line), Span(after=keys.WAITING[0], before=before, limit=at_most)
    )


async def position_in_line(store: Store, tenant: str, session: Session) -> int | None:
    """1 for the first in line, exact up to `LINE_COUNT_MAX`; None unless it waits."""
    if session.line is None:
        return None
    sort = keys.waiting_sort(session.place)
    partition = keys.line_partition(tenant, session.line)
    return 1 + await store.count(partition, Span(after=keys.WAITING[0], before=sort, limit=LINE_COUNT_MAX))


async def log_after(store: Store, tenant: str, session_id: str, seq: int, limit: int) -> tuple[list[LogEntry], bool]:
    """Entries numbered over `seq`, in order, and whether more follow."""
    page = await store.scan(
        keys.log_partition(tenant, session_id), Span(after=keys.log_sort(seq), before=keys.LOG[1], limit=limit)
    )
    entries = [entry for record in page.records for entry in LOG_RECORDS.decode(record.value).entries]
    kept = [entry for entry in entries if entry.seq > seq]
    return kept[:limit], page.has_more or len(kept) > limit


async def log_before(store: Store, tenant: str, session_id: str, seq: int, limit: int) -> tuple[list[LogEntry], bool]:
    """Entries numbered under `seq`, newest first, and whether more precede."""
    page = await store.scan(
        keys.log_partition(tenant, session_id),
        Span(
            after=keys.LOG[0],
            before=keys.log_sort(seq + ENTRIES_PER_COMMIT_MAX),
            limit=limit + ENTRIES_PER_COMMIT_MAX,
            newest_first=True,
        ),
    )
    entries = [entry for record in page.records for entry in reversed(LOG_RECORDS.decode(record.value).entries)]
    kept = [entry for entry in entries if entry.seq < seq]
    return kept[:limit], page.has_more or len(kept) > limit


async def log_records(store: Store, tenant: str, session_id: str) -> list[LogRecord]:
    """The whole log, commit by commit."""
    found: list[LogRecord] = []
    after, has_more = keys.LOG[0], True
    while has_more:
        page = await store.scan(
            keys.log_partition(tenant, session_id), Span(after=after, before=keys.LOG[1], limit=100)
        )
        found.extend(LOG_RECORDS.decode(record.value) for record in page.records)
        after, has_more = page.records[-1].key.sort if page.records else after, page.has_more
    return found


def listing_order(session: Session) -> str:
    """Where `session` stands in the listing of its state: the end of a page that it closes."""
    return keys.session_listing("", session.state, session.started_at, session.id).order


async def log_entry(store: Store, tenant: str, session_id: str, seq: int) -> LogEntry | None:
    entries, _ = await log_after(store, tenant, session_id, seq - 1, 1)
    return entries[0] if entries and entries[0].seq == seq else None


async def older_seen(
    store: Store, tenant: str, visitor: str, channel: Channel, *, since: Instant, limit: int
) -> list[SeenMessage]:
    """Accepted client message ids that no longer fit into the session's own record, of the `limit` newest records."""
    found: list[SeenMessage] = []
    after, before = keys.seen_on(channel, since)
    left = limit
    while left > 0:
        span = Span(after=after, before=before, limit=left, newest_first=True)
        page = await store.scan(keys.visitor_partition(tenant, visitor), span)
        found.extend(mark for record in page.records for mark in _seen_marks.decode(record.value))
        left = left - len(page.records) if page.has_more else 0
        before = page.records[-1].key.sort if page.records else before
    return found


def writes(
    tenant: str,
    before: LoadedSession | None,
    after: StoredSession,
    entries: Sequence[LogEntry],
) -> list[Write]:
    """Everything that one step of a session writes, whatever the step was."""
    version = before.version if before else 0
    session = after.session
    record = Record(
        key=keys.session(tenant, session.ref),
        value=_sessions.encode(after),
        listing=keys.session_listing(tenant, session.state, session.started_at, session.id),
    )
    return [
        Put(record, version or Expect.ABSENT),
        *_line_writes(tenant, before.value.session if before else None, after, version + 1),
        _log_write(tenant, before.value.session if before else None, session, entries),
    ]


def seen_mark(tenant: str, session: Session, spilled: Sequence[SeenMessage], expires_at: Instant) -> Write:
    """Client message ids that leave the session's own record."""
    key = keys.seen(tenant, session.ref, spilled[-1].at, spilled[-1].seq)
    return Put(Record(key=key, value=_seen_marks.encode(tuple(spilled)), expires_at=expires_at), Expect.ANY)


def _line_writes(tenant: str, before: Session | None, after: StoredSession, version: int) -> list[Write]:
    left = keys.waiting(tenant, before.line, before.place) if before and before.line else None
    session = after.session
    joined = keys.waiting(tenant, session.line, session.place) if session.line else None
    made: list[Write] = []
    if left and left != joined:
        made.append(Delete(left, Expect.PRESENT))
    if joined:
        copy = _entries.encode(LineEntry(stored=after, version=version))
        expect = Expect.PRESENT if left == joined else Expect.ABSENT
        made.append(Put(Record(key=joined, value=copy), expect))
    return made


def _log_write(tenant: str, before: Session | None, after: Session, entries: Sequence[LogEntry]) -> Write:
    both = [session for session in (before, after) if session]
    agents = {session.agent or session.directed_to for session in both}
    groups = {session.skill_group for session in both}
    record = LogRecord(
        ref=after.ref,
        entries=tuple(entries),
        agents=tuple(sorted(agent for agent in agents if agent)),
        groups=tuple(sorted(group for group in groups if group)),
    )
    key = keys.log(tenant, after.id, entries[-1].seq)
    return Put(Record(key=key, value=LOG_RECORDS.encode(record)), Expect.ABSENT)
