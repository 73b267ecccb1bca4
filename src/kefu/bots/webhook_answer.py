"""What a tenant's bot answered, held to what it may say."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from kefu.bots.port import BotFailed
from kefu.domain.bot import BotAnswer, BotReply, Menu, MenuEntry, MenuShape
from kefu.domain.bounds import (
    BOT_REPLIES_MAX,
    EXT_BYTES_MAX,
    FAQ_QUESTION_LENGTH_MAX,
    MENU_ENTRIES_MAX,
    NAME_LENGTH_MAX,
    TEXT_LENGTH_MAX,
)
from kefu.domain.message import MessageType

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


def read_answer(told: bytes) -> BotAnswer:
    """Raises `BotFailed`."""
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
