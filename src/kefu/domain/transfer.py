"""A session handed on: to an agent, who must be free unless forced, or to a group, whose queue it joins."""

from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.decision import Decision, DirectedBy, DispatchOutcome, DispatchReason, DispatchRule
from kefu.domain.dispatch import DispatchFacts, Trail, queue_in_group
from kefu.domain.instants import Instant
from kefu.domain.ranking import weigh
from kefu.domain.refusals import Declined, RefusalCode
from kefu.domain.session import Session


def decide_transfer_to_agent(
    session: Session, target: Agent, facts: DispatchFacts, *, force: bool, now: Instant
) -> Decision:
    """Raises `Declined` if `target` is not free and the transfer is not forced into his line."""
    trail = Trail(facts, now, seed=0)
    rule, reason = DispatchRule.TRANSFER, DispatchReason.TRANSFERRED_TO_AGENT
    if target.is_free_at(now):
        trail.note(rule, reason, target.login, outcome=DispatchOutcome.ASSIGN)
        return trail.assign(target, session.skill_group, (weigh(target, now, rank=1, chosen=target),))
    if not force:
        raise _not_free(target, now)
    trail.note(rule, reason, target.login, outcome=DispatchOutcome.WAIT_FOR_AGENT)
    return trail.wait_for(target, session.skill_group, DirectedBy.TRANSFERRED)


def decide_transfer_to_group(group_id: str, facts: DispatchFacts, *, now: Instant, seed: int) -> Decision:
    """`facts.group` is of that group."""
    trail = Trail(facts, now, seed)
    trail.note(DispatchRule.TRANSFER, DispatchReason.TRANSFERRED_TO_GROUP)
    return queue_in_group(trail, group_id)


def _not_free(target: Agent, now: Instant) -> Declined:
    status = target.status_at(now)
    if status is AgentStatus.ONLINE:
        return Declined(
            RefusalCode.AGENT_FULL,
            f"{target.user_name} holds {target.active_sessions} of {target.max_sessions} sessions. "
            "Choose another agent or a skill group, or use force to wait in this agent's line.",
            "toAgent",
        )
    return Declined(
        RefusalCode.AGENT_NOT_ONLINE,
        f"{target.user_name} is {status}. Choose another agent or a skill group, "
        "or use force to wait in this agent's line.",
        "toAgent",
    )
