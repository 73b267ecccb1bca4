"""Rules of automatic binding, and what they count by: written only in commits of tenants who have such rules."""

import functools

from kefu.domain.binding_rules import BindingRule, BusinessEvent, ClosedTally, ServedMark
from kefu.domain.bounds import SESSIONS_RECALLED_MAX
from kefu.domain.instants import DAY, Instant
from kefu.domain.session import Session
from kefu.records import keys, sessions
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Delete, Expect, Put, Record, Span, Store, Write

BUSINESS_EVENT_KEPT_MS = 90 * DAY

LoadedTally = Loaded[ClosedTally]


# Each made at its first use: most tenants have no rules, and a cold start pays for every codec.
@functools.cache
def _rules() -> Codec[BindingRule]:
    return Codec(BindingRule)


@functools.cache
def _marks() -> Codec[ServedMark]:
    return Codec(ServedMark)


@functools.cache
def _tallies() -> Codec[ClosedTally]:
    return Codec(ClosedTally)


@functools.cache
def _events() -> Codec[BusinessEvent]:
    return Codec(BusinessEvent)


def decode_rule(text: str) -> BindingRule:
    return _rules().decode(text)


def decode_tally(text: str) -> ClosedTally:
    return _tallies().decode(text)


def decode_event(text: str) -> BusinessEvent:
    return _events().decode(text)


def write_rule(tenant: str, rule: BindingRule) -> Write:
    return Put(Record(key=keys.binding_rule(tenant, rule.name), value=_rules().encode(rule)), Expect.ANY)


def delete_rule(tenant: str, name: str) -> Write:
    return Delete(keys.binding_rule(tenant, name), Expect.PRESENT)


async def was_served(store: Store, tenant: str, visitor: str) -> bool:
    [record] = await store.get([keys.served_mark(tenant, visitor)])
    return record is not None


def write_mark(tenant: str, visitor: str, mark: ServedMark) -> Write:
    """Refused if another commit was first to serve the visitor."""
    return Put(Record(key=keys.served_mark(tenant, visitor), value=_marks().encode(mark)), Expect.ABSENT)


async def load_tally(store: Store, tenant: str, visitor: str, agent: str) -> LoadedTally | None:
    [record] = await store.get([keys.closed_tally(tenant, visitor, agent)])
    return _tallies().load_if(record)


def write_tally(tenant: str, tally: ClosedTally, version: int) -> Write:
    """`version` 0: there was none. Refused if another session was counted meanwhile."""
    key = keys.closed_tally(tenant, tally.visitor, tally.agent)
    return Put(Record(key=key, value=_tallies().encode(tally)), version or Expect.ABSENT)


async def recall(store: Store, tenant: str, visitor: str) -> tuple[list[Session], bool]:
    """The visitor's sessions of before anything was counted, up to a bound, and whether there are more."""
    after, before = keys.SESSIONS
    found: list[Session] = []
    has_more = True
    while has_more and len(found) < SESSIONS_RECALLED_MAX:
        span = Span(after=after, before=before, limit=SESSIONS_RECALLED_MAX - len(found), newest_first=True)
        page = await store.scan(keys.visitor_partition(tenant, visitor), span)
        found.extend(sessions.decode(record.value, version=record.version).value.session for record in page.records)
        before, has_more = page.records[-1].key.sort if page.records else before, page.has_more
    return found, has_more


def write_event(tenant: str, event: BusinessEvent) -> Write:
    key = keys.business_event(tenant, event.visitor, event.at, event.id)
    expires_at: Instant = event.at + BUSINESS_EVENT_KEPT_MS
    return Put(Record(key=key, value=_events().encode(event), expires_at=expires_at), Expect.ABSENT)
