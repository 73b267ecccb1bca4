"""Everything of one tenant, read out of a store at rest: what the laws are held against."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from kefu.domain.agent import Agent
from kefu.domain.binding import Binding
from kefu.domain.binding_rules import BusinessEvent, ClosedTally
from kefu.domain.deadline import Deadline
from kefu.domain.decision import DirectedBy
from kefu.domain.directory import Directory
from kefu.domain.line import Line, agent_line, group_line
from kefu.domain.log import LogEntry
from kefu.domain.rating import Rating
from kefu.domain.session import Session, SessionState, fold
from kefu.domain.session_ref import SessionRef
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.records import agents, binding_rules, bindings, deadlines, keys, ratings, sessions
from kefu.records.directories import Directories
from kefu.records.sessions import LoadedSession
from kefu.store.port import Span, Store

_PAGE = 100

Fold: TypeAlias = tuple[int, Session]
"""How many entries were folded, and what they made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    directory: Directory
    agents: dict[str, Agent]
    sessions: dict[str, LoadedSession]
    """By session id, as their own records say."""
    lines: dict[Line, list[LoadedSession]]
    """As the copies in the lines say, in the order of the line."""
    logs: dict[str, list[LogEntry]]
    commits: dict[str, int]
    """How many log records each session has: one per commit."""
    bindings: dict[tuple[str, str], Binding]
    """By businessFlag and visitor: at least those by which somebody waits."""
    ratings: dict[str, Rating] = field(default_factory=dict)
    """By session id."""
    deadlines: dict[str, Deadline] = field(default_factory=dict)
    """By session id."""
    tallies: dict[tuple[str, str], ClosedTally] = field(default_factory=dict)
    """By visitor and agent."""
    business_events: dict[str, BusinessEvent] = field(default_factory=dict)
    """By id."""
    forgotten: tuple[str, ...] = field(default=(), compare=False)
    """What the latest commit left out of a binding's history."""
    folds: dict[str, Fold] = field(default_factory=dict, compare=False)
    """What the first entries of a log made, by session id. Kept where logs only grow, to fold what came since."""
    touched: frozenset[str] | None = field(default=None, compare=False)
    """Ids of the sessions that changed since the laws held last; None: any may have."""

    def to_check(self) -> Iterator[tuple[Session, list[LogEntry]]]:
        """Sessions with their logs, of which laws about one session must be held."""
        for session_id in self.sessions if self.touched is None else self.touched:
            yield self.sessions[session_id].value.session, self.logs[session_id]

    def folded(self, session_id: str) -> Session:
        """The session that its log makes. Raises `IllegalEvent`."""
        entries = self.logs[session_id]
        count, before = self.folds.get(session_id, (0, None))
        after = fold(entries[count:], before)
        self.folds[session_id] = (len(entries), after)
        return after

    def each(self) -> Iterator[Session]:
        return (loaded.value.session for loaded in self.sessions.values())


async def read_ledger(store: Store, tenant: str) -> Ledger:
    directory = (await Directories().load(store, tenant)).directory
    staff = {agent.login: agent for agent in await agents_of(store, tenant)}
    own_lines = [agent_line(login) for login in staff]
    group_lines = [group_line(group) for group in (DEFAULT_GROUP, *directory.groups)]
    found = await _sessions(store, tenant)
    logs = {each.value.session.id: await _log(store, tenant, each.value.session.id) for each in found}
    ruled = (
        await _ruled(store, tenant, {each.value.session.ref.visitor for each in found})
        if directory.binding_rules
        else _Ruled()
    )
    return Ledger(
        directory=directory,
        agents=staff,
        sessions={each.value.session.id: each for each in found},
        lines={line: await line_of(store, tenant, line) for line in (*own_lines, *group_lines)},
        logs={session: entries for session, (entries, _) in logs.items()},
        commits={session: commits for session, (_, commits) in logs.items()},
        bindings=await bindings_of(store, tenant, found) | ruled.bindings,
        tallies=ruled.tallies,
        business_events=ruled.business_events,
        ratings=await _ratings(store, tenant, [each.value.session.id for each in found]),
        deadlines=await _deadlines(store, tenant, [each.value.session.id for each in found]),
    )


async def agents_of(store: Store, tenant: str) -> list[Agent]:
    found: list[Agent] = []
    after, has_more = "", True
    while has_more:
        page, has_more = await agents.listed(store, tenant, Span(_PAGE, after))
        found.extend(page)
        after = agents.listing_order(page[-1].login) if page else ""
    return found


async def _sessions(store: Store, tenant: str) -> list[LoadedSession]:
    refs: list[SessionRef] = []
    for state in SessionState:
        after, has_more = "", True
        while has_more:
            page, has_more = await sessions.listed(store, tenant, state, Span(_PAGE, after))
            refs.extend(session.ref for session in page)
            after = sessions.listing_order(page[-1]) if page else ""
    loaded = [await sessions.load(store, tenant, refs[start : start + _PAGE]) for start in range(0, len(refs), _PAGE)]
    return [each for page in loaded for each in page if each]


async def bindings_of(store: Store, tenant: str, found: Iterable[LoadedSession]) -> dict[tuple[str, str], Binding]:
    read: dict[tuple[str, str], Binding] = {}
    for session in (each.value.session for each in found):
        if session.directed_by is DirectedBy.BOUND and session.keys.business_flag:
            flag, visitor = session.keys.business_flag, session.ref.visitor
            loaded = await bindings.load(store, tenant, flag, visitor)
            if loaded:
                read[flag, visitor] = loaded.value
    return read


@dataclass(slots=True)
class _Ruled:
    """What binding rules read and write; nothing where there are none."""

    bindings: dict[tuple[str, str], Binding] = field(default_factory=dict)
    tallies: dict[tuple[str, str], ClosedTally] = field(default_factory=dict)
    business_events: dict[str, BusinessEvent] = field(default_factory=dict)


async def _ruled(store: Store, tenant: str, visitors: Iterable[str]) -> _Ruled:
    found = _Ruled()
    for visitor in visitors:
        for text in await _between(store, tenant, visitor, keys.BINDINGS):
            binding = bindings.decode(text)
            found.bindings[binding.business_flag, visitor] = binding
        for text in await _between(store, tenant, visitor, keys.TALLIES):
            tally = binding_rules.decode_tally(text)
            found.tallies[visitor, tally.agent] = tally
        for text in await _between(store, tenant, visitor, keys.BUSINESS_EVENTS):
            event = binding_rules.decode_event(text)
            found.business_events[event.id] = event
    return found


async def _between(store: Store, tenant: str, visitor: str, places: tuple[str, str]) -> list[str]:
    after, before = places
    page = await store.scan(keys.visitor_partition(tenant, visitor), Span(_PAGE, after, before))
    return [record.value for record in page.records]


async def _ratings(store: Store, tenant: str, session_ids: list[str]) -> dict[str, Rating]:
    read: dict[str, Rating] = {}
    for start in range(0, len(session_ids), _PAGE):
        page = session_ids[start : start + _PAGE]
        records = await store.get([keys.rating(tenant, session_id) for session_id in page])
        read |= {id_: ratings.decode(record.value) for id_, record in zip(page, records, strict=True) if record}
    return read


async def _deadlines(store: Store, tenant: str, session_ids: list[str]) -> dict[str, Deadline]:
    read: dict[str, Deadline] = {}
    for start in range(0, len(session_ids), _PAGE):
        page = session_ids[start : start + _PAGE]
        found = await deadlines.load(store, tenant, page)
        read |= {id_: loaded.value for id_, loaded in zip(page, found, strict=True) if loaded}
    return read


async def line_of(store: Store, tenant: str, line: Line) -> list[LoadedSession]:
    found: list[LoadedSession] = []
    has_more = True
    while has_more:
        last = found[-1].value.session.place if found else None
        page, has_more = await sessions.line_page(store, tenant, line, behind=last, limit=_PAGE)
        found.extend(page)
    return found


async def _log(store: Store, tenant: str, session_id: str) -> tuple[list[LogEntry], int]:
    records = await sessions.log_records(store, tenant, session_id)
    return [entry for record in records for entry in record.entries], len(records)
