"""A service report made again from raw log entries, by searching them instead of following them.

Shares nothing with the report but the log and the fold that makes a session of it: where a session lay is
asked of the session, and every figure is a sentence over a list.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from kefu.domain.bounds import REPORT_LOGS_MAX
from kefu.domain.channel import Channel
from kefu.domain.instants import Instant
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.report_grouping import ReportGrouping
from kefu.domain.service_report import Figures, ServiceReport, times_of
from kefu.domain.session import Session, SessionState, apply
from kefu.records.service_courses import courses
from kefu.store.port import Store
from kefu.testing.ledger import Ledger

_MOVED_ON = (EventKind.OVERFLOWED, EventKind.TRANSFERRED)
_LEFT = (EventKind.USER_END, EventKind.USER_TIMEOUT_END, EventKind.PENDING_AUTO_END)
_PLACED = (EventKind.QUEUED, EventKind.ASSIGNED)

Told = dict[str, object]
Rows = dict[tuple[int, str], Told]


class Moment(NamedTuple):
    entry: LogEntry
    before: Session
    after: Session


class Asked(NamedTuple):
    by: ReportGrouping
    edges: Sequence[Instant]
    within: int
    now: Instant


Whose = tuple[str | None, str | None]
"""Skill group and agent."""


class _Wait(NamedTuple):
    came: Instant
    ended: Instant | None
    how: str
    whose: Whose
    is_request: bool


async def told(store: Store, tenant: str, asked: Asked, logs_max: int = REPORT_LOGS_MAX) -> Rows:
    """What the report says."""
    report = ServiceReport(asked.by, asked.edges, asked.within, asked.now)
    async for course in courses(store, tenant, asked.edges[0], asked.edges[-1], logs_max):
        report.add(course)
    return {(number, name): figures_told(figures) for number, name, figures in report.rows()}


async def differing(
    store: Store, ledger: Ledger, tenant: str, asked: Asked, logs_max: int = REPORT_LOGS_MAX
) -> set[tuple[int, str]]:
    """Intervals and names whose figures are not what the raw entries say."""
    said, should = await told(store, tenant, asked, logs_max), recomputed(ledger, asked)
    return {where for where in said.keys() | should.keys() if said.get(where) != should.get(where)}


def recomputed(ledger: Ledger, asked: Asked) -> Rows:
    """What it should say."""
    logs = [(ledger.sessions[session].value.session.channel, log) for session, log in ledger.logs.items()]
    return recomputed_of(logs, asked)


class _Found(NamedTuple):
    """What one log says, searched once for all names and intervals."""

    channel: Channel
    waits: list[_Wait]
    held: list[tuple[Instant, Instant | None, Whose]]
    moved: list[tuple[LogEntry, Whose, Whose]]


def recomputed_of(logs: Iterable[tuple[Channel, list[LogEntry]]], asked: Asked) -> Rows:
    moments = [(channel, _moments(log)) for channel, log in logs]
    names = sorted({name for channel, log in moments for name in _names(asked.by, channel, log)})
    spans = list(zip(asked.edges, asked.edges[1:], strict=False))
    whole = asked.by in (ReportGrouping.NONE, ReportGrouping.CHANNEL)
    found = [
        _Found(channel, list(_requests(_waits(log)) if whole else _waits(log)), list(_held(log)), list(_moved(log)))
        for channel, log in moments
    ]
    rows = {
        (number, name): _row(asked, found, name, since, until)
        for number, (since, until) in enumerate(spans)
        for name in names
    }
    nothing = figures_told(Figures(asked.within))
    return {where: row for where, row in rows.items() if row != nothing}


def figures_told(figures: Figures) -> Told:
    return {
        "offered": figures.offered,
        "answered": len(figures.answered),
        "abandoned": len(figures.abandoned),
        "passed on": figures.passed_on,
        "dismissed": figures.dismissed,
        "waiting": figures.waiting,
        "of answered": figures.level_of_answered,
        "with abandoned": figures.level_with_abandoned,
        "with late abandoned": figures.level_with_late_abandoned,
        "of offered": figures.level_of_offered,
        "abandonment": figures.abandonment_rate,
        "answer": _as_tuple(figures.answered),
        "abandon": _as_tuple(figures.abandoned),
        "handled": len(figures.handled),
        "handle": _as_tuple(figures.handled),
        "slots": figures.slot_time,
        "overflowed in": figures.overflowed_in,
        "overflowed out": figures.overflowed_out,
        "transferred in": figures.transferred_in,
        "transferred out": figures.transferred_out,
    }


def _as_tuple(lasted: Sequence[int]) -> tuple[int, ...] | None:
    times = times_of(lasted)
    return (times.mean, times.p50, times.p90, times.p99) if times else None


def _row(asked: Asked, found: list[_Found], name: str, since: Instant, until: Instant) -> Told:
    """Every figure, each by its own sentence."""

    def mine(channel: Channel, whose: Whose) -> bool:
        return _name(asked.by, channel, *whose) == name

    def is_now(at: Instant | None) -> bool:
        return at is not None and since <= at < until

    waits = [wait for each in found for wait in each.waits if is_now(wait.came) and mine(each.channel, wait.whose)]
    answered = [wait.ended - wait.came for wait in waits if wait.how == "answered" and wait.ended is not None]
    abandoned = [wait.ended - wait.came for wait in waits if wait.how == "abandoned" and wait.ended is not None]
    soon = len([lasted for lasted in answered if lasted <= asked.within])
    early = len([lasted for lasted in abandoned if lasted <= asked.within])
    held = [(began, ended) for each in found for began, ended, whose in each.held if mine(each.channel, whose)]
    handled = [ended - began for began, ended in held if ended is not None and is_now(ended)]
    moved = [
        (entry.kind, mine(each.channel, given), mine(each.channel, got))
        for each in found
        for entry, given, got in each.moved
        if is_now(entry.at)
    ]
    return {
        "offered": len(waits),
        "answered": len(answered),
        "abandoned": len(abandoned),
        "passed on": len([wait for wait in waits if wait.how == "passed on"]),
        "dismissed": len([wait for wait in waits if wait.how == "dismissed"]),
        "waiting": len([wait for wait in waits if wait.how == "waiting"]),
        "of answered": soon / len(answered) if answered else None,
        "with abandoned": soon / (len(answered) + len(abandoned)) if answered or abandoned else None,
        "with late abandoned": soon / some if (some := len(answered) + len(abandoned) - early) else None,
        "of offered": soon / len(waits) if waits else None,
        "abandonment": len(abandoned) / len(waits) if waits else None,
        "answer": _times(answered),
        "abandon": _times(abandoned),
        "handled": len(handled),
        "handle": _times(handled),
        "slots": sum(
            max(0, min(until, asked.now if ended is None else ended) - max(since, began)) for began, ended in held
        ),
        "overflowed in": len([got for kind, _, got in moved if got and kind is EventKind.OVERFLOWED]),
        "overflowed out": len([given for kind, given, _ in moved if given and kind is EventKind.OVERFLOWED]),
        "transferred in": len([got for kind, _, got in moved if got and kind is EventKind.TRANSFERRED]),
        "transferred out": len([given for kind, given, _ in moved if given and kind is EventKind.TRANSFERRED]),
    }


def _moments(log: list[LogEntry]) -> list[Moment]:
    session = apply(None, log[0])
    found = [Moment(log[0], session, session)]
    for entry in log[1:]:
        before, session = session, apply(session, entry)
        found.append(Moment(entry, before, session))
    return found


def _lies_with(session: Session) -> Whose:
    return session.skill_group, session.agent or session.directed_to


def _waits(log: list[Moment]) -> Iterator[_Wait]:
    """Each begins where a human is asked for, or where it is handed on to nobody yet; and ends at the next turn."""
    for place, moment in enumerate(log):
        is_request = moment.entry.kind is EventKind.HUMAN_REQUESTED
        if not is_request and not (_turns(moment) and moment.entry.kind in _MOVED_ON and moment.entry.agent is None):
            continue
        rest = log[place + 1 :]
        length = next((number for number, each in enumerate(rest) if _turns(each)), None)
        turn = None if length is None else rest[length]
        until = len(rest) if length is None else length + 1
        if not any(each.entry.kind in _PLACED for each in rest[:until]):
            continue
        yield _Wait(moment.entry.at, turn and turn.entry.at, *_outcome(turn, log[-1]), is_request)


def _turns(moment: Moment) -> bool:
    """To be passed on by a queue that was full is none: whoever asked for a human stood nowhere yet."""
    kind = moment.entry.kind
    if _is_at_the_door(moment):
        return False
    return kind is EventKind.ASSIGNED or kind in _MOVED_ON or kind is EventKind.SESSION_END


def _is_at_the_door(moment: Moment) -> bool:
    return moment.entry.kind is EventKind.OVERFLOWED and moment.before.state is SessionState.BOT


def _outcome(turn: Moment | None, last: Moment) -> tuple[str, Whose]:
    if turn is None:
        return "waiting", _lies_with(last.after)
    if turn.entry.kind is EventKind.ASSIGNED or (turn.entry.kind in _MOVED_ON and turn.entry.agent):
        return "answered", _lies_with(turn.after)
    if turn.entry.kind in _MOVED_ON:
        return "passed on", _lies_with(turn.before)
    how = "abandoned" if turn.after.end_reason in _LEFT else "dismissed"
    return how, (turn.before.skill_group, turn.before.directed_to)


def _requests(waits: Iterable[_Wait]) -> Iterator[_Wait]:
    """From the wish to what came of it: the first that was not passed on."""
    every = list(waits)
    for place, wait in enumerate(every):
        if wait.is_request:
            chain = [wait, *takewhile(lambda each: not each.is_request, every[place + 1 :])]
            settled = [each for each in chain if each.how != "passed on"] or chain[-1:]
            yield settled[0]._replace(came=wait.came)


def _held(log: list[Moment]) -> Iterator[tuple[Instant, Instant | None, Whose]]:
    """Whoever is named gets it, and has it until it is handed on or over."""
    for place, moment in enumerate(log):
        if moment.entry.agent and (moment.entry.kind is EventKind.ASSIGNED or moment.entry.kind in _MOVED_ON):
            until = [
                each.entry.at
                for each in log[place + 1 :]
                if each.entry.kind in _MOVED_ON or each.entry.kind is EventKind.SESSION_END
            ]
            yield moment.entry.at, (until[0] if until else None), _lies_with(moment.after)


def _moved(
    log: list[Moment],
) -> Iterator[tuple[LogEntry, Whose, Whose]]:
    for place, moment in enumerate(log):
        if moment.entry.kind in _MOVED_ON:
            placed = moment if moment.entry.agent else next(x for x in log[place:] if x.entry.kind in _PLACED)
            full = moment.entry.line.owner if _is_at_the_door(moment) and moment.entry.line else None
            yield moment.entry, (full, None) if full else _lies_with(moment.before), _lies_with(placed.after)


def _name(by: ReportGrouping, channel: Channel, group: str | None, agent: str | None) -> str | None:
    names: dict[ReportGrouping, str | None] = {
        ReportGrouping.NONE: "",
        ReportGrouping.CHANNEL: channel.value,
        ReportGrouping.GROUP: group or "",
        ReportGrouping.AGENT: agent,
    }
    return names[by]


def _names(by: ReportGrouping, channel: Channel, log: list[Moment]) -> Iterator[str]:
    for moment in log:
        for session in (moment.before, moment.after):
            name = _name(by, channel, *_lies_with(session))
            if name is not None:
                yield name
    for _, given, _ in _moved(log):
        if (name := _name(by, channel, *given)) is not None:
            yield name


def _times(lasted: list[int]) -> tuple[int, ...] | None:
    """A percentile is the least time that so many of a hundred do not exceed."""
    if not lasted:
        return None

    in_order = sorted(lasted)

    def least(percent: int) -> int:
        return min(each for each in lasted if 100 * bisect_right(in_order, each) >= percent * len(lasted))

    return (round(sum(lasted) / len(lasted)), least(50), least(90), least(99))
