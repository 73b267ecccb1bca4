"""What an Easemob visitor client is told: the desk's events as extended messages.

The shapes are those of the vendor's extended messages: `ext.weichat` carries the event, the agent and always the
session's id, which clients read without a guard when a session closes. Misspelt names are the vendor's own.
"""

from typing import Any

from kefu.domain.agent import Agent
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.message import MessageType
from kefu.domain.session_ref import SessionRef

EVENT_NAMES = {
    EventKind.SESSION_BEGIN: "ServiceSessionCreatedEvent",
    EventKind.QUEUED: "ServiceSessionTransferedToAgentQueueEvent",
    EventKind.ASSIGNED: "ServiceSessionOpenedEvent",
    EventKind.TRANSFERRED: "ServiceSessionTransferedEvent",
    EventKind.SESSION_END: "ServiceSessionClosedEvent",
}
"""What of all that happens the visitor's client is told, and under which name."""

ROBOT, HUMAN = 6, 1
"""`agentType` as clients know it."""

_TYPES = {
    MessageType.TEXT: "txt",
    MessageType.IMAGE: "img",
    MessageType.AUDIO: "audio",
    MessageType.VIDEO: "video",
    MessageType.FILE: "file",
    MessageType.LOCATION: "loc",
    MessageType.CARD: "txt",
    MessageType.COMMAND: "cmd",
}


def outbound_message(ref: SessionRef, entry: LogEntry, agent: Agent | None) -> dict[str, Any] | None:
    """The message that tells of `entry`; None if the visitor's client is not told of it.

    `agent` is the one that the entry is about.
    """
    if entry.kind is EventKind.AGENT_MESSAGE and entry.message:
        body = {"type": _TYPES[entry.message.type], "msg": entry.message.text or " "}
        return {"msg": body, "ext": {"weichat": _weichat(ref, agent)}}
    name = EVENT_NAMES.get(entry.kind)
    if name is None:
        return None
    action = "transfer" if entry.kind is EventKind.TRANSFERRED else name
    event = {"eventName": name, "eventObj": _event_object(ref, agent)}
    return {"msg": {"type": "cmd", "action": action}, "ext": {"weichat": {**_weichat(ref, agent), "event": event}}}


def _weichat(ref: SessionRef, agent: Agent | None) -> dict[str, Any]:
    session = {"service_session": {"serviceSessionId": ref.id}}
    return {**session, "agent": {"userNickname": _name(agent), "avatar": agent.avatar_url}} if agent else session


def _event_object(ref: SessionRef, agent: Agent | None) -> dict[str, Any]:
    """Always an object: clients read its `userId` without asking whether it is there."""
    return {
        "sessionId": ref.id,
        "userId": agent.login if agent else "",
        "agentType": HUMAN if agent else ROBOT,
        "avatar": agent.avatar_url if agent else "",
        "agentUserNiceName": _name(agent) if agent else "",
    }


def _name(agent: Agent) -> str:
    return agent.nickname or agent.user_name
