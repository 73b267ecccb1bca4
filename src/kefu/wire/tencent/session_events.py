"""`Desk.SessionEventNotify`: what happens in a session, as Tencent Desk calls its tenants back."""

from typing import Any
from urllib.parse import urlencode

import msgspec

from kefu.domain.channel import Channel
from kefu.domain.delivery import Happening
from kefu.domain.instants import SECOND, Instant
from kefu.domain.log import ENDS, REPLIES, VISITOR_MESSAGES, EventKind
from kefu.domain.webhook import Webhook
from kefu.feed.outgoing import Outgoing
from kefu.wire.tencent.message_body import message_body, message_key
from kefu.wire.tencent.signature import sign

COMMAND = "Desk.SessionEventNotify"
EVENT_NAMES = {
    EventKind.SESSION_BEGIN: "SessionBegin",
    EventKind.BOT_USER_MESSAGE: "ChatBot.UserSendMsg",
    EventKind.BOT_MESSAGE: "ChatBot.RobotSendMsg",
    EventKind.USER_MESSAGE: "Human.UserSendMsg",
    EventKind.AGENT_MESSAGE: "Human.AgentSendMsg",
    EventKind.HUMAN_REQUESTED: "TransferringToHuman",
    EventKind.QUEUED: "TransferringToHumanWait",
    EventKind.ASSIGNED: "TransferToHumanSuccess",
    EventKind.NO_AGENT_ONLINE: "NoAgentOnline",
    EventKind.TRANSFERRED: "AgentForward",
    EventKind.RATED: "SatisfactionSelected",
    EventKind.USER_END: "SessionUserEnd",
    EventKind.AGENT_END: "SessionAgentEnd",
    EventKind.USER_TIMEOUT_END: "SessionUserTimeoutEnd",
    EventKind.AGENT_TIMEOUT_END: "SessionAgentTimeoutEnd",
    EventKind.PENDING_AUTO_END: "SessionPendingAutoFinishEnd",
    EventKind.DECLINED: "SessionPendingAutoFinishEnd",
    EventKind.SESSION_END: "SessionEnd",
}
"""All seventeen, and what has none of its own: whoever is declined never got as far as a human. Of an overflow and of an invitation to rate, receivers are not told."""

_OF_AN_AGENT = ENDS | {
    EventKind.USER_MESSAGE,
    EventKind.AGENT_MESSAGE,
    EventKind.ASSIGNED,
    EventKind.TRANSFERRED,
    EventKind.RATED,
    EventKind.SESSION_END,
}


def session_event(webhook: Webhook, happening: Happening, now: Instant) -> Outgoing | None:
    """The call-back that tells of it, signed for now if the tenant has set a token."""
    body = event_body(webhook, happening)
    return Outgoing(url=_url(webhook, happening, now), body=msgspec.json.encode(body)) if body else None


def event_body(webhook: Webhook, happening: Happening) -> dict[str, Any] | None:
    """Fields that an event does not have are left out; of no agent it says the empty text."""
    entry = happening.entry
    name = EVENT_NAMES.get(entry.kind)
    if name is None or (entry.kind is EventKind.TRANSFERRED and entry.from_agent is None):
        return None
    agent = (entry.agent or happening.after.agent) if entry.kind in _OF_AN_AGENT else None
    return {
        "CallbackCommand": COMMAND,
        "SessionId": happening.after.id,
        "Event": name,
        "EventTime": entry.at,
        "ChannelType": "Web(H5)" if happening.after.channel is Channel.WEB else "SDK",
        "ClientUserId": happening.after.ref.visitor,
        "CustomerServiceId": webhook.customer_service_id,
        "AgentId": agent or "",
        **_of_its_own(happening),
        "IsContactUser": False,  # nobody but a visitor begins a session
    }


def _of_its_own(happening: Happening) -> dict[str, Any]:
    entry = happening.entry
    if entry.message and entry.kind in VISITOR_MESSAGES | REPLIES:
        return {
            "MsgKey": message_key(entry.seq, entry.message),
            "MsgBody": message_body(entry.message),
            "CloudCustomData": entry.message.ext,
        }
    if entry.kind is EventKind.TRANSFERRED:
        return {"ForwardFromAgentId": entry.from_agent}
    if entry.kind is EventKind.RATED:
        return {"SatisfactionSelected": entry.rating}
    return {}


def _url(webhook: Webhook, happening: Happening, now: Instant) -> str:
    query = {
        "SdkAppid": webhook.sdk_app_id,
        "CallbackCommand": COMMAND,
        "contenttype": "json",
        "ClientIP": "127.0.0.1",
        "OptPlatform": "RESTAPI",
        "RequestID": happening.message_id,
    }
    if webhook.secret:
        request_time = str(now // SECOND)
        query |= {"Sign": sign(webhook.secret, request_time), "RequestTime": request_time}
    return f"{webhook.url}{'&' if '?' in webhook.url else '?'}{urlencode(query)}"
