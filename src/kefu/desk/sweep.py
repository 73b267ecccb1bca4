"""The second net: whatever a request that died left behind, and whatever only time brings about.

Safe to run twice and beside anything: it does nothing that a request would not do. Listings tell it where to
look, strongly consistent reads decide.
"""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from kefu.desk.attempts import attempt
from kefu.desk.desk import Desk
from kefu.desk.looking import look, look_at_line
from kefu.desk.presence import store_lapse
from kefu.desk.returning import is_given_up, return_held_sessions
from kefu.desk.serving import fill
from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.bounds import SWEEP_PAGE, SWEPT_MAX
from kefu.domain.decision import DispatchReason, DispatchTrigger
from kefu.domain.line import agent_line
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.tenant import Tenant
from kefu.records import agents, sessions, tenants

SWEEP_EVERY_S = 60

log = logging.getLogger("kefu.desk.sweep")


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    agents: int
    sessions: int


async def keep_sweeping(desk: Desk) -> None:
    """Sweeps every tenant once a minute, for as long as it is let. What goes wrong is logged and tried again."""
    while True:
        await desk.clock.sleep(SWEEP_EVERY_S)
        try:
            await sweep_all(desk)
        except Exception:  # the second net must hold whatever tears
            log.exception("the sweep did not come through; the next one tries again")


async def sweep_all(desk: Desk) -> None:
    after: str | None = ""
    while after is not None:
        page, after = await _tenants_page(desk, after)
        for tenant in page:
            try:
                await sweep(desk, tenant.id)
            except Exception:  # one tenant's trouble is not the next one's
                log.exception("the sweep of tenant %s did not come through; the next one tries again", tenant.id)


async def sweep(desk: Desk, tenant: str) -> Swept:
    """Looks once at every agent and every waiting session of a tenant, up to `SWEPT_MAX` of each."""
    seen_agents = seen_sessions = 0
    async for agent in agents_of(desk, tenant):
        seen_agents += 1
        await _sweep_agent(desk, tenant, agent)
    async for ref in _waiting(desk, tenant):
        seen_sessions += 1
        await look(desk, tenant, ref, DispatchTrigger.SWEEP)
    return Swept(agents=seen_agents, sessions=seen_sessions)


async def _sweep_agent(desk: Desk, tenant: str, listed: Agent) -> None:
    now = desk.clock.now()
    if listed.is_free_at(now):
        await fill(desk, tenant, listed.login, DispatchTrigger.SWEEP)
    if listed.status_at(now) is not AgentStatus.OFFLINE:
        return
    offline = await store_lapse(desk, tenant, listed.login)
    if offline is None:
        return
    await look_at_line(desk, tenant, agent_line(listed.login), DispatchTrigger.AGENT_WENT_OFFLINE)
    if offline.value.held:
        settings = (await attempt(desk, lambda _: desk.directories.load(desk.store, tenant))).directory.settings
        if is_given_up(offline.value, settings, now):
            await return_held_sessions(desk, tenant, listed.login, DispatchReason.AGENT_VANISHED)


async def agents_of(desk: Desk, tenant: str) -> AsyncIterator[Agent]:
    """The tenant's agents as a listing tells them, up to `SWEPT_MAX`."""
    after, has_more = "", True
    for _ in range(SWEPT_MAX // SWEEP_PAGE):
        if not has_more:
            return
        page, has_more = await _agents_page(desk, tenant, after)
        for agent in page:
            yield agent
        after = agents.listing_order(page[-1].login) if page else after


async def _waiting(desk: Desk, tenant: str) -> AsyncIterator[SessionRef]:
    """Oldest first. A page is read before the sessions on it are moved, so moving them skips nobody."""
    after, has_more = "", True
    for _ in range(SWEPT_MAX // SWEEP_PAGE):
        if not has_more:
            return
        page, has_more = await _waiting_page(desk, tenant, after)
        for session in page:
            yield session.ref
        after = sessions.listing_order(page[-1]) if page else after


async def _tenants_page(desk: Desk, after: str) -> tuple[list[Tenant], str | None]:
    return await attempt(desk, lambda _: tenants.load_page(desk.store, after=after, limit=SWEEP_PAGE))


async def _agents_page(desk: Desk, tenant: str, after: str) -> tuple[list[Agent], bool]:
    return await attempt(desk, lambda _: agents.listed(desk.store, tenant, after=after, limit=SWEEP_PAGE))


async def _waiting_page(desk: Desk, tenant: str, after: str) -> tuple[list[Session], bool]:
    waiting = SessionState.WAITING
    return await attempt(
        desk,
        lambda _: sessions.listed(desk.store, tenant, waiting, after=after, limit=SWEEP_PAGE, newest_first=False),
    )
