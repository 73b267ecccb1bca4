"""What an Easemob visitor client is told: the desk's events as extended messages.

The shapes are those of the vendor's extended messages: `ext.weichat` carries the event, the agent and always the
session's id, which clients read without a guard when a session closes. Misspelt names are the vendor's own.
"""

from typing import Any

import msgspec

from kefu.domain.agent import Agent
from kefu.domain.directory import TenantSettings
from kefu.domain.iframe_post import SHORT_TYPES
from kefu.domain.log import REPLIES, VISITOR_MESSAGES, EventKind, LogEntry
from kefu.domain.message import Message, MessageType
from kefu.domain.routing_keys import weichat_of
from kefu.domain.session_ref import SessionRef

TIMEOUT_NEAR = "ServiceSessionWillScheduleTimeoutEvent"
"""On it a client offers to leave a message."""
EVENT_NAMES = {
    EventKind.SESSION_BEGIN: "ServiceSessionCreatedEvent",
    EventKind.QUEUED: "ServiceSessionTransferedToAgentQueueEvent",
    EventKind.ASSIGNED: "ServiceSessionOpenedEvent",
    EventKind.TRANSFERRED: "ServiceSessionTransferedEvent",
    EventKind.DECLINED: TIMEOUT_NEAR,
    EventKind.SESSION_END: "ServiceSessionClosedEvent",
}
"""What of all that happens the visitor's client is told, and under which name."""
ROBOT, HUMAN = 6, 1
"""`agentType` as clients know it."""


def outbound_message(
    ref: SessionRef, entry: LogEntry, agent: Agent | None, settings: TenantSettings
) -> dict[str, Any] | None:
    """The message that tells of `entry`; None if the visitor's client is not told of it.

    `agent` is the one that the entry is about.
    """
    weichat = _weichat(ref, agent, settings)
    if entry.kind in REPLIES and entry.message:
        return _answer(entry.message, weichat)
    if entry.kind in VISITOR_MESSAGES and entry.message:
        return _acknowledgement(entry.message, weichat)
    if entry.kind is EventKind.RATING_INVITED:
        return _invitation(ref, entry, weichat)
    if entry.kind is EventKind.TIMEOUT_WARNED:
        return _warning(ref, entry, weichat, settings)
    name = EVENT_NAMES.get(entry.kind)
    return None if name is None else _event(name, entry, weichat, _event_object(ref, agent, settings), settings)


def _event(
    name: str, entry: LogEntry, weichat: dict[str, Any], about: dict[str, Any] | None, settings: TenantSettings
) -> dict[str, Any]:
    is_transfer = entry.kind is EventKind.TRANSFERRED
    if is_transfer and not settings.has_transfer_object:
        about = None
    if entry.kind is EventKind.DECLINED and about:
        about["ticketEnable"] = "true"  # the client offers to leave a message
    event = {"eventName": name, "eventObj": about}
    if entry.kind is EventKind.QUEUED and entry.message:
        return _place_told(entry.message, {**weichat, "event": event})
    return _command("transfer" if is_transfer else name, {**weichat, "event": event})


def in_bodies(message: dict[str, Any], *, sender: str, to: str) -> dict[str, Any]:
    """The same message in the envelope that the web client reads."""
    return {"bodies": [message["msg"]], "ext": message["ext"], "from": sender, "to": to}


def _answer(message: Message, weichat: dict[str, Any]) -> dict[str, Any]:
    """With what the agent's side put into `ext`; the desk's own keys go before theirs."""
    own = msgspec.json.decode(message.ext, type=dict[str, Any]) if message.ext else {}
    others = {key: value for key, value in weichat_of(own).items() if key != "agent"}
    ext = {**own, "weichat": {**others, **weichat, "msgId": message.id}}
    if isinstance(msgtype := own.get("msgtype"), dict) and isinstance(menu := msgtype.get("choice"), dict):
        ext["msgtype"] = {**msgtype, "choice": _menu_of_one_shape(menu)}
    return {"msg": _body(message), "ext": ext}


def _place_told(message: Message, weichat: dict[str, Any]) -> dict[str, Any]:
    """Words and the event of joining the line in one: clients show the one and act on the other."""
    return {"msg": _body(message), "ext": {"weichat": {**weichat, "msgId": message.id}}}


def _invitation(ref: SessionRef, entry: LogEntry, weichat: dict[str, Any]) -> dict[str, Any]:
    """The client echoes what it is given here, filled in. It wants a number for an id: the entry's own."""
    arguments = {"inviteId": entry.seq, "serviceSessionId": ref.id, "detail": None, "summary": None}
    asked = {**weichat, "ctrlType": "inviteEnquiry", "ctrlArgs": arguments}
    return {"msg": {"type": "txt", "msg": " "}, "ext": {"weichat": asked}}


def _warning(
    ref: SessionRef, entry: LogEntry, weichat: dict[str, Any], settings: TenantSettings
) -> dict[str, Any] | None:
    """Who waits for nobody is offered to leave a message: by a text, as the client compares it."""
    if entry.message is None:
        return None
    ticket = "true" if entry.warns_of is EventKind.PENDING_AUTO_END else "false"
    about = {**_event_object(ref, None, settings), "ticketEnable": ticket}
    event = {"eventName": TIMEOUT_NEAR, "eventObj": about}
    return {"msg": {"type": "txt", "msg": entry.message.text}, "ext": {"weichat": {**weichat, "event": event}}}


def _body(message: Message) -> dict[str, Any]:
    content = msgspec.json.decode(message.payload, type=dict[str, Any]) if message.payload else {}
    if message.type is MessageType.COMMAND:
        return {"action": "", **content, "type": "cmd"}
    shown = content if message.type is not MessageType.CARD else {}
    return {**shown, "type": SHORT_TYPES[message.type], "msg": message.text or " "}


def _menu_of_one_shape(menu: dict[str, Any]) -> dict[str, Any]:
    """Entries with ids or plain ones, never both: clients show the one that they find first."""
    return {key: value for key, value in menu.items() if key != "list"} if menu.get("items") else menu


def _acknowledgement(message: Message, weichat: dict[str, Any]) -> dict[str, Any] | None:
    """For a client that asked for it: it sends its message again otherwise."""
    asked = weichat_of(msgspec.json.decode(message.ext, type=dict[str, Any])) if message.ext else {}
    message_id = asked.get("msg_id_for_ack")
    return _command("KF-ACK", {**weichat, "ack_for_msg_id": message_id}) if message_id else None


def _command(action: str, weichat: dict[str, Any]) -> dict[str, Any]:
    return {"msg": {"type": "cmd", "action": action}, "ext": {"weichat": weichat}}


def _weichat(ref: SessionRef, agent: Agent | None, settings: TenantSettings) -> dict[str, Any]:
    session = {"service_session": {"serviceSessionId": ref.id}}
    if agent is None or not settings.shows_agent_to_visitor:
        return session
    return {**session, "agent": {"userNickname": _name(agent), "avatar": agent.avatar_url}}


def _event_object(ref: SessionRef, agent: Agent | None, settings: TenantSettings) -> dict[str, Any]:
    """With or without an agent: clients read its `userId` without asking whether it is there."""
    shown = agent if settings.shows_agent_to_visitor else None
    return {
        "sessionId": ref.id,
        "userId": agent.login if agent else "",
        "agentType": HUMAN if agent else ROBOT,
        "avatar": shown.avatar_url if shown else "",
        "agentUserNiceName": _name(shown) if shown else "",
    }


def _name(agent: Agent) -> str:
    return agent.nickname or agent.user_name
