"""A tenant's own bot: what the visitor wrote goes there as JSON, and its answer comes back in the same call.

The call is signed as Standard Webhooks are: `webhook-id`, `webhook-timestamp`, and `webhook-signature` over both and
the body, by HMAC-SHA256 with the key behind `whsec_`, or with another secret as it is written; without one it is not.
"""

import base64
import hashlib
import hmac
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from kefu.bots.guarded_http import PostFailed, post
from kefu.bots.port import BotFailed
from kefu.domain.bot import BotAnswer, BotQuestion, BotReply, Menu, MenuEntry, MenuShape, Webhook
from kefu.domain.bounds import (
    BOT_REPLIES_MAX,
    BOT_REPLY_BYTES_MAX,
    EXT_BYTES_MAX,
    FAQ_QUESTION_LENGTH_MAX,
    MENU_ENTRIES_MAX,
    NAME_LENGTH_MAX,
    TEXT_LENGTH_MAX,
)
from kefu.domain.instants import SECOND
from kefu.domain.message import Message, MessageType
from kefu.domain.webhook_secret import key_of

_Text = Annotated[str, Meta(max_length=TEXT_LENGTH_MAX)]
_Name = Annotated[str, Meta(min_length=1, max_length=FAQ_QUESTION_LENGTH_MAX)]


class _Entry(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
    name: _Name


class _Menu(msgspec.Struct, frozen=True):
    title: _Name
    items: Annotated[tuple[_Entry, ...], Meta(max_length=MENU_ENTRIES_MAX)] = ()
    list: Annotated[tuple[_Name, ...], Meta(max_length=MENU_ENTRIES_MAX)] = ()


class _Reply(msgspec.Struct, frozen=True, rename="camel"):
    type: MessageType = MessageType.TEXT
    text: _Text = ""
    payload: dict[str, Any] | None = None
    ext: dict[str, Any] | None = None
    menu: _Menu | None = None
    offers_human: bool = False


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    replies: Annotated[tuple[_Reply, ...], Meta(max_length=BOT_REPLIES_MAX)] = ()
    hands_over: bool = False


_answers = msgspec.json.Decoder(_Answer)


class WebhookBot:
    def __init__(self, *, may_stay_inside: bool = False) -> None:
        """`may_stay_inside`: addresses of one's own network and plain HTTP are called too, for development."""
        self._may_stay_inside = may_stay_inside

    async def answer(self, question: BotQuestion) -> BotAnswer:
        webhook = question.configuration.webhook
        if webhook is None:
            raise BotFailed("no webhook is set")
        body = msgspec.json.encode(_asked(question))
        try:
            told = await post(
                webhook.url,
                body,
                _signed(webhook, question, body),
                timeout_s=webhook.timeout_ms / SECOND,
                bytes_max=BOT_REPLY_BYTES_MAX,
                may_stay_inside=self._may_stay_inside,
            )
        except PostFailed as failed:
            raise BotFailed(str(failed)) from failed
        return _read(told)


def _asked(question: BotQuestion) -> dict[str, Any]:
    return {
        "sessionId": question.ref.id,
        "visitorUserName": question.ref.visitor,
        "channel": question.ref.channel,
        "isFirst": question.is_first,
        "message": _message(question.message),
        "recent": [_message(each) for each in question.recent],
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "sender": message.sender,
        "type": message.type,
        "text": message.text,
        "payload": msgspec.Raw(message.payload.encode()) if message.payload else None,
        "ext": msgspec.Raw(message.ext.encode()) if message.ext else None,
        "sentAt": message.sent_at,
    }


def _signed(webhook: Webhook, question: BotQuestion, body: bytes) -> dict[str, str]:
    """A question asked again has the same id: who answered it once can answer the same."""
    name, at = question.message.id, str(question.asked_at // SECOND)
    headers = {"webhook-id": name, "webhook-timestamp": at}
    if not webhook.secret:
        return headers
    key = key_of(webhook.secret) or webhook.secret.encode()
    signed = hmac.new(key, b".".join((name.encode(), at.encode(), body)), hashlib.sha256)
    return headers | {"webhook-signature": f"v1,{base64.b64encode(signed.digest()).decode()}"}


def _read(told: bytes) -> BotAnswer:
    try:
        read = _answers.decode(told)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as wrong:
        raise BotFailed("an answer that is not as it must be") from wrong
    if not (read.replies or read.hands_over):
        raise BotFailed("an answer that says nothing")
    return BotAnswer(replies=tuple(_reply(each) for each in read.replies), hands_over=read.hands_over)


def _reply(read: _Reply) -> BotReply:
    if not (read.text.strip() or read.payload or read.ext or read.menu):
        raise BotFailed("a reply that says nothing")
    if any(len(msgspec.json.encode(each)) > EXT_BYTES_MAX // 2 for each in (read.payload, read.ext) if each):
        raise BotFailed("a reply with too large a payload or ext")
    return BotReply(
        type=read.type,
        text=read.text or (read.menu.title if read.menu else ""),
        payload=read.payload,
        ext=read.ext,
        menu=_menu(read.menu) if read.menu else None,
        offers_human=read.offers_human,
    )


def _menu(read: _Menu) -> Menu:
    shape = MenuShape.ITEMS if read.items else MenuShape.LIST
    entries = [MenuEntry(id=each.id, name=each.name) for each in read.items]
    listed = [MenuEntry(id=str(number), name=name) for number, name in enumerate(read.list, start=1)]
    if not (entries or listed):
        raise BotFailed("a menu without entries")
    return Menu(title=read.title, entries=tuple(entries or listed), shape=shape)
