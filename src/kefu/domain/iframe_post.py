"""What the agent's console posts into a CRM window of a message: on the press of a button, or as it comes."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from kefu.domain.iframe import Iframe, Interaction, origin_of
from kefu.domain.message import Message, MessageSender, MessageType
from kefu.domain.routing_keys import clean_keys, weichat_of
from kefu.domain.session_ref import SessionRef

INTERACTIVE = "easemob.interactive"
CUSTOMER_MESSAGE = "easemob.customerMessage"
VERSION = 1
_FLAG = "interactiveFlag"

SHORT_TYPES = {
    MessageType.TEXT: "txt",
    MessageType.IMAGE: "img",
    MessageType.AUDIO: "audio",
    MessageType.VIDEO: "video",
    MessageType.FILE: "file",
    MessageType.LOCATION: "loc",
    MessageType.CARD: "txt",
    MessageType.COMMAND: "cmd",
}


class IframePost(NamedTuple):
    iframe: str
    target_origin: str
    button_label: str | None
    """What the button says; None: it is posted without one."""
    data: dict[str, Any]


def may_be_posted(message: Message) -> bool:
    """Nothing but what a visitor said or showed is: no answers, no commands between programs."""
    return message.sender is MessageSender.VISITOR and message.type is not MessageType.COMMAND


def posts_of(message: Message, ref: SessionRef, iframes: Iterable[Iframe]) -> list[IframePost]:
    """Of a message that may be posted."""
    ext: dict[str, Any] = json.loads(message.ext) if message.ext else {}
    flag = interactive_flag(ext)
    posts: list[IframePost] = []
    for iframe in iframes:
        if interaction := _interaction(iframe, flag):
            data = _envelope(INTERACTIVE, message, ref, ext, flag)
            posts.append(IframePost(iframe.id, origin_of(iframe.url), interaction.button_label, data))
        if iframe.syncs_messages:
            data = _envelope(CUSTOMER_MESSAGE, message, ref, ext, flag)
            posts.append(IframePost(iframe.id, origin_of(iframe.url), None, data))
    return posts


def interactive_flag(ext: Mapping[str, object]) -> str | None:
    """Under `weichat`, where the vendor's other keys are, or beside it; exactly as it came."""
    for holder in (weichat_of(ext), clean_keys(ext)):
        if isinstance(flag := holder.get(_FLAG), str) and flag.strip():
            return flag
    return None


def _interaction(iframe: Iframe, flag: str | None) -> Interaction | None:
    return next((each for each in iframe.interactions if each.interactive_flag == flag), None)


def _envelope(type_: str, message: Message, ref: SessionRef, ext: dict[str, Any], flag: str | None) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(message.payload) if message.payload else {}
    short = SHORT_TYPES[message.type]
    return {
        "type": type_,
        "version": VERSION,
        "interactiveFlag": flag,
        "serviceSessionId": ref.id,
        "visitorImId": ref.visitor,
        "message": {
            "msgId": message.id,
            "type": short,
            "body": {**content, "type": short, "msg": message.text},
            "ext": ext,
            "timestamp": message.sent_at,
        },
    }
