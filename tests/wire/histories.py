"""Logs made by hand: what no use case brings about yet can be told all the same."""

from collections.abc import Iterable

from kefu.domain.channel import Channel
from kefu.domain.delivery import Happening
from kefu.domain.line import group_line
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.message import Message, MessageSender, MessageType
from kefu.domain.routing_keys import RoutingKeys
from kefu.domain.session import Session, apply
from kefu.domain.session_ref import SessionRef
from kefu.domain.webhook import Dialect, Webhook

AT = 1_725_540_020_017
SESSION = "2baf4d84-beb4-4607-a1ea-6ebcaef3e0e6"
AGENT, OTHER_AGENT = "test@qq.com", "other@qq.com"
GROUP = "G1"
TENCENT = Webhook(
    id="w",
    url="https://shop.example/hooks",
    dialect=Dialect.TENCENT,
    secret="mytoken",
    created_at=0,
    since=0,
    sdk_app_id="1400000000",
    customer_service_id="@customer_service_account",
)


def message(sender: MessageSender, text: str = "hello", **given: object) -> Message:
    agent = AGENT if sender is MessageSender.AGENT else None
    standard = {"id": "01a1", "sender": sender, "text": text, "sent_at": AT, "agent": agent}
    return Message(**(standard | given))  # type: ignore[arg-type]


def history(*happened: tuple[EventKind, dict[str, object]], channel: Channel = Channel.APP) -> list[Happening]:
    """A session that begins, and then this, each a millisecond later."""
    ref = SessionRef("your_user_id", channel, 1, SESSION)
    entries = [LogEntry(seq=1, kind=EventKind.SESSION_BEGIN, at=AT, ref=ref, keys=RoutingKeys())]
    for seq, (kind, given) in enumerate(happened, 2):
        entries.append(LogEntry(seq=seq, kind=kind, at=AT + seq - 1, **given))  # type: ignore[arg-type]
    return list(_happenings(entries))


def _happenings(entries: Iterable[LogEntry]) -> Iterable[Happening]:
    before: Session | None = None
    for entry in entries:
        after = apply(before, entry)
        yield Happening(before, entry, after)
        before = after


def said(
    kind: EventKind, sender: MessageSender, text: str = "hello", **given: object
) -> tuple[EventKind, dict[str, object]]:
    agent = {"agent": AGENT} if sender is MessageSender.AGENT else {}
    return kind, {"message": message(sender, text, **given), **agent}


BOT_ASKED = said(EventKind.BOT_USER_MESSAGE, MessageSender.VISITOR)
BOT_ANSWERED = said(EventKind.BOT_MESSAGE, MessageSender.BOT)
ASKED = said(EventKind.USER_MESSAGE, MessageSender.VISITOR)
ANSWERED = said(EventKind.AGENT_MESSAGE, MessageSender.AGENT)
HUMAN: tuple[EventKind, dict[str, object]] = (EventKind.HUMAN_REQUESTED, {})
NOBODY: tuple[EventKind, dict[str, object]] = (EventKind.NO_AGENT_ONLINE, {"skill_group": GROUP})
QUEUED: tuple[EventKind, dict[str, object]] = (EventKind.QUEUED, {"line": group_line(GROUP), "skill_group": GROUP})
ASSIGNED: tuple[EventKind, dict[str, object]] = (EventKind.ASSIGNED, {"agent": AGENT, "skill_group": GROUP})
FORWARDED: tuple[EventKind, dict[str, object]] = (
    EventKind.TRANSFERRED,
    {"agent": OTHER_AGENT, "from_agent": AGENT, "skill_group": GROUP},
)
GIVEN_UP: tuple[EventKind, dict[str, object]] = (EventKind.TRANSFERRED, {"from_agent": AGENT, "skill_group": GROUP})
OVERFLOWED: tuple[EventKind, dict[str, object]] = (EventKind.OVERFLOWED, {"line": group_line(GROUP)})
INVITED: tuple[EventKind, dict[str, object]] = (EventKind.RATING_INVITED, {})
RATED: tuple[EventKind, dict[str, object]] = (EventKind.RATED, {"rating": 5})


def ended(cause: EventKind, agent: str | None = AGENT) -> tuple[tuple[EventKind, dict[str, object]], ...]:
    return (cause, {"agent": agent}), (EventKind.SESSION_END, {"agent": agent})


IMAGE, LOCATION, CARD = MessageType.IMAGE, MessageType.LOCATION, MessageType.CARD
