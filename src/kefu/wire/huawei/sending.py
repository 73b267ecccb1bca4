"""`send`: CONNECT, CHAT, TRANS2AGENT, DISCONNECT, INPUT and READ; `sendAsync` is the same and says so."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from kefu.blobs.port import BlobError
from kefu.desk.close_session import close_session
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.domain.human_request import TRANSFER_ACTION
from kefu.domain.message import MessageType
from kefu.domain.refusals import Declined, NotFound
from kefu.domain.session import Session, SessionState
from kefu.wire.huawei.answers import FAILED, OK, Answer, answer
from kefu.wire.huawei.contents import read_content, require_short
from kefu.wire.huawei.declined import declined_answer
from kefu.wire.huawei.fields import ChannelConfigId, OnChannel, UserId
from kefu.wire.huawei.files import require_stored
from kefu.wire.huawei.requests import Wrong
from kefu.wire.huawei.visit import CHANNEL, Visit
from kefu.wire.huawei.web_call import AnyWebCall, WebCall

ControlType = Literal["CONNECT", "CHAT", "TRANS2AGENT", "INPUT", "DISCONNECT", "READ"]
MediaType = Literal["TEXT", "IMAGE", "AUDIO", "VIDEO", "FILE", "FILE_IMAGE", "FILE_VIDEO", "WEBCARD", "LOCATE"]
CONTENT_LENGTH_MAX = 8_192


class Send(OnChannel, frozen=True, kw_only=True):
    control_type: ControlType
    from_: UserId = msgspec.field(name="from")
    to: ChannelConfigId
    content: Annotated[str, Meta(max_length=CONTENT_LENGTH_MAX)] | None = None
    media_type: MediaType | None = None
    source_type: Literal["CUSTOMER"] = "CUSTOMER"
    sender_nickname: Annotated[str, Meta(max_length=128)] | None = None

    @property
    def user(self) -> str:
        return self.from_


async def send(visit: Visit, asked: Send) -> Answer:
    newest = await visit.newest()
    session = newest.value.session if newest and newest.value.session.is_open else None
    return await _CONTROLS[asked.control_type](visit, asked, session)


async def send_async(visit: Visit, asked: Send) -> Answer:
    made = await send(visit, asked)
    return answer(OK, "send sendMessageForOpenApiAsync success.") if made["resultCode"] == OK else made


async def _connect(visit: Visit, asked: Send, session: Session | None) -> Answer:
    """Opens a session. What a CONNECT says is an opening remark: kept, and shown to nobody as the visitor's words."""
    if session is None:
        remark = asked.content or ""
        require_short(remark)
        try:
            await ingest_message(visit.desk, visit.call, _message(visit, asked, MessageType.COMMAND, remark))
        except Declined:
            return answer(FAILED, "No ccucs address available!")
        newest = await visit.newest()
        session = newest.value.session if newest else None
        if declined := await declined_answer(visit, session):
            return declined
    is_robot = session is not None and session.state is SessionState.BOT
    return answer(OK, "connect to robot successfully." if is_robot else "connect successfully.")


async def _chat(visit: Visit, asked: Send, session: Session | None) -> Answer:
    content = read_content(asked.media_type or "TEXT", asked.content or "")
    if content.object_key is not None:
        try:
            await require_stored(visit, content.object_key)
        except BlobError:
            return answer(FAILED, "sendUserMessage failed")
    if session is None:
        return answer(FAILED, "sendUserMessage failed")
    message = _message(visit, asked, content.type, content.text, content.payload)
    try:
        await ingest_message(visit.desk, visit.call, replace(message, only_into=session.ref))
    except Declined:
        return answer(FAILED, "sendUserMessage failed")
    if session.state is SessionState.BOT:
        return answer(OK, "Send message to robot successfully")
    return answer(OK, "sendUserMessage successfully.")


async def _to_agent(visit: Visit, asked: Send, session: Session | None) -> Answer:
    """As the command of other vendors' clients: a message of its own that nobody is shown."""
    if session is None:
        return answer(FAILED, "The session is no longer alive.")
    if session.state is not SessionState.BOT:
        return answer(FAILED, "The session is already connected or queuing to an agent.")
    command = _message(visit, asked, MessageType.COMMAND, "", {"action": TRANSFER_ACTION})
    try:
        await ingest_message(visit.desk, visit.call, replace(command, only_into=session.ref))
    except Declined:
        return answer(FAILED, "The session is no longer alive.")
    newest = await visit.newest()
    asked_in = newest.value.session if newest and newest.value.session.ref == session.ref else None
    if declined := await declined_answer(visit, asked_in):
        return declined
    return answer(OK, "transfer to agent successfully")


async def _disconnect(visit: Visit, _asked: Send, session: Session | None) -> Answer:
    was_robot = session is not None and session.state is SessionState.BOT
    try:
        if session is None:
            return answer(FAILED, "disconnect failed")
        await close_session(visit.desk, visit.call, session.ref)
    except (Declined, NotFound):
        return answer(FAILED, "Failed to disconnect robot" if was_robot else "disconnect failed")
    return answer(OK, "Disconnect robot successfully" if was_robot else "disconnect successfully")


async def _passing(_visit: Visit, asked: Send, session: Session | None) -> Answer:
    """INPUT and READ: what the page tells of itself while a session is open. The desk keeps neither yet."""
    if session is None:
        return answer(FAILED, "sendUserMessage failed")
    if asked.control_type == "READ" and not (asked.content or "").strip():
        raise Wrong("content of a READ is the ids of the messages, with commas between.", is_missing=True)
    return answer(OK, "sendUserMessage successfully.")


def _message(
    visit: Visit, asked: Send, type_: MessageType, text: str, payload: Mapping[str, object] | None = None
) -> IncomingMessage:
    nickname = (asked.sender_nickname or "").strip() or visit.visitor.nickname
    ext = {"weichat": {"visitor": {"userNickname": nickname}}} if nickname else None
    return IncomingMessage(
        visitor=visit.visitor.user_name, channel=CHANNEL, type=type_, text=text, payload=payload, ext=ext
    )


_CONTROLS: Mapping[ControlType, Callable[[Visit, Send, Session | None], Awaitable[Answer]]] = {
    "CONNECT": _connect,
    "CHAT": _chat,
    "TRANS2AGENT": _to_agent,
    "DISCONNECT": _disconnect,
    "INPUT": _passing,
    "READ": _passing,
}

CALLS: Mapping[str, AnyWebCall] = {
    "send": WebCall(asked=Send, reply=send),
    "sendasync": WebCall(asked=Send, reply=send_async),
    "sendsync": WebCall(asked=Send, reply=send_async),
}
