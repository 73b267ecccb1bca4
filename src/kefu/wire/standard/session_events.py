"""A session's event as Kefu tells it: its kind, the session as it is right behind it, and what the kind brings."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from kefu.domain.delivery import Happening
from kefu.domain.instants import Instant
from kefu.domain.log import LogEntry
from kefu.domain.message import Message
from kefu.domain.session import Session
from kefu.domain.webhook import Webhook
from kefu.feed.outgoing import Outgoing
from kefu.wire.standard.signature import signed


def session_event(webhook: Webhook, happening: Happening, now: Instant) -> Outgoing:
    entry = happening.entry
    body = msgspec.json.encode(
        {
            "type": f"session.{entry.kind.value.lower()}",
            "timestamp": _time(entry.at),
            "data": {"seq": entry.seq, "session": _session(happening.after), **_brought(entry)},
        }
    )
    return Outgoing(url=webhook.url, body=body, headers=signed(webhook.secret, happening.message_id, now, body))


def _session(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "visitorUserName": session.ref.visitor,
        "channel": session.channel.value,
        "state": session.state.value,
        "isVip": session.is_vip,
        "agentUserName": session.agent,
        "skillGroup": session.skill_group,
        "startedAt": _time(session.started_at),
        "assignedAt": _time(session.assigned_at),
        "closedAt": _time(session.closed_at),
        "endReason": session.end_reason,
        "rating": session.rating,
    }


def _brought(entry: LogEntry) -> dict[str, Any]:
    brought = {
        "agentUserName": entry.agent,
        "fromAgentUserName": entry.from_agent,
        "rating": entry.rating,
        "message": _message(entry.message) if entry.message else None,
    }
    return {name: value for name, value in brought.items() if value is not None}


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "clientMessageId": message.client_message_id,
        "sender": message.sender.value,
        "type": message.type.value,
        "text": message.text,
        "payload": msgspec.Raw(message.payload.encode()) if message.payload else None,
        "ext": msgspec.Raw(message.ext.encode()) if message.ext else None,
        "sentAt": _time(message.sent_at),
    }


def _time(at: Instant | None) -> str | None:
    """As GraphQL says a DateTime."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
