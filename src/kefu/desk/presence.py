"""Presence: an agent's own client keeps a lease; when it lapses the agent counts as OFFLINE at once."""

import asyncio
from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.access import agent_not_found
from kefu.desk.attempts import attempt, commit
from kefu.desk.call import Caller
from kefu.desk.desk import Desk
from kefu.desk.loading_agents import load_agent
from kefu.desk.serving import fill
from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.decision import DispatchTrigger
from kefu.domain.ids import login_of
from kefu.domain.instants import Instant
from kefu.records import agents
from kefu.records.agents import LoadedAgent

RENEW_BELOW = 2 / 3
"""A lease is written anew once less than this part of it is left: not at every request."""


@dataclass(frozen=True, slots=True)
class Extended:
    agent: Agent
    came_back: bool
    """The lease had lapsed: the agent gained room by showing himself."""


async def show_presence(desk: Desk, caller: Caller, *, must_exist: bool = False) -> None:
    """The calling agent's client shows itself: starts the lease, or extends it when it runs low.

    Raises `NotFound` if `must_exist` and there is no such agent.
    """
    login = login_of(caller.user_name)
    extended = await attempt(desk, lambda desk, _: _extend(desk, caller.tenant, login))
    if extended is None:
        if must_exist:
            raise agent_not_found(caller.user_name)
    elif extended.came_back:
        await fill(desk, caller.tenant, login, DispatchTrigger.AGENT_GAINED_ROOM)


async def _extend(desk: Desk, tenant: str, login: str) -> Extended | None:
    loaded, directory = await asyncio.gather(load_agent(desk, tenant, login), desk.directories.load(desk.store, tenant))
    if loaded is None:
        return None
    settings = directory.directory.settings
    now, agent = desk.clock.now(), loaded.value
    if not _runs_low(agent, settings.presence_lease_ms, now):
        return Extended(agent, came_back=False)
    came_back = agent.status is not AgentStatus.OFFLINE and agent.status_at(now) is AgentStatus.OFFLINE
    extended = replace(
        agent,
        lease_expires_at=now + settings.presence_lease_ms,
        status_changed_at=now if came_back else agent.status_changed_at,
        idle_since=now if came_back else agent.idle_since,
    )
    await commit(desk, [agents.write(tenant, extended, loaded.version, settings.ranking)])
    return Extended(extended, came_back=came_back)


def _runs_low(agent: Agent, lease_ms: int, now: Instant) -> bool:
    left = 0 if agent.lease_expires_at is None else agent.lease_expires_at - now
    return left < lease_ms * RENEW_BELOW


async def store_lapse(desk: Desk, tenant: str, login: str) -> LoadedAgent | None:
    """Makes a lapsed lease the stored status. Returns the agent if he is OFFLINE now."""

    async def step(desk: Desk, _lost: int) -> LoadedAgent | None:
        loaded = await agents.load_one(desk.store, tenant, login)
        now = desk.clock.now()
        if loaded is None or loaded.value.status_at(now) is not AgentStatus.OFFLINE:
            return None
        agent = loaded.value
        if agent.status is not AgentStatus.OFFLINE and not agent.is_disabled:
            lapsed_at = agent.lease_expires_at if agent.lease_expires_at is not None else now
            offline = replace(agent, status=AgentStatus.OFFLINE, status_changed_at=lapsed_at, lease_expires_at=None)
            ranking = (await desk.directories.load(desk.store, tenant)).directory.settings.ranking
            await commit(desk, [agents.write(tenant, offline, loaded.version, ranking)])
        return loaded

    return await attempt(desk, step)
