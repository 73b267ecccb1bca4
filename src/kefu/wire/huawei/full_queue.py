"""A visitor who came to a full queue: the page is told that there is nobody for him, and offers to leave a message."""

from kefu.domain.decision import DispatchReason
from kefu.domain.log import EventKind
from kefu.domain.session import Session
from kefu.records import sessions
from kefu.wire.huawei.answers import FAILED, Answer, answer
from kefu.wire.huawei.visit import Visit


async def full_queue_answer(visit: Visit, session: Session | None) -> Answer | None:
    """None unless the session was declined because as many waited as may."""
    if session is None or session.end_reason is not EventKind.DECLINED or session.decided_seq is None:
        return None
    entry = await sessions.log_entry(visit.desk.store, visit.tenant, session.id, session.decided_seq)
    steps = entry.decision.steps if entry and entry.decision else ()
    is_full = bool(steps) and steps[-1].reason is DispatchReason.QUEUE_FULL
    return answer(FAILED, "No ccucs address available!") if is_full else None
