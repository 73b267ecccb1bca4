"""Easemob's event push: what a tenant's own systems are told of sessions, so that they bind and unbind by it."""

import hashlib
from typing import Any

import msgspec

from kefu.domain.delivery import Happening
from kefu.domain.iframe_url import ORIGIN_TYPES
from kefu.domain.instants import Instant
from kefu.domain.log import REPLIES, VISITOR_MESSAGES, EventKind, LogEntry
from kefu.domain.message import Message
from kefu.domain.routing_keys import NO_KEYS, RoutingKeys
from kefu.domain.session import Session, SessionState
from kefu.domain.webhook import Webhook
from kefu.feed.outgoing import Outgoing

CLOSED = "ServiceSessionClosedEvent"
MESSAGE = "ServiceSessionMessageEvent"
RATED = "ServiceSessionEnquiryEvent"
ATTRIBUTES = "ServiceSessionAttributesCreateEvent"

_STATES = {
    SessionState.BOT: "Processing",
    SessionState.WAITING: "Wait",
    SessionState.ACTIVE: "Processing",
    SessionState.CLOSED: "Terminal",
}


def event_push(webhook: Webhook, happening: Happening, _now: Instant) -> Outgoing | None:
    """With `security`, as Easemob signs its call-backs, if the tenant has set a secret."""
    name = _name(happening.entry)
    if name is None:
        return None
    event_id, timestamp = happening.message_id, happening.entry.at
    body: dict[str, Any] = {"eventId": event_id, "timestamp": timestamp, "event": name, "payload": _payload(happening)}
    if webhook.secret:
        body |= {"callId": event_id, "security": security(event_id, webhook.secret, timestamp)}
    return Outgoing(url=webhook.url, body=msgspec.json.encode(body))


def security(call_id: str, secret: str, timestamp: int) -> str:
    return hashlib.md5(f"{call_id}{secret}{timestamp}".encode()).hexdigest()  # noqa: S324  the vendor's own rule


def _name(entry: LogEntry) -> str | None:
    if entry.kind in VISITOR_MESSAGES | REPLIES:
        return MESSAGE
    if entry.kind is EventKind.SESSION_BEGIN and (entry.keys or NO_KEYS) != NO_KEYS:
        return ATTRIBUTES
    return {EventKind.SESSION_END: CLOSED, EventKind.RATED: RATED}.get(entry.kind)


def _payload(happening: Happening) -> dict[str, Any]:
    entry = happening.entry
    payload: dict[str, Any] = {"serviceSession": _session(happening.after)}
    if entry.message:
        payload["message"] = _message(entry.message)
    if entry.kind is EventKind.RATED:
        payload["serviceSession"]["enquiry"] = {"score": entry.rating, "comment": ""}
    if entry.kind is EventKind.SESSION_BEGIN:
        payload["attributes"] = _attributes(entry.keys or NO_KEYS)
    return payload


def _session(session: Session) -> dict[str, Any]:
    stamps = {"create": session.started_at, "start": session.assigned_at, "stop": session.closed_at}
    visitor = session.ref.visitor
    told: dict[str, Any] = {
        "id": session.id,
        "state": _STATES[session.state],
        "origin_type": ORIGIN_TYPES[session.channel],
        "timestamp": {name: at for name, at in stamps.items() if at is not None},
        "channel": {"id": session.channel.value, "name": session.channel.value, "type": "easemob"},
        "visitor": {"id": visitor, "name": visitor, "channel_user": {"channel_type": "easemob", "im_id": visitor}},
    }
    if session.agent:
        told["agent"] = {"id": session.agent, "name": session.agent, "type": "agent"}
    if session.skill_group:
        told["agent_queue"] = {"id": session.skill_group}
    if session.rating is not None:
        told["enquiry"] = {"score": session.rating, "comment": ""}
    return told


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "from": message.sender.value.lower(),
        "type": message.type.value.lower(),
        "msg": message.text,
        "timestamp": message.sent_at,
        **({"body": msgspec.Raw(message.payload.encode())} if message.payload else {}),
        **({"ext": msgspec.Raw(message.ext.encode())} if message.ext else {}),
    }


def _attributes(keys: RoutingKeys) -> dict[str, Any]:
    told = {
        "agentUsername": keys.agent_username,
        "businessFlag": keys.business_flag,
        "routingRuleFlag": keys.routing_rule_flag,
        "queueName": keys.queue_name,
        "tags": list(keys.tags) or None,
    }
    return {name: value for name, value in told.items() if value is not None}
