"""The bot that receives a channel's visitors: how a tenant sets it up, what it is asked, what it answers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from kefu.dataclass import dataclass
from kefu.domain.decision import DispatchReason
from kefu.domain.human_request import transfer_id
from kefu.domain.instants import SECOND, Instant
from kefu.domain.message import Message, MessageType
from kefu.domain.session_ref import SessionRef


class MenuShape(StrEnum):
    """How clients read a menu: entries with ids, which a click sends back, or plain texts."""

    ITEMS = "ITEMS"
    LIST = "LIST"


@dataclass(frozen=True, kw_only=True, slots=True)
class MenuEntry:
    id: str
    name: str
    """What is shown, and what a click sends as text."""
    answer: str = ""
    leads_to_human: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Menu:
    title: str
    entries: tuple[MenuEntry, ...]
    shape: MenuShape = MenuShape.ITEMS


@dataclass(frozen=True, kw_only=True, slots=True)
class FaqEntry:
    question: str
    similar: tuple[str, ...] = ()
    """Other ways to ask it."""
    keywords: tuple[str, ...] = ()
    """A message that holds one of them asks it."""
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A tenant's own bot."""

    url: str
    secret: str = ""
    timeout_ms: int = 3 * SECOND


@dataclass(frozen=True, kw_only=True, slots=True)
class BotConfiguration:
    greeting: str = "您好,我是智能客服,请问有什么可以帮您?"
    fallback: str = "抱歉,我没有明白。您可以换个说法,也可以转人工客服。"
    menu: Menu | None = None
    misses_max: int = 2
    """Questions without an answer, one after the other, before a human is asked for; 0: never by itself."""
    webhook: Webhook | None = None
    """Where it is set, this bot is asked and not the built-in one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BotQuestion:
    ref: SessionRef
    seq: int
    """Number of the log entry to answer."""
    message: Message
    asked_at: Instant
    recent: tuple[Message, ...]
    """The talk up to and with `message`, oldest first, bounded."""
    is_first: bool
    """Whether the bot has not said anything in this session."""
    configuration: BotConfiguration
    faq: tuple[FaqEntry, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class BotReply:
    type: MessageType = MessageType.TEXT
    text: str = ""
    payload: Mapping[str, Any] | None = None
    ext: Mapping[str, Any] | None = None
    menu: Menu | None = None
    offers_human: bool = False
    """Whether clients show the button that takes the visitor to a human."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BotAnswer:
    """At least one reply, unless it hands over."""

    replies: tuple[BotReply, ...] = ()
    hands_over: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Handover:
    """Why a bot's session goes to a human though the visitor did not ask for one."""

    reason: DispatchReason
    detail: str = ""


def reply_ext(reply: BotReply, session_id: str, label: str) -> dict[str, Any] | None:
    """The extension of a reply: its own, its menu, and the transfer button as clients old and new read it."""
    ext = dict(reply.ext or {})
    if reply.menu:
        ext["msgtype"] = {"choice": _choice(reply.menu)}
    if reply.offers_human:
        given = transfer_id(session_id)
        # Clients read `label`; the vendor's documents print `lable`.
        arguments = {"id": given, "serviceSessionId": session_id, "label": label, "lable": label}
        button = {"suggestionTransferToHumanLabel": label, "transferToHumanId": given}
        ext["weichat"] = {
            "ctrlType": "TransferToKfHint",
            "ctrlArgs": arguments,
            "transferToHumanButtonInfo": button,
        }
    return ext or None


def reply_payload(reply: BotReply) -> Mapping[str, Any] | None:
    """Clients that know no menus are offered its entries as similar questions."""
    if not reply.menu:
        return reply.payload
    return {"simQuestions": [entry.name for entry in reply.menu.entries], **(reply.payload or {})}


def _choice(menu: Menu) -> dict[str, Any]:
    if menu.shape is MenuShape.LIST:
        return {"title": menu.title, "list": [entry.name for entry in menu.entries]}
    return {"title": menu.title, "items": [{"id": entry.id, "name": entry.name} for entry in menu.entries]}
