"""When to look at a session: one record each, listed by due time across tenants."""

from collections.abc import Sequence
from typing import NamedTuple

from kefu.domain.deadline import Deadline
from kefu.domain.instants import Instant
from kefu.records import keys
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Delete, Expect, Expectation, Put, Record, Span, Store, Write

LoadedDeadline = Loaded[Deadline]

_deadlines = Codec(Deadline)


class Due(NamedTuple):
    tenant: str
    deadline: Deadline


def decode(text: str) -> Deadline:
    return _deadlines.decode(text)


async def load(store: Store, tenant: str, session_ids: Sequence[str]) -> list[LoadedDeadline | None]:
    records = await store.get([keys.deadline(tenant, session_id) for session_id in session_ids])
    return [_deadlines.load_if(record) for record in records]


def write(tenant: str, deadline: Deadline, expect: Expectation = Expect.ABSENT) -> Write:
    session_id = deadline.ref.id
    record = Record(
        key=keys.deadline(tenant, session_id),
        value=_deadlines.encode(deadline),
        listing=keys.deadline_listing(tenant, deadline.due_at, session_id),
    )
    return Put(record, expect)


def delete(tenant: str, session_id: str, version: int) -> Write:
    return Delete(keys.deadline(tenant, session_id), version)


async def due(store: Store, now: Instant, *, behind: Due | None, limit: int) -> tuple[list[Due], bool]:
    """A page of those due, longest due first, of all tenants, and whether more follow; eventually consistent."""
    after = keys.deadline_listing(behind.tenant, behind.deadline.due_at, behind.deadline.ref.id).order if behind else ""
    page = await store.listing(keys.DEADLINES, Span(after=after, before=keys.instant(now + 1), limit=limit))
    found = [Due(keys.tenant_of(record.key.partition) or "", decode(record.value)) for record in page.records]
    return found, page.has_more
