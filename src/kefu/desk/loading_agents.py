import asyncio
from collections.abc import Sequence

from kefu.desk.desk import Desk
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
