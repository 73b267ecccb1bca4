import asyncio
from collections.abc import Sequence

from kefu.desk.call import Caller, Role
from kefu.desk.desk import Desk
from kefu.domain.ids import login_of
from kefu.records import agents
from kefu.records.agents import LoadedAgent
from kefu.store.port import Conflict


async def load_agents(desk: Desk, tenant: str, logins: Sequence[str]) -> list[LoadedAgent | None]:
    """Agents by login, None where there is none: in one round trip where they sit as they sat last."""
    known = [agent for login in logins if (agent := desk.last_seen.agent(tenant, login))]
    try:
        _, loaded = await asyncio.gather(
            desk.read_ahead([agents.key_of(tenant, agent) for agent in known]), agents.load(desk.store, tenant, logins)
        )
    except Conflict:  # one moved between two reads, and this step reads neither again
        loaded = await agents.load(desk.plain_store, tenant, logins)
    desk.last_seen.saw_agents(tenant, [each.value for each in loaded if each], desk.clock.now())
    return loaded


async def load_agent(desk: Desk, tenant: str, login: str) -> LoadedAgent | None:
    [loaded] = await load_agents(desk, tenant, [login])
    return loaded


async def holds_session_of(desk: Desk, caller: Caller, visitor: str) -> bool:
    """Whether the caller is an agent who has the visitor's session."""
    is_agent = caller.role is Role.AGENT
    loaded = await load_agent(desk, caller.tenant, login_of(caller.user_name)) if is_agent else None
    return loaded is not None and any(held.visitor == visitor for held in loaded.value.held)
