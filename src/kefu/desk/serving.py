"""An agent with room takes who is next: before the reply of the request that made the room."""

import asyncio

from kefu.desk.attempts import attempt, left_to_the_next_look
from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.loading_agents import load_agent
from kefu.domain.agent import Agent
from kefu.domain.bounds import LINE_PAGE, MAX_SESSIONS_MAX
from kefu.domain.decision import DirectedBy, DispatchTrigger
from kefu.domain.line import Line, agent_line, group_line
from kefu.domain.log_writer import LogWriter
from kefu.domain.session import Session
from kefu.domain.session_ref import SessionRef
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.domain.waiting_order import decide_next, first_to_serve
from kefu.records import bindings, sessions
from kefu.records.sessions import LoadedSession


async def fill(desk: Desk, tenant: str, login: str, trigger: DispatchTrigger) -> list[SessionRef]:
    """Gives the agent waiting sessions while he has room. Returns them in the order they were taken."""
    taken: list[SessionRef] = []
    with left_to_the_next_look():
        while len(taken) < MAX_SESSIONS_MAX:
            ref = await take_next(desk, tenant, login, trigger)
            if ref is None:
                break
            taken.append(ref)
    return taken


async def take_next(desk: Desk, tenant: str, login: str, trigger: DispatchTrigger) -> SessionRef | None:
    """One waiting session for one agent; None if he has no room or nobody waits for him."""

    async def step(desk: Desk, _lost: int) -> SessionRef | None:
        loaded, agent, _ = await asyncio.gather(
            desk.directories.load(desk.store, tenant),
            load_agent(desk, tenant, login),
            foresee_lines(desk, tenant, login),
        )
        changes = Changeset(tenant, desk.clock.now(), loaded.directory.settings.ranking)
        changes.know(agent)
        taken = await take_into(desk, changes, login, trigger) if agent else None
        if taken:
            await changes.commit(desk)
        return taken

    return await attempt(desk, step)


async def take_into(
    desk: Desk,
    changes: Changeset,
    login: str,
    trigger: DispatchTrigger,
) -> SessionRef | None:
    """Adds to `changes` that the agent, as they leave him, takes who is next; None if nobody is."""
    agent = changes.agent(login)
    if not agent.is_free_at(changes.now):
        return None
    waiting = await _heads(desk, changes.tenant, lines_of(agent))
    session = first_to_serve(waiting)
    if session is None:
        return None
    writer = LogWriter(changes.now, session)
    writer.placed(decide_next(agent, session, trigger=trigger, now=changes.now))
    changes.step(waiting[session], writer)
    return session.ref


async def foresee_lines(desk: Desk, tenant: str, login: str) -> None:
    """Reads ahead who is next in the lines that the agent served when he was last seen."""
    if agent := desk.last_seen.agent(tenant, login):
        await _heads(desk, tenant, lines_of(agent))


def lines_of(agent: Agent) -> list[Line]:
    """The lines an agent serves: his own, and those of his groups."""
    groups = agent.groups or (DEFAULT_GROUP,)
    return [agent_line(agent.login), *(group_line(group) for group in groups)]


async def _heads(desk: Desk, tenant: str, lines: list[Line]) -> dict[Session, LoadedSession]:
    heads = await asyncio.gather(*(_first_to_take(desk, tenant, line) for line in lines))
    return {head.value.session: head for head in heads if head}


async def _first_to_take(desk: Desk, tenant: str, line: Line) -> LoadedSession | None:
    """Who is first in a line. Past those whose binding has ended: they go to their group, not to this agent."""
    first = await sessions.first_in_line(desk.store, tenant, line)
    for _ in range(LINE_PAGE):
        if first is None or await _may_be_taken(desk, tenant, first.value.session):
            return first
        behind, _ = await sessions.line_page(desk.store, tenant, line, behind=first.value.session.place, limit=1)
        first = behind[0] if behind else None
    return None


async def _may_be_taken(desk: Desk, tenant: str, session: Session) -> bool:
    if session.directed_by is not DirectedBy.BOUND:
        return True
    loaded = await bindings.load(desk.store, tenant, session.keys.business_flag or "", session.ref.visitor)
    return loaded is not None and loaded.value.holds_at(desk.clock.now()) and loaded.value.agent == session.directed_to
