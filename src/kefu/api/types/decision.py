from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info, to_datetime
from kefu.api.pagination import After, Connection, First, Window, connect, cut, window
from kefu.api.types.skill_group import SkillGroup, load_group
from kefu.desk.call import Role
from kefu.domain import decision as domain
from kefu.domain.agent import AgentStatus

if TYPE_CHECKING:
    from kefu.api.types.agent import Agent

LazyAgent = Annotated["Agent", strawberry.lazy("kefu.api.types.agent")]


@define.type(description="One rule that was tried.")
class DispatchStep:
    rule: domain.DispatchRule = strawberry.field(description="Which rule.")
    outcome: domain.DispatchOutcome | None = strawberry.field(
        description="What it decided; null if it did not settle it and the next was tried."
    )
    reason: domain.DispatchReason = strawberry.field(description="Why.")
    detail: str | None = strawberry.field(description="The value it looked at: a flag, a name, a login.")


@define.type(description="An agent who was weighed, and the facts he was weighed by.")
class Candidate:
    value: strawberry.Private[domain.Candidate]
    is_chosen: bool = strawberry.field(description="Whether he was taken.")
    rank: int | None = strawberry.field(description="1 is best; null if he could not be taken at all.")
    refusal: domain.CandidateRefusal | None = strawberry.field(description="Why not; null if he was taken.")
    status: AgentStatus = strawberry.field(description="His status at that moment.")
    active_sessions: int = strawberry.field(description="How many sessions he held at that moment.")
    max_sessions: int = strawberry.field(description="How many he could hold at that moment.")
    idle_since: datetime = strawberry.field(description="Since when he was idle, as the ranking counts it.")

    @classmethod
    def of(cls, value: domain.Candidate) -> "Candidate":
        return cls(
            value=value,
            is_chosen=value.is_chosen,
            rank=value.rank,
            refusal=value.refusal,
            status=value.status,
            active_sessions=value.active_sessions,
            max_sessions=value.max_sessions,
            idle_since=to_datetime(value.idle_since),
        )

    @strawberry.field(description="Who.")
    async def agent(self, info: Info) -> LazyAgent:
        from kefu.api.types.agent import load_agent_or_former  # noqa: PLC0415  agents have sessions with decisions

        return await load_agent_or_former(info, self.value.agent)


@define.type(description="What was decided for a session, with every step tried and why.")
class DispatchDecision:
    value: strawberry.Private[domain.Decision]
    outcome: domain.DispatchOutcome = strawberry.field(description="What was decided.")
    trigger: domain.DispatchTrigger = strawberry.field(description="What made the desk decide.")
    decided_at: datetime = strawberry.field(description="When.")
    is_dry_run: bool = strawberry.field(description="Whether it was only asked what would happen.")
    directed_by: domain.DirectedBy | None = strawberry.field(description="Why it waits for one agent only, if so.")
    steps: list[DispatchStep] = strawberry.field(description="The rules tried, in order.")

    @classmethod
    def of(cls, value: domain.Decision) -> "DispatchDecision":
        return cls(
            value=value,
            outcome=value.outcome,
            trigger=value.trigger,
            decided_at=to_datetime(value.decided_at),
            is_dry_run=value.trigger is domain.DispatchTrigger.DRY_RUN,
            directed_by=value.directed_by,
            steps=[
                DispatchStep(rule=step.rule, outcome=step.outcome, reason=step.reason, detail=step.detail or None)
                for step in value.steps
            ],
        )

    @strawberry.field(description="The agent assigned or waited for.")
    async def agent(self, info: Info) -> LazyAgent | None:
        from kefu.api.types.agent import load_agent_or_former  # noqa: PLC0415  as above

        return await load_agent_or_former(info, self.value.agent) if self.value.agent else None

    @strawberry.field(description="The skill group it belongs to; null if only one agent may have it.")
    async def skill_group(self, info: Info) -> SkillGroup | None:
        return await load_group(info, self.value.skill_group)

    @strawberry.field(description="The agents weighed, best first; none are told to a visitor.")
    async def candidates(self, info: Info, first: First = None, after: After = None) -> Connection[Candidate]:
        weighed = () if info.context.by.role is Role.VISITOR else self.value.candidates
        places = {id(each): f"{number:03d}" for number, each in enumerate(weighed)}

        async def fetch(asked: Window) -> tuple[list[domain.Candidate], bool]:
            return cut(weighed, asked, lambda each: places[id(each)])

        return await connect(
            window("candidates", first, after), fetch, place=lambda each: places[id(each)], node=Candidate.of
        )
