"""`queryQueueInfo`: where a waiting visitor stands; a code other than 0 says why he does not wait."""

from collections.abc import Mapping

from kefu.desk.waiting_estimate import estimated_wait_ms
from kefu.domain.instants import SECOND, Instant
from kefu.domain.session import Session, SessionState
from kefu.records import sessions
from kefu.wire.huawei.answers import OK, Answer, answer
from kefu.wire.huawei.fields import ChannelConfigId, OnChannel, UserId
from kefu.wire.huawei.visit import Visit
from kefu.wire.huawei.web_call import AnyWebCall, WebCall

ENDED, NO_SESSION, WITH_AGENT, WITH_ROBOT = "5", "160004", "160021", "160022"


class QueryQueueInfo(OnChannel, frozen=True, kw_only=True):
    user_id: UserId
    channel_config_id: ChannelConfigId

    @property
    def user(self) -> str:
        return self.user_id


async def query_queue_info(visit: Visit, _asked: QueryQueueInfo) -> Answer:
    newest = await visit.newest()
    session = newest.value.session if newest else None
    if session is None:
        return answer(NO_SESSION, "There is no such session.")
    match session.state:
        case SessionState.WAITING:
            return await _place(visit, session)
        case SessionState.ACTIVE:
            return answer(WITH_AGENT, "The session is with an agent already.")
        case SessionState.BOT:
            return answer(WITH_ROBOT, "The session is with the robot.")
        case SessionState.CLOSED:
            return answer(ENDED, "The session has ended.")


async def _place(visit: Visit, session: Session) -> Answer:
    """Waits in seconds. The vendor's maximum is 0, none set; where too little is known, who waits longest is the estimate."""
    store, now = visit.desk.store, visit.desk.clock.now()
    position = await sessions.position_in_line(store, visit.tenant, session)
    heads = await sessions.heads_of_classes(store, visit.tenant, session.line) if session.line else []
    wait_ms = await estimated_wait_ms(visit.desk, visit.tenant, session.line, position or 1) if session.line else None
    longest = max([_waited_s(session, now), *(_waited_s(head, now) for head in heads)])
    return answer(
        OK,
        "query queue info success.",
        position=position or 1,
        totalWaitTime=max(0, (now - session.started_at) // SECOND),
        currentDeviceWaitTime=_waited_s(session, now),
        configMaxcWaitTime=0,
        longestWaitTime=longest,
        estimateWaitTime=longest if wait_ms is None else wait_ms // SECOND,
    )


def _waited_s(session: Session, now: Instant) -> int:
    since = session.waiting_since if session.waiting_since is not None else session.started_at
    return max(0, (now - since) // SECOND)


CALLS: Mapping[str, AnyWebCall] = {"queryqueueinfo": WebCall(asked=QueryQueueInfo, reply=query_queue_info)}
