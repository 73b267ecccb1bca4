import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.types.agent import Agent, load_agent
from kefu.desk.call import Role


@define.type(description="Who the token stands for.")
class Viewer:
    tenant: str = strawberry.field(description="The tenant's id.")
    role: Role = strawberry.field(description="What the token may do.")
    user_name: str = strawberry.field(description="The agent's login or the visitor's user name.")

    @strawberry.field(description="The viewer's own agent record; null if the viewer is no agent.")
    async def agent(self, info: Info) -> Agent | None:
        is_agent = self.role in (Role.AGENT, Role.SUPERVISOR)
        return await load_agent(info, self.user_name) if is_agent else None


def read_viewer(info: Info) -> Viewer:
    by = info.context.by
    return Viewer(tenant=by.tenant, role=by.role, user_name=by.user_name)
