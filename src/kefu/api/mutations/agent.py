from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.mutations.message import KEY
from kefu.api.scalars import Url
from kefu.api.types.agent import Agent, load_agent
from kefu.api.types.session import Session, load_result_sessions
from kefu.api.types.skill_group import group_id_of
from kefu.desk.call import Role
from kefu.desk.delete_agent import delete_agent
from kefu.desk.presence import show_presence
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.domain.agent import AgentRole, AgentStatus
from kefu.domain.ids import login_of
from kefu.domain.refusals import Declined, RefusalCode


@define.input(description="An agent comes or goes.")
class AgentStatusSetInput:
    user_name: str | None = strawberry.field(default=None, description="Whose; the caller's own if left out.")
    status: AgentStatus = strawberry.field(description="The new status.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class AgentStatusSetPayload:
    agent: Agent | None = strawberry.field(default=None, description="The agent as he is now.")
    assigned: list[Session] | None = strawberry.field(default=None, description="Waiting sessions he got by it.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="An agent to make or change; what is left out stays as it is.")
class AgentSaveInput:
    user_name: str = strawberry.field(description="Login e-mail: whom to make or change.")
    nickname: str | None = strawberry.field(default=None, description="The name that visitors see.")
    avatar_url: Url | None = strawberry.field(default=None, description="The picture that visitors see.")
    max_sessions: int | None = strawberry.field(default=None, description="How many sessions at once; 5 at first.")
    skill_group_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="All groups to serve; an empty list means the default group."
    )
    role: AgentRole | None = strawberry.field(default=None, description="AGENT at first.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class AgentSavePayload:
    agent: Agent | None = strawberry.field(default=None, description="The agent as he is now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="An agent who leaves for good.")
class AgentDeleteInput:
    user_name: str = strawberry.field(description="Login e-mail.")
    force: bool | None = strawberry.field(
        default=None, description="Even while he holds sessions: they go back to their groups' lines."
    )
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class AgentDeletePayload:
    deleted_user_name: str | None = strawberry.field(default=None, description="Who is gone.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="An agent's client shows itself.")
class AgentHeartbeatInput:
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class AgentHeartbeatPayload:
    agent: Agent | None = strawberry.field(default=None, description="The agent, with the lease as it is now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


Heartbeat = Annotated[AgentHeartbeatInput, strawberry.argument(description="Nothing but the key.")]
StatusSet = Annotated[AgentStatusSetInput, strawberry.argument(description="Whose status and which.")]
Save = Annotated[AgentSaveInput, strawberry.argument(description="The agent.")]
Delete = Annotated[AgentDeleteInput, strawberry.argument(description="The agent.")]


@refusals_as_data(AgentStatusSetPayload)
async def agent_status_set(info: Info, input: StatusSet) -> AgentStatusSetPayload:  # noqa: A002  the contract's name
    user_name = input.user_name if input.user_name is not None else info.context.by.user_name
    call = info.context.call("agentStatusSet", input)
    done = await set_agent_status(info.context.desk, call, user_name, input.status)
    return AgentStatusSetPayload(
        agent=await load_agent(info, done.agent), assigned=await load_result_sessions(info, done.assigned)
    )


@refusals_as_data(AgentHeartbeatPayload)
async def agent_heartbeat(info: Info, input: Heartbeat) -> AgentHeartbeatPayload:  # noqa: A002  as above
    call = info.context.call("agentHeartbeat", input)
    if call.by.role not in (Role.AGENT, Role.SUPERVISOR):
        raise Declined(RefusalCode.NOT_ALLOWED, "Only an agent's own client shows that the agent is there.")
    await show_presence(info.context.desk, call.by, must_exist=True)
    return AgentHeartbeatPayload(agent=await load_agent(info, login_of(call.by.user_name)))


@refusals_as_data(AgentSavePayload)
async def agent_save(info: Info, input: Save) -> AgentSavePayload:  # noqa: A002  as above
    groups = input.skill_group_ids
    change = AgentChange(
        user_name=input.user_name,
        nickname=input.nickname,
        avatar_url=input.avatar_url,
        max_sessions=input.max_sessions,
        groups=None if groups is None else tuple(group_id_of(info, each, "skillGroupIds") for each in groups),
        role=input.role,
    )
    done = await save_agent(info.context.desk, info.context.call("agentSave", input), change)
    return AgentSavePayload(agent=await load_agent(info, done.agent))


@refusals_as_data(AgentDeletePayload)
async def agent_delete(info: Info, input: Delete) -> AgentDeletePayload:  # noqa: A002  as above
    call = info.context.call("agentDelete", input)
    done = await delete_agent(info.context.desk, call, input.user_name, force=bool(input.force))
    return AgentDeletePayload(deleted_user_name=done.agent)
