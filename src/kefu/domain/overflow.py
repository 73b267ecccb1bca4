"""A waiting session looked at again: may it stay in its line, and where does it go if not."""

from collections.abc import Sequence
from dataclasses import replace

from kefu.domain.agent import AgentStatus
from kefu.domain.chains import reason_to_go_on
from kefu.domain.decision import Decision, DirectedBy, DispatchReason, DispatchRule
from kefu.domain.dispatch import DispatchFacts, GroupFacts, Trail, queue_in_group, reason_to_pass_over
from kefu.domain.instants import Instant
from kefu.domain.line import LineKind
from kefu.domain.route import resolve_group
from kefu.domain.session import Session, SessionState
from kefu.domain.skill_group import SkillGroup


def reason_to_leave(session: Session, facts: DispatchFacts, now: Instant) -> DispatchReason | None:
    """Why `session` cannot stay in the line it waits in; None if it can.

    `facts.designated` holds the agent of a directed line, whoever directed the session there.
    """
    if session.state is not SessionState.WAITING or session.line is None:
        return None
    if session.line.kind is LineKind.GROUP:
        gone = facts.directory.group(session.line.owner) is None
        return DispatchReason.SKILL_GROUP_REMOVED if gone else reason_to_go_on(session, facts, now)
    return _reason_to_leave_agent(session, facts, now)


def _reason_to_leave_agent(session: Session, facts: DispatchFacts, now: Instant) -> DispatchReason | None:
    waits_for = facts.designated.agent if facts.designated else None
    if waits_for is None or waits_for.is_disabled:
        return DispatchReason.DIRECTED_AGENT_REMOVED
    if _waited_too_long(session, facts, now) and not waits_for.is_free_at(now):
        return DispatchReason.WAITED_TOO_LONG
    is_offline = waits_for.status_at(now) is AgentStatus.OFFLINE
    if session.directed_by is DirectedBy.DESIGNATED:
        overflows = is_offline and facts.directory.settings.designated_offline_overflow
        return DispatchReason.DESIGNATED_AGENT_OFFLINE if overflows else None
    if is_offline:
        return DispatchReason.BOUND_AGENT_OFFLINE
    if session.directed_by is DirectedBy.BOUND:
        binding = facts.binding
        still_bound = binding is not None and binding.holds_at(now) and binding.agent == waits_for.login
        return None if still_bound else DispatchReason.BINDING_ENDED
    return None


def _waited_too_long(session: Session, facts: DispatchFacts, now: Instant) -> bool:
    longest = facts.directory.settings.queueing.directed_wait_max_ms
    since = session.waiting_since if session.waiting_since is not None else session.started_at
    return longest is not None and since + longest <= now


def group_after_overflow(session: Session, facts: DispatchFacts) -> SkillGroup:
    """The group a session belongs to once it no longer waits for one agent."""
    group = facts.directory.group(session.skill_group)
    return group or resolve_group(facts.directory, session.keys, session.channel).group


def decide_overflow(
    session: Session, reason: DispatchReason, facts: DispatchFacts, *, now: Instant, seed: int = 0
) -> Decision:
    """Where a session goes that cannot stay. `facts.group` is of the group `group_after_overflow` names."""
    trail = Trail(facts, now, seed)
    trail.note(DispatchRule.OVERFLOW, reason, session.directed_to or session.agent or "")
    return queue_in_group(trail, group_after_overflow(session, facts).id)


def decide_hop(
    session: Session,
    reason: DispatchReason,
    facts: DispatchFacts,
    ahead: Sequence[tuple[SkillGroup, GroupFacts]],
    *,
    now: Instant,
    seed: int = 0,
) -> Decision | None:
    """Down the chain, to the first group `ahead` that is open and not full; None where there is none, and the session stays."""
    trail = Trail(facts, now, seed)
    left = facts.directory.group(session.line.owner) if session.line else None
    trail.note(DispatchRule.OVERFLOW, reason, left.name if left else "")
    for group, known in ahead:
        trail.facts = replace(facts, group=known)
        passed_over = reason_to_pass_over(facts.directory, group, known, now)
        if passed_over is None:
            return queue_in_group(trail, group.id)
        trail.note(DispatchRule.OVERFLOW, passed_over, group.name)
    return None


def decide_return(
    session: Session, reason: DispatchReason, facts: DispatchFacts, *, now: Instant, seed: int = 0
) -> Decision:
    """Where an active session goes whose agent is gone.

    `facts.designated` is the agent its visitor designated, if there still is one: only he may have it then.
    """
    waits_for = facts.designated.agent if facts.designated else None
    keeps_to_him = not facts.directory.settings.designated_offline_overflow
    was_his = waits_for is not None and waits_for.login == session.agent
    if session.keys.agent_username and waits_for and was_his and not waits_for.is_disabled and keeps_to_him:
        trail = Trail(facts, now, seed)
        trail.note(DispatchRule.OVERFLOW, reason, session.agent or "")
        return trail.wait_for(waits_for, None, DirectedBy.DESIGNATED)
    return decide_overflow(session, reason, facts, now=now, seed=seed)
