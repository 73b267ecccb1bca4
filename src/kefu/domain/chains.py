"""Overflow chains: which groups take over from one that cannot keep who waits, and when.

A chain is walked depth first from where the session stands, back over the groups that it left. A group is entered
once, so even a chain that was turned round meanwhile comes to its end.
"""

from collections.abc import Iterator, Mapping

from kefu.domain.agent import AgentStatus
from kefu.domain.bounds import OVERFLOW_HOPS_MAX
from kefu.domain.decision import DispatchReason
from kefu.domain.directory import Directory
from kefu.domain.dispatch import DispatchFacts, GroupFacts
from kefu.domain.instants import Instant
from kefu.domain.line import LineKind
from kefu.domain.session import Session
from kefu.domain.skill_group import SkillGroup


def reason_to_go_on(session: Session, facts: DispatchFacts, now: Instant) -> DispatchReason | None:
    """Why a session that waits in a group's queue is for the next group; None while it stays, or none is next.

    `facts.group` is of the group it waits in.
    """
    group = facts.directory.group(session.line.owner) if session.line else None
    if group is None or not may_go_on(facts.directory, session):
        return None
    # a left message comes in as the desk opens, and must not run past agents who have yet to log in
    if not session.visitor_is_away and not is_anyone_online(facts.group, now):
        return DispatchReason.NOBODY_ONLINE
    is_served = any(agent.is_free_at(now) for agent in facts.group.agents)
    return DispatchReason.WAITED_TOO_LONG if not is_served and _is_overdue(session, group, facts.group, now) else None


def may_go_on(directory: Directory, session: Session) -> bool:
    return len(session.overflowed_from) < OVERFLOW_HOPS_MAX and bool(groups_ahead(directory, session))


def groups_ahead(directory: Directory, session: Session) -> list[SkillGroup]:
    """The groups that may take over from the one whose queue `session` waits in, the next one first."""
    if session.line is None or session.line.kind is not LineKind.GROUP:
        return []
    return chain_from(directory, session.line.owner, session.overflowed_from)


def is_in_a_chain(directory: Directory, group_id: str) -> bool:
    """Whether who waits in the group may have somewhere to go on to."""
    own = directory.group(group_id)
    return bool(own and own.overflow_groups) or any(
        group_id in each.overflow_groups for each in directory.groups.values()
    )


def chain_from(directory: Directory, group_id: str, left: tuple[str, ...] = ()) -> list[SkillGroup]:
    """Up to `OVERFLOW_HOPS_MAX` groups behind one, of a session that came over those `left`."""
    entered, found = {group_id, *left}, list[SkillGroup]()
    for start in (group_id, *reversed(left)):
        ahead = _taking_over(directory, start)
        while ahead and len(found) < OVERFLOW_HOPS_MAX:
            group = ahead.pop(0)
            if group.id not in entered:
                entered.add(group.id)
                found.append(group)
                ahead = [*_taking_over(directory, group.id), *ahead]
    return found


def is_anyone_online(group: GroupFacts, now: Instant) -> bool:
    return any(agent.status_at(now) is AgentStatus.ONLINE for agent in group.agents)


def cycle_through(groups: Mapping[str, SkillGroup], start: str) -> tuple[str, ...]:
    """The groups that lead from `start` back to it, itself first and last; none if nothing does."""
    came_from, ahead = dict[str, str](), [start]
    while ahead:
        group = ahead.pop()
        for each in groups[group].overflow_groups if group in groups else ():
            if each == start:
                return (start, *reversed(list(_back_from(group, came_from, start))), start)
            if each not in came_from:
                came_from[each] = group
                ahead.append(each)
    return ()


def _back_from(group: str, came_from: Mapping[str, str], start: str) -> Iterator[str]:
    while group != start:
        yield group
        group = came_from[group]


def _taking_over(directory: Directory, group_id: str) -> list[SkillGroup]:
    group = directory.group(group_id)
    named = group.overflow_groups if group else ()
    return [found for each in named if (found := directory.group(each))]


def _is_overdue(session: Session, group: SkillGroup, facts: GroupFacts, now: Instant) -> bool:
    since = session.waiting_since if session.waiting_since is not None else session.started_at
    is_head = facts.head == session.id
    return is_head and group.overflow_after_ms is not None and since + group.overflow_after_ms <= now
