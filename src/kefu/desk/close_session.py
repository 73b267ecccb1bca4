"""An end that somebody chose; the freed slot goes to the next one in the same commit."""

from dataclasses import dataclass, replace

from kefu.desk.attempts import commit
from kefu.desk.call import Call, Role
from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.once import amend, attempt_once, mark
from kefu.desk.open_session import load_open
from kefu.desk.serving import fill, take_into
from kefu.domain.decision import DispatchTrigger
from kefu.domain.log import EventKind
from kefu.domain.log_writer import LogWriter
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef
from kefu.records import agents
from kefu.records.codec import Codec


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    session: SessionRef
    agent: str | None
    """Login of the agent whose slot was freed."""
    assigned: tuple[SessionRef, ...] = ()
    """Sessions that the freed room went to."""


_results = Codec(Closed)


async def close_session(desk: Desk, call: Call, ref: SessionRef) -> Closed:
    """Ends the session: USER_END if its visitor closes it, AGENT_END otherwise.

    Raises `NotFound`, or `Declined` if it is closed already.
    """
    closed, was_done = await attempt_once(desk, call, _results, lambda _: _close(desk, call, ref))
    if closed.agent is None:
        return closed
    more = await fill(desk, call.tenant, closed.agent, DispatchTrigger.AGENT_GAINED_ROOM)
    if more and not was_done:
        closed = replace(closed, assigned=(*closed.assigned, *more))
        await amend(desk, call, _results, closed)
    return closed


async def _close(desk: Desk, call: Call, ref: SessionRef) -> Closed:
    loaded = await load_open(desk, call.by, ref)
    session = loaded.value.session
    directory = (await desk.directories.load(desk.store, call.tenant)).directory
    changes = Changeset(call.tenant, desk.clock.now(), directory.settings.ranking)
    writer = LogWriter(changes.now, session)
    writer.ended(EventKind.USER_END if call.by.role is Role.VISITOR else EventKind.AGENT_END)
    taken, held_by = None, session.agent if session.state is SessionState.ACTIVE else None
    if held_by:
        changes.know(await agents.load_one(desk.store, call.tenant, held_by))
    changes.step(loaded, writer)
    if held_by:
        taken = await take_into(desk, changes, held_by, DispatchTrigger.AGENT_GAINED_ROOM)
    closed = Closed(session=ref, agent=held_by, assigned=(taken,) if taken else ())
    changes.add(*mark(call, _results, closed, changes.now))
    await commit(desk, changes.writes())
    return closed
