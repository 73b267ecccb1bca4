"""A visitor whom the desk declined: the page is told why there is nobody for him, and offers to leave a message."""

from kefu.domain.decision import DispatchReason
from kefu.domain.log import EventKind
from kefu.domain.session import Session
from kefu.records import sessions
from kefu.wire.huawei.answers import FAILED, OFF_HOURS, Answer, answer
from kefu.wire.huawei.visit import Visit

_OFF_HOURS_TOLD = "The current time is not within the working time of the service agents"
_FULL_TOLD = "No ccucs address available!"


async def declined_answer(visit: Visit, session: Session | None) -> Answer | None:
    """None unless the session was declined: outside working hours, or because as many waited as may."""
    if session is None or session.end_reason is not EventKind.DECLINED or session.decided_seq is None:
        return None
    entry = await sessions.log_entry(visit.desk.store, visit.tenant, session.id, session.decided_seq)
    steps = entry.decision.steps if entry and entry.decision else ()
    is_full = bool(steps) and steps[-1].reason is DispatchReason.QUEUE_FULL
    return answer(FAILED, _FULL_TOLD) if is_full else answer(OFF_HOURS, _OFF_HOURS_TOLD)
