"""What a visitor's page is told: the desk's log as items of a poll.

The page looks at an item in this order: AGENT switches it to the agent; ROBOT ends there; a known media type ends
there, with a download; DISCONNECT ends the chat; anything else is shown as text, and then `queueFlag` counts. So a
queue notice is SYSTEM and TEXT, and a DISCONNECT has no media type.
"""

from typing import Any

from kefu.desk.web_tokens import WebVisitor
from kefu.domain.agent import Agent
from kefu.domain.log import ENDS, REPLIES, EventKind, LogEntry
from kefu.domain.message import Message, MessageSender, MessageType
from kefu.domain.session import Session
from kefu.wire.huawei.contents import TOLD_LENGTH_MAX, Shown, shown, sim_questions

_SYSTEM = ("系统", "system")
_ROBOT = ("机器人", "robot")
_QUEUING = ("正在排队…", "Queuing...")
_CONNECTED = ("已接通座席。", "The call is connected to an agent.")
_TRANSFERRED = ("已转接至座席 {}。", "You have been transferred to agent {}.")


def is_told(entry: LogEntry, *, is_newest: bool) -> bool:
    """Of a session that a newer one has followed only people's and bots' words are told: its end would end the new chat."""
    if entry.kind in REPLIES and entry.message and entry.message.sender is not MessageSender.SYSTEM:
        return entry.message.type is not MessageType.COMMAND
    if entry.kind is EventKind.TIMEOUT_WARNED:
        return is_newest and entry.message is not None
    is_notice = entry.kind in {EventKind.QUEUED, EventKind.ASSIGNED, *REPLIES, *ENDS}
    return is_newest and (is_notice or (entry.kind is EventKind.TRANSFERRED and entry.agent is not None))


def items(visitor: WebVisitor, session: Session, entry: LogEntry, agent: Agent | None) -> list[dict[str, Any]]:
    """An entry that is told, as items; `agent` is the one it is about. A long text makes several."""
    if entry.kind is EventKind.TIMEOUT_WARNED and entry.message is not None:
        said = {"content": entry.message.text, "senderNickname": _in(visitor, _SYSTEM)}
        return [{**_item(visitor, session, entry), **said}]
    if entry.message is not None and entry.kind is not EventKind.QUEUED:
        return [
            {**_item(visitor, session, entry), **told} for told in _words(visitor, entry.message, entry.kind, agent)
        ]
    if entry.kind in ENDS:
        source = "AGENT" if entry.kind is EventKind.AGENT_END else "SYSTEM"
        name = _name(agent) if source == "AGENT" else _in(visitor, _SYSTEM)
        gone = {"controlType": "DISCONNECT", "mediaType": None, "content": None}
        return [{**_item(visitor, session, entry), **gone, "sourceType": source, "senderNickname": name}]
    notice = {
        EventKind.QUEUED: _in(visitor, _QUEUING),
        EventKind.ASSIGNED: _in(visitor, _CONNECTED),
        EventKind.TRANSFERRED: _in(visitor, _TRANSFERRED).format(_name(agent)),
    }[entry.kind]
    if entry.message is not None:
        notice = f"{notice} {entry.message.text}"[:TOLD_LENGTH_MAX]
    is_queued = {"queueFlag": True} if entry.kind is EventKind.QUEUED else {}
    said = {"content": notice, "sourceType": "SYSTEM", "senderNickname": _in(visitor, _SYSTEM)}
    return [{**_item(visitor, session, entry), **said, **is_queued}]


def _item(visitor: WebVisitor, session: Session, entry: LogEntry) -> dict[str, Any]:
    return {
        "from": visitor.channel_config_id,
        "to": visitor.user_name,
        "channel": "WEB",
        "controlType": "CHAT",
        "mediaType": "TEXT",
        "content": None,
        "contentType": None,
        "mediaFileType": None,
        "simQuestions": None,
        "senderNickname": "",
        "senderAvatar": None,
        "timestamp": entry.at,
        "sourceType": "SYSTEM",
        "callId": session.id,
        "robotGender": None,
        "handlerType": None,
        "associationContentId": None,
        "receiveTime": None,
        "messageCode": entry.message.id if entry.message else None,
        "interIdx": None,
        "isOfflineStatus": None,
        "queueFlag": None,
    }


def _words(visitor: WebVisitor, message: Message, kind: EventKind, agent: Agent | None) -> list[dict[str, Any]]:
    is_robot = kind is EventKind.BOT_MESSAGE
    by: dict[str, Any] = {
        "sourceType": "ROBOT" if is_robot else "AGENT",
        "senderNickname": _in(visitor, _ROBOT) if is_robot else _name(agent),
        "senderAvatar": (agent.avatar_url or None) if agent else None,
        "simQuestions": sim_questions(message) if is_robot else None,
        "interIdx": message.id if is_robot else None,
    }
    if message.sender is MessageSender.SYSTEM:
        by = {"sourceType": "SYSTEM", "senderNickname": _in(visitor, _SYSTEM)}
    what = shown(message)
    return [
        {**by, "mediaType": what.media_type, "content": piece, "mediaFileType": what.file_type}
        for piece in _pieces(what)
    ]


def _pieces(what: Shown) -> list[str]:
    if what.media_type != "TEXT" or len(what.content) <= TOLD_LENGTH_MAX:
        return [what.content]
    return [what.content[start : start + TOLD_LENGTH_MAX] for start in range(0, len(what.content), TOLD_LENGTH_MAX)]


def _name(agent: Agent | None) -> str:
    return (agent.nickname or agent.user_name) if agent else ""


def _in(visitor: WebVisitor, texts: tuple[str, str]) -> str:
    chinese, english = texts
    return chinese if visitor.locale.lower().startswith("zh") else english
