"""Which waiting session an agent with room serves next."""

from collections.abc import Iterable

from kefu.domain.agent import Agent
from kefu.domain.decision import Decision, DispatchOutcome, DispatchReason, DispatchRule, DispatchTrigger
from kefu.domain.decision import DispatchStep as Step
from kefu.domain.instants import Instant
from kefu.domain.line import LineKind
from kefu.domain.ranking import weigh
from kefu.domain.session import Session


def first_to_serve(waiting: Iterable[Session]) -> Session | None:
    """VIP before others; within a class the directed line before the groups' queues; then the earliest start."""
    return min(waiting, key=_turn, default=None)


def _turn(session: Session) -> tuple[bool, bool, int, str]:
    in_group = session.line is not None and session.line.kind is LineKind.GROUP
    return (not session.is_vip, in_group, session.started_at, session.id)


def decide_next(
    agent: Agent,
    session: Session,
    *,
    trigger: DispatchTrigger,
    now: Instant,
) -> Decision:
    """`agent`, who has room, takes `session`, which is first of those he can serve."""
    line = session.line
    step = Step(
        rule=DispatchRule.LINE,
        reason=DispatchReason.FIRST_IN_LINE,
        outcome=DispatchOutcome.ASSIGN,
        detail=f"{line.kind} {line.owner}" if line else "",
    )
    return Decision(
        outcome=DispatchOutcome.ASSIGN,
        agent=agent.login,
        skill_group=line.owner if line and line.kind is LineKind.GROUP else session.skill_group,
        trigger=trigger,
        decided_at=now,
        steps=(step,),
        candidates=(weigh(agent, now, rank=1, chosen=agent),),
    )
