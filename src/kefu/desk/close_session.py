"""An end that somebody chose; the freed slot goes to the next one in the same commit."""

import asyncio
from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.call import Call, Role
from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.ending import end_into
from kefu.desk.loading_agents import load_agent
from kefu.desk.once import amend, attempt_once, mark
from kefu.desk.open_session import load_open
from kefu.desk.serving import fill, foresee_lines
from kefu.domain.decision import DispatchTrigger
from kefu.domain.ids import login_of
from kefu.domain.log import EventKind
from kefu.domain.session_ref import SessionRef
from kefu.records.codec import Codec


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    session: SessionRef
    agent: str | None
    """Login of the agent whose slot was freed."""
    assigned: tuple[SessionRef, ...] = ()
    """Sessions that the freed room went to."""
    has_room: bool = True
    """Whether the agent may have room left, for somebody who joined a line meanwhile."""


_results = Codec(Closed)


async def close_session(desk: Desk, call: Call, ref: SessionRef) -> Closed:
    """Ends the session: USER_END if its visitor closes it, AGENT_END otherwise.

    Raises `NotFound`, or `Declined` if it is closed already.
    """
    closed, was_done = await attempt_once(desk, call, _results, lambda desk, _: _close(desk, call, ref))
    if closed.agent is None or not (closed.has_room or was_done):
        return closed
    more = await fill(desk, call.tenant, closed.agent, DispatchTrigger.AGENT_GAINED_ROOM)
    if more and not was_done:
        closed = replace(closed, assigned=(*closed.assigned, *more))
        await amend(desk, call, _results, closed)
    return closed


async def _close(desk: Desk, call: Call, ref: SessionRef) -> Closed:
    loaded, directory, _ = await asyncio.gather(
        load_open(desk, call.by, ref), desk.directories.load(desk.store, call.tenant), _foresee_holder(desk, call, ref)
    )
    settings = directory.directory.settings
    changes = Changeset(call.tenant, desk.clock.now(), settings.ranking)
    cause = EventKind.USER_END if call.by.role is Role.VISITOR else EventKind.AGENT_END
    ended = await end_into(desk, changes, loaded, cause, settings)
    closed = Closed(session=ref, agent=ended.agent, assigned=ended.assigned, has_room=ended.has_room)
    changes.add(*mark(call, _results, closed, changes.now))
    await changes.commit(desk)
    return closed


async def _foresee_holder(desk: Desk, call: Call, ref: SessionRef) -> None:
    """Reads ahead the agent who held the session when it was last seen, or who closes it, and his lines."""
    last = desk.last_seen.session(call.tenant, ref.visitor, ref.channel)
    own = login_of(call.by.user_name) if call.by.role is Role.AGENT else None
    if login := last.agent if last and last.ref == ref else own:
        await asyncio.gather(load_agent(desk, call.tenant, login), foresee_lines(desk, call.tenant, login))
