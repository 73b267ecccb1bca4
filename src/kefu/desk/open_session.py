from kefu.desk.access import require_own_session, session_not_found
from kefu.desk.call import Caller
from kefu.desk.desk import Desk
from kefu.domain.refusals import Declined, RefusalCode
from kefu.domain.session_ref import SessionRef
from kefu.records import sessions
from kefu.records.sessions import LoadedSession


async def load_open(desk: Desk, caller: Caller, ref: SessionRef) -> LoadedSession:
    """An open session that the caller may act on. Raises `NotFound`, or `Declined` with SESSION_CLOSED."""
    [loaded] = await sessions.load(desk.store, caller.tenant, [ref])
    if loaded is None:
        raise session_not_found()
    require_own_session(caller, loaded.value.session)
    if not loaded.value.session.is_open:
        raise Declined(
            RefusalCode.SESSION_CLOSED,
            "The session is closed. The visitor's next message opens a new one.",
            "sessionId",
        )
    return loaded
