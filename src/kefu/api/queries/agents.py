from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.pagination import After, Connection, First, connect, pick, window
from kefu.api.types.agent import Agent, load_agent, may_see_agent
from kefu.api.types.skill_group import group_id_of
from kefu.desk.access import require_staff
from kefu.domain.agent import Agent as AgentValue
from kefu.domain.agent import AgentStatus
from kefu.domain.bounds import PAGE_MAX
from kefu.domain.ids import login_of
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.records import agents as records
from kefu.store.port import Span


@define.input(description="Which agents; what is left out does not matter.")
class AgentFilter:
    statuses: list[AgentStatus] | None = strawberry.field(default=None, description="In one of these statuses now.")
    skill_group_id: strawberry.ID | None = strawberry.field(default=None, description="In this skill group.")


Filter = Annotated[AgentFilter | None, strawberry.argument(description="Which agents.")]
UserName = Annotated[str, strawberry.argument(description="The agent's login e-mail.")]


async def find_agent(info: Info, user_name: UserName) -> Agent | None:
    login = login_of(user_name)
    return await load_agent(info, login) if may_see_agent(info, login) else None


async def list_agents(
    info: Info,
    filter: Filter = None,  # noqa: A002  the contract's name
    first: First = None,
    after: After = None,
) -> Connection[Agent]:
    context = info.context
    require_staff(context.by)
    asked_filter = filter or AgentFilter()
    group = group_id_of(info, asked_filter.skill_group_id, "skillGroupId") if asked_filter.skill_group_id else None
    now = context.desk.clock.now()

    def matches(value: AgentValue) -> bool:
        in_status = asked_filter.statuses is None or value.status_at(now) in asked_filter.statuses
        return in_status and (group is None or group in (value.groups or (DEFAULT_GROUP,)))

    async def listed(behind: str) -> tuple[list[AgentValue], bool]:
        return await records.listed(context.desk.store, context.tenant, Span(PAGE_MAX, behind))

    return await connect(
        window("agents", first, after),
        lambda asked: pick(asked, listed, matches, _place),
        place=_place,
        node=lambda value: Agent.of(value, context.tenant, now),
    )


def _place(value: AgentValue) -> str:
    return records.listing_order(value.login)
