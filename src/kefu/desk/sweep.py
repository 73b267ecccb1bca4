"""The second net: whatever a request that died left behind, and whatever only time brings about.

Safe to run twice and beside anything: it does nothing that a request would not do. Listings tell it where to
look, strongly consistent reads decide.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias
from zlib import crc32

from kefu.desk.attempts import attempt, commit
from kefu.desk.bot_stage import answer_by_bot
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
from kefu.domain.tenant import Tenant
from kefu.records import agents, keys, sessions, sweep_places, tenants
from kefu.records.sweep_places import START, Part, SweepPlace
from kefu.store.port import Conflict, Span

SWEEP_EVERY_S = 60
STOP_BEFORE_S = 10.0
"""A bounded sweep begins no look with less time left than this, …"""
CUT_BEFORE_S = 3.0
"""… and cuts one that hangs, so that it can still say how far it came."""

Look: TypeAlias = Callable[[], Awaitable[None]]

log = logging.getLogger("kefu.desk.sweep")


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    agents: int
    sessions: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """One of `of` equal parts of all tenants; which one a tenant belongs to never changes."""

    number: int = 0
    of: int = 1

    def has(self, tenant: str) -> bool:
        return crc32(tenant.encode()) % self.of == self.number


ALL_TENANTS = Shard()


async def keep_sweeping(desk: Desk) -> None:
    """Sweeps every tenant once a minute, for as long as it is let. What goes wrong is logged and tried again."""
    while True:
        await desk.clock.sleep(SWEEP_EVERY_S)
        try:
            await Round(desk).go_on()
        except Exception:  # the second net must hold whatever tears
            log.exception("the sweep did not come through; the next one tries again")


async def sweep_for(desk: Desk, shard: Shard, left_s: Callable[[], float]) -> "Round":
    """Goes on with the shard's round where the last call stopped, for as long as time is left.

    Calls beside it do no harm, and of two that keep their place at once the first is believed.
    """
    name = f"{shard.number}/{shard.of}"
    kept = await attempt(desk, lambda desk, _: sweep_places.load(desk.store, name))
    current = Round(desk, shard, kept.value)
    with suppress(TimeoutError):
        async with asyncio.timeout(left_s() - CUT_BEFORE_S):
            await current.go_on(lambda: left_s() > STOP_BEFORE_S)
    with suppress(Conflict):
        if not current.is_over:
            await commit(desk, [sweep_places.write(name, current.place, kept.version, desk.clock.now())])
        elif kept.version:
            await commit(desk, [sweep_places.delete(name, kept.version)])
    return current


class Round:
    """A sweep of all tenants of a shard that may be cut anywhere, and gone on with from `place`."""

    def __init__(self, desk: Desk, shard: Shard = ALL_TENANTS, place: SweepPlace = START) -> None:
        self.place = place
        self.looks = 0
        self.is_over = False
        self._desk = desk
        self._shard = shard

    async def go_on(self, has_time: Callable[[], bool] = lambda: True) -> None:
        if self.place.tenant and not self.place.is_tenant_done:
            await self._sweep(self.place.tenant, has_time)
        async with aclosing(self._tenants()) as tenants_left:
            async for tenant in tenants_left:
                if not has_time():
                    return
                self.place = SweepPlace(tenant=tenant)
                await self._sweep(tenant, has_time)
        self.is_over = self.place.is_tenant_done or not self.place.tenant

    async def _sweep(self, tenant: str, has_time: Callable[[], bool]) -> None:
        try:
            async with aclosing(_looks(self._desk, tenant, self.place)) as looks:
                async for place, look_here in looks:
                    if not has_time():
                        return
                    self.place = place  # before the look: one that hangs until the cut does not hang the next round
                    self.looks += 1
                    await look_here()
        except Exception:  # one tenant's trouble is not the next one's
            log.exception("the sweep of tenant %s did not come through; the next one tries again", tenant)
        self.place = replace(self.place, is_tenant_done=True)

    async def _tenants(self) -> AsyncGenerator[str, None]:
        after: str | None = keys.tenant_record(self.place.tenant).sort
        while after is not None:
            page, after = await _tenants_page(self._desk, after)
            for tenant in page:
                if self._shard.has(tenant.id):
                    yield tenant.id


async def sweep(desk: Desk, tenant: str) -> Swept:
    """Looks once at every agent and every waiting session of a tenant, up to `SWEPT_MAX` of each."""
    seen = dict.fromkeys(Part, 0)
    async for place, look_here in _looks(desk, tenant, START):
        seen[place.part] += 1
        await look_here()
    return Swept(agents=seen[Part.AGENTS], sessions=seen[Part.WAITING])


async def _looks(desk: Desk, tenant: str, start: SweepPlace) -> AsyncGenerator[tuple[SweepPlace, Look], None]:
    """All that a sweep of a tenant does behind `start`, and where it stands once that is done."""
    place, behind = replace(start, tenant=tenant), start.behind
    if start.part is Part.AGENTS:
        async for agent in agents_of(desk, tenant, behind):
            at = replace(place, behind=agents.listing_order(agent.login))
            yield at, partial(_sweep_agent, desk, tenant, agent)
        place, behind = replace(place, part=Part.WAITING), ""
    if place.part is Part.WAITING:
        async for session in _in_state(desk, tenant, SessionState.WAITING, behind):
            at = replace(place, behind=sessions.listing_order(session))
            yield at, partial(look, desk, tenant, session.ref, DispatchTrigger.SWEEP)
        place, behind = replace(place, part=Part.BOT), ""
    async for session in _in_state(desk, tenant, SessionState.BOT, behind):
        at = replace(place, behind=sessions.listing_order(session))
        if session.owed_answer is not None:
            yield at, partial(answer_by_bot, desk, tenant, session.ref)


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
        settings = (await attempt(desk, lambda desk, _: desk.directories.load(desk.store, tenant))).directory.settings
        if is_given_up(offline.value, settings, now):
            await return_held_sessions(desk, tenant, listed.login, DispatchReason.AGENT_VANISHED)


async def agents_of(desk: Desk, tenant: str, after: str = "") -> AsyncGenerator[Agent, None]:
    """The tenant's agents behind `after` as a listing tells them, up to `SWEPT_MAX`."""
    has_more = True
    for _ in range(SWEPT_MAX // SWEEP_PAGE):
        if not has_more:
            return
        page, has_more = await _agents_page(desk, tenant, after)
        for agent in page:
            yield agent
        after = agents.listing_order(page[-1].login) if page else after


async def _in_state(desk: Desk, tenant: str, state: SessionState, after: str) -> AsyncGenerator[Session, None]:
    """Oldest first. A page is read before the sessions on it are moved, so moving them skips nobody."""
    has_more = True
    for _ in range(SWEPT_MAX // SWEEP_PAGE):
        if not has_more:
            return
        page, has_more = await _sessions_page(desk, tenant, state, after)
        for session in page:
            yield session
        after = sessions.listing_order(page[-1]) if page else after


async def _tenants_page(desk: Desk, after: str) -> tuple[list[Tenant], str | None]:
    return await attempt(desk, lambda desk, _: tenants.load_page(desk.store, after=after, limit=SWEEP_PAGE))


async def _agents_page(desk: Desk, tenant: str, after: str) -> tuple[list[Agent], bool]:
    return await attempt(desk, lambda desk, _: agents.listed(desk.store, tenant, Span(SWEEP_PAGE, after)))


async def _sessions_page(desk: Desk, tenant: str, state: SessionState, after: str) -> tuple[list[Session], bool]:
    return await attempt(
        desk,
        lambda desk, _: sessions.listed(desk.store, tenant, state, Span(SWEEP_PAGE, after)),
    )
