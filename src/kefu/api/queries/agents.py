from typing import Annotated

import strawberry

from kefu.api.context import Info
from kefu.api.pagination import After, Connection, First, Window, connect, window
from kefu.api.types.agent import Agent, load_agent, may_see_agent
from kefu.api.types.skill_group import group_id_of
from kefu.desk.access import require_staff
from kefu.domain.agent import Agent as AgentValue
from kefu.domain.agent import AgentStatus
from kefu.domain.ids import login_of
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.records import agents as records

_SCANNED_MAX = 1_000


@strawberry.input(description="Which agents; what is left out does not matter.")
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

    async def fetch(asked: Window) -> tuple[list[AgentValue], bool]:
        found: list[AgentValue] = []
        place, has_more, scanned = asked.after or "", True, 0
        while has_more and len(found) <= asked.limit and scanned < _SCANNED_MAX:
            page, has_more = await records.listed(context.desk.store, context.tenant, after=place, limit=100)
            scanned += len(page)
            place = records.listing_order(page[-1].login) if page else place
            found.extend(value for value in page if matches(value))
        return found[: asked.limit], len(found) > asked.limit or has_more

    return await connect(
        window("agents", first, after),
        fetch,
        place=lambda value: records.listing_order(value.login),
        node=lambda value: Agent.of(value, context.tenant, now),
    )
