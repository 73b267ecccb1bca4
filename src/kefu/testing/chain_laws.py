"""The laws of overflow: where a chain leads on nobody waits in vain, and what it must not lose on the way."""

from collections.abc import Iterator

from kefu.domain.agent import AgentStatus
from kefu.domain.bounds import OVERFLOW_HOPS_MAX
from kefu.domain.chains import chain_from
from kefu.domain.decision import DispatchReason, DispatchRule
from kefu.domain.instants import Instant
from kefu.domain.line import LineKind
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.session import Session
from kefu.testing.ledger import Ledger

_DOWN_A_CHAIN = frozenset({DispatchReason.NOBODY_ONLINE, DispatchReason.WAITED_TOO_LONG, DispatchReason.QUEUE_FULL})
_BEGINS_ANEW = frozenset({EventKind.ASSIGNED, EventKind.TRANSFERRED})


def chains_lead_on(ledger: Ledger, _now: Instant) -> Iterator[str]:
    """Nobody waits where no agent is ONLINE, by the status that is stored, while another group would take him.

    Only a left message does: it goes on by time alone.
    """
    for line, entries in ledger.lines.items():
        if line.kind is not LineKind.GROUP or not entries or _is_anyone_online(ledger, line.owner):
            continue
        for session in (entry.value.session for entry in entries):
            if not session.visitor_is_away and _goes_on(ledger, session):
                yield f"{session.id} waits in {line.owner}, where nobody is online, and a chain leads on"


def nobody_is_overdue(ledger: Ledger, now: Instant) -> Iterator[str]:
    """Right after a sweep: no head has waited as long as it is to, while another group would take it."""
    for line, entries in ledger.lines.items():
        group = ledger.directory.group(line.owner) if line.kind is LineKind.GROUP else None
        if not entries or group is None or group.overflow_after_ms is None:
            continue
        head = entries[0].value.session
        if (head.waiting_since or 0) + group.overflow_after_ms <= now and _goes_on(ledger, head):
            yield f"{head.id} waits in {line.owner} since {head.waiting_since}, and it is {now}"


def hops_are_counted(ledger: Ledger, _now: Instant) -> Iterator[str]:
    """The start is kept, a group is left once, and no more than so many, until somebody has the session."""
    for session, entries in ledger.to_check():
        if session.started_at != entries[0].at:
            yield f"{session.id} began at {entries[0].at} and says {session.started_at}"
        left = list[str]()
        for entry, behind in zip(entries, [*entries[1:], None], strict=True):
            if entry.kind in _BEGINS_ANEW:
                left = []
            if entry.kind is EventKind.OVERFLOWED and entry.line and entry.line.kind is LineKind.GROUP:
                left.append(entry.line.owner)
                if entry.skill_group in left and _is_a_hop(behind):
                    yield f"{session.id} came back to {entry.skill_group}"
        if len(left) > OVERFLOW_HOPS_MAX:
            yield f"{session.id} was handed on {len(left)} times"


def _goes_on(ledger: Ledger, session: Session) -> bool:
    """Of a group with hours nothing is said: that it opens is seen by the sweep."""
    if session.line is None or len(session.overflowed_from) >= OVERFLOW_HOPS_MAX:
        return False
    return any(
        group.queue_length_max is None and ledger.directory.hours_of(group.id) is None
        for group in chain_from(ledger.directory, session.line.owner, session.overflowed_from)
    )


def _is_anyone_online(ledger: Ledger, group: str) -> bool:
    return any(
        group in agent.serves and agent.status is AgentStatus.ONLINE and not agent.is_disabled
        for agent in ledger.agents.values()
    )


def _is_a_hop(placed: LogEntry | None) -> bool:
    steps = placed.decision.steps if placed and placed.decision else ()
    return any(step.rule is DispatchRule.OVERFLOW and step.reason in _DOWN_A_CHAIN for step in steps)
