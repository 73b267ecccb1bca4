"""The second net: whatever a request that died left behind, and whatever only time brings about.

Safe to run twice and beside anything: it does nothing that a request would not do. Listings tell it where to
look, strongly consistent reads decide.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from kefu.dataclass import dataclass
from kefu.desk.arming import pages_to_arm
from kefu.desk.attempts import attempt
from kefu.desk.bot_stage import answer_by_bot
from kefu.desk.desk import Desk
from kefu.desk.left_messages import bring_in, may_come_in
from kefu.desk.looking import look, look_at_line
from kefu.desk.presence import store_lapse
from kefu.desk.returning import is_given_up, return_held_sessions
from kefu.desk.serving import fill
from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.bounds import SWEEP_PAGE, SWEPT_MAX
from kefu.domain.decision import DispatchReason, DispatchTrigger
from kefu.domain.line import agent_line
from kefu.domain.session import Session, SessionState
from kefu.records import agents, left_messages, sessions
from kefu.records.left_messages import LeftMessage
from kefu.records.sweep_places import START, Part, SweepPlace
from kefu.store.port import Span

Look: TypeAlias = Callable[[], Awaitable[None]]
Looks: TypeAlias = AsyncGenerator[tuple[str, Look], None]
"""Each with its place in the listing that it comes from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    agents: int
    sessions: int


async def sweep(desk: Desk, tenant: str) -> Swept:
    """Looks once at every agent and every waiting session of a tenant, up to `SWEPT_MAX` of each."""
    seen = dict.fromkeys(Part, 0)
    async for place, look_here in looks_of(desk, tenant, START):
        seen[place.part] += 1
        await look_here()
    return Swept(agents=seen[Part.AGENTS], sessions=seen[Part.WAITING])


async def looks_of(desk: Desk, tenant: str, start: SweepPlace) -> AsyncGenerator[tuple[SweepPlace, Look], None]:
    """All that a sweep of a tenant does behind `start`, and where it stands once that is done."""
    parts = list(_LOOKS)
    for part in parts[parts.index(start.part) :]:
        behind = start.behind if part is start.part else ""
        async for end, look_here in _LOOKS[part](desk, tenant, behind):
            yield replace(start, tenant=tenant, part=part, behind=end), look_here


async def _at_agents(desk: Desk, tenant: str, behind: str) -> Looks:
    async for agent in agents_of(desk, tenant, behind):
        yield agents.listing_order(agent.login), partial(_sweep_agent, desk, tenant, agent)


async def _at_waiting(desk: Desk, tenant: str, behind: str) -> Looks:
    async for session in _in_state(desk, tenant, SessionState.WAITING, behind):
        yield sessions.listing_order(session), partial(look, desk, tenant, session.ref, DispatchTrigger.SWEEP)


async def _at_bot(desk: Desk, tenant: str, behind: str) -> Looks:
    async for session in _in_state(desk, tenant, SessionState.BOT, behind):
        if session.owed_answer is not None:
            yield sessions.listing_order(session), partial(answer_by_bot, desk, tenant, session.ref)


async def _at_left(desk: Desk, tenant: str, behind: str) -> Looks:
    async for left in _left_messages(desk, tenant, behind):
        yield left_messages.listing_order(left), partial(bring_in, desk, tenant, left)


_LOOKS: dict[Part, Callable[[Desk, str, str], Looks]] = {
    Part.AGENTS: _at_agents,
    Part.WAITING: _at_waiting,
    Part.BOT: _at_bot,
    Part.LEFT: _at_left,
    Part.DEADLINES: pages_to_arm,
}
"""In the order of a sweep."""


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


async def _left_messages(desk: Desk, tenant: str, after: str) -> AsyncGenerator[LeftMessage, None]:
    """Oldest first, those that the desk is open for."""
    has_more = True
    for _ in range(SWEPT_MAX // SWEEP_PAGE):
        if not has_more:
            return
        page, has_more = await _left_page(desk, tenant, after)
        after = left_messages.listing_order(page[-1]) if page else after
        if page:
            directory = (await attempt(desk, lambda desk, _: desk.directories.load(desk.store, tenant))).directory
            for left in page:
                if may_come_in(directory, left, desk.clock.now()):
                    yield left


async def _agents_page(desk: Desk, tenant: str, after: str) -> tuple[list[Agent], bool]:
    return await attempt(desk, lambda desk, _: agents.listed(desk.store, tenant, Span(SWEEP_PAGE, after)))


async def _sessions_page(desk: Desk, tenant: str, state: SessionState, after: str) -> tuple[list[Session], bool]:
    return await attempt(
        desk,
        lambda desk, _: sessions.listed(desk.store, tenant, state, Span(SWEEP_PAGE, after)),
    )


async def _left_page(desk: Desk, tenant: str, after: str) -> tuple[list[LeftMessage], bool]:
    return await attempt(desk, lambda desk, _: left_messages.waiting(desk.store, tenant, Span(SWEEP_PAGE, after)))
