"""The end of a session, whatever its cause; the freed slot goes to the next one in the same commit."""

from kefu.dataclass import dataclass
from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.loading_agents import load_agent
from kefu.desk.serving import take_into
from kefu.domain.decision import DispatchTrigger
from kefu.domain.directory import TenantSettings
from kefu.domain.log import EventKind
from kefu.domain.log_writer import LogWriter
from kefu.domain.rating import is_invited_at_close
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef
from kefu.records.sessions import LoadedSession


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    agent: str | None
    """Login of the agent whose slot is freed."""
    assigned: tuple[SessionRef, ...]
    """Who gets the slot."""
    has_room: bool
    """Whether the agent may have room left, for somebody who joined a line meanwhile."""


async def end_into(
    desk: Desk, changes: Changeset, loaded: LoadedSession, cause: EventKind, settings: TenantSettings
) -> Ended:
    """Adds to `changes` that the session ends."""
    session = loaded.value.session
    writer = LogWriter(changes.now, session)
    if is_invited_at_close(session, settings):
        writer.rating_invited()
    writer.ended(cause)
    taken, held_by = None, session.agent if session.state is SessionState.ACTIVE else None
    if held_by:
        changes.know(await load_agent(desk, changes.tenant, held_by))
    changes.step(loaded, writer)
    if held_by:
        taken = await take_into(desk, changes, held_by, DispatchTrigger.AGENT_GAINED_ROOM)
    is_full = held_by is not None and not changes.agent(held_by).room
    return Ended(agent=held_by, assigned=(taken,) if taken else (), has_room=not is_full)
