"""A session is the fold of its log: `apply` is the only way its state comes about."""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from kefu.dataclass import dataclass
from kefu.domain.channel import Channel
from kefu.domain.custom_parameters import custom_parameters_in, is_marker_message
from kefu.domain.decision import DirectedBy
from kefu.domain.instants import Instant
from kefu.domain.line import Line, LineKind, Place
from kefu.domain.log import ENDS, REPLIES, VISITOR_MESSAGES, EventKind, LogEntry
from kefu.domain.message import MessageSender, MessageType
from kefu.domain.routing_keys import NO_KEYS, RoutingKeys
from kefu.domain.session_ref import SessionRef


class SessionState(StrEnum):
    BOT = "BOT"
    WAITING = "WAITING"
    ACTIVE = "ACTIVE"
    CLOSED = "CLOSED"


OPEN = (SessionState.BOT, SessionState.WAITING, SessionState.ACTIVE)

LEGAL: dict[EventKind, tuple[SessionState, ...]] = {
    EventKind.BOT_USER_MESSAGE: (SessionState.BOT,),
    EventKind.BOT_MESSAGE: (SessionState.BOT,),
    EventKind.USER_MESSAGE: OPEN,
    EventKind.AGENT_MESSAGE: (SessionState.ACTIVE,),
    EventKind.HUMAN_REQUESTED: (SessionState.BOT,),
    EventKind.NO_AGENT_ONLINE: (SessionState.BOT, SessionState.WAITING, SessionState.ACTIVE),
    EventKind.QUEUED: (SessionState.BOT, SessionState.WAITING),
    EventKind.ASSIGNED: (SessionState.BOT, SessionState.WAITING),
    EventKind.TRANSFERRED: (SessionState.WAITING, SessionState.ACTIVE),
    EventKind.OVERFLOWED: (SessionState.BOT, SessionState.WAITING, SessionState.ACTIVE),
    EventKind.RATING_INVITED: (SessionState.ACTIVE, SessionState.CLOSED),
    EventKind.RATED: (SessionState.BOT, SessionState.WAITING, SessionState.ACTIVE, SessionState.CLOSED),
    EventKind.TIMEOUT_WARNED: OPEN,
    **dict.fromkeys(ENDS, OPEN),
    EventKind.SESSION_END: OPEN,
}
"""In which states each event may happen. Whatever is not here is a fault of ours, never of a caller."""


class IllegalEvent(Exception):
    """An event that the session's state does not allow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    ref: SessionRef
    state: SessionState = SessionState.BOT
    keys: RoutingKeys = NO_KEYS
    started_at: Instant
    last_seq: int
    agent: str | None = None
    """Login of the agent it is assigned to; after the end, of the one who had it last."""
    skill_group: str | None = None
    line: Line | None = None
    """The line it waits in, exactly while WAITING."""
    directed_by: DirectedBy | None = None
    waiting_since: Instant | None = None
    overflowed_from: tuple[str, ...] = ()
    """Ids of the groups whose queues it was handed on from, one after another, since it was last given to somebody."""
    assigned_at: Instant | None = None
    closed_at: Instant | None = None
    end_reason: EventKind | None = None
    rating: int | None = None
    decided_seq: int | None = None
    """Number of the log entry that holds the latest decision."""
    last_message_seq: int | None = None
    last_visitor_message_at: Instant | None = None
    last_agent_message_at: Instant | None = None
    unread: int = 0
    """Visitor's messages since the agent last wrote; commands between programs are none."""
    asked_seq: int = 0
    """Number of the visitor's latest message that a bot is to answer."""
    answered_seq: int = 0
    """Number of the latest message that a bot has answered."""
    visitor_is_away: bool = False
    """Whether he has only left messages so far: they wait for an agent, and nobody waits with them."""
    warned_at: Instant | None = None
    """When its end for silence was last announced; whatever was said since has put that off."""
    agent_messages: int = 0
    """Messages that agents wrote, whoever they were."""
    custom_parameters_seq: int | None = None
    """Number of the log entry whose message says what CRM windows are told."""

    @property
    def id(self) -> str:
        return self.ref.id

    @property
    def channel(self) -> Channel:
        return self.ref.channel

    @property
    def is_open(self) -> bool:
        return self.state is not SessionState.CLOSED

    @property
    def is_vip(self) -> bool:
        return self.keys.is_vip

    @property
    def place(self) -> Place:
        return Place(not self.is_vip, self.started_at, self.id)

    @property
    def owed_answer(self) -> int | None:
        """Number of the message that the bot has yet to answer."""
        return self.asked_seq if self.state is SessionState.BOT and self.asked_seq > self.answered_seq else None

    @property
    def directed_to(self) -> str | None:
        return self.line.owner if self.line and self.line.kind is LineKind.AGENT else None


def apply(session: Session | None, entry: LogEntry) -> Session:
    """The session after `entry`. Raises `IllegalEvent` if the states do not allow it or a number is skipped."""
    if session is None:
        return _begun(entry)
    if entry.seq != session.last_seq + 1 or session.state not in LEGAL.get(entry.kind, ()):
        raise IllegalEvent(f"{entry.kind} as entry {entry.seq} of a session {session.state} at {session.last_seq}")
    after = _moved(session, entry)
    return replace(
        after,
        last_seq=entry.seq,
        keys=entry.keys or after.keys,
        decided_seq=entry.seq if entry.decision else after.decided_seq,
        last_message_seq=entry.seq if entry.message and not _is_marker(entry) else after.last_message_seq,
        visitor_is_away=_is_away_after(session, entry),
    )


def fold(entries: Iterable[LogEntry], session: Session | None = None) -> Session:
    """The session that a log, or the next part of one, makes."""
    for entry in entries:
        session = apply(session, entry)
    if session is None:
        raise IllegalEvent("a log without entries")
    return session


def _begun(entry: LogEntry) -> Session:
    if entry.kind is not EventKind.SESSION_BEGIN or entry.ref is None or entry.seq != 1:
        raise IllegalEvent(f"{entry.kind} as entry {entry.seq} begins no session")
    return Session(ref=entry.ref, keys=entry.keys or NO_KEYS, started_at=entry.at, last_seq=1)


def _is_away_after(session: Session, entry: LogEntry) -> bool:
    if entry.kind not in VISITOR_MESSAGES:
        return session.visitor_is_away
    return entry.was_left and (session.visitor_is_away or session.last_visitor_message_at is None)


def _moved(session: Session, entry: LogEntry) -> Session:  # noqa: PLR0911  one row per kind
    match entry.kind:
        case kind if kind in VISITOR_MESSAGES:
            return _marked(session, entry) if _is_marker(entry) else _written(session, entry)
        case kind if kind in REPLIES:
            return _replied(session, entry)
        case EventKind.QUEUED:
            return _queued(session, entry)
        case EventKind.ASSIGNED:
            return _assigned(session, entry)
        case EventKind.TRANSFERRED | EventKind.OVERFLOWED:
            return _assigned(session, entry) if entry.agent else _given_up(session, entry)
        case kind if kind in ENDS:
            group = entry.skill_group if entry.kind is EventKind.DECLINED else session.skill_group
            return replace(session, end_reason=entry.kind, skill_group=group)
        case EventKind.SESSION_END:
            return replace(session, state=SessionState.CLOSED, closed_at=entry.at, line=None, waiting_since=None)
        case EventKind.RATED:
            return replace(session, rating=entry.rating)
        case EventKind.TIMEOUT_WARNED:
            return replace(session, warned_at=entry.at)
        case _:
            return session


def _replied(session: Session, entry: LogEntry) -> Session:
    """What the desk says itself is nobody's reply."""
    if entry.message and entry.message.sender is MessageSender.SYSTEM:
        return session
    return replace(
        session,
        last_agent_message_at=entry.at,
        unread=0,
        answered_seq=max(session.answered_seq, entry.answers or 0),
        agent_messages=session.agent_messages + (entry.kind is EventKind.AGENT_MESSAGE),
    )


def _written(session: Session, entry: LogEntry) -> Session:
    """A bot answers the message that opens a session whatever it is, and later ones that say something."""
    is_asked = entry.kind is EventKind.BOT_USER_MESSAGE and (
        not session.asked_seq or (entry.message is not None and entry.message.says_something)
    )
    return replace(
        session,
        last_visitor_message_at=entry.at,
        unread=session.unread + (entry.message is None or entry.message.type is not MessageType.COMMAND),
        asked_seq=entry.seq if is_asked else session.asked_seq,
    )


def _marked(session: Session, entry: LogEntry) -> Session:
    """By a message that only tells CRM windows something: nobody reads it, but a bot that was never asked answers it."""
    says_anything = entry.message is not None and custom_parameters_in(entry.message) is not None
    return replace(
        session,
        last_visitor_message_at=entry.at,
        asked_seq=session.asked_seq or (entry.seq if entry.kind is EventKind.BOT_USER_MESSAGE else 0),
        custom_parameters_seq=entry.seq if says_anything else session.custom_parameters_seq,
    )


def _is_marker(entry: LogEntry) -> bool:
    return entry.kind in VISITOR_MESSAGES and entry.message is not None and is_marker_message(entry.message)


def _given_up(session: Session, entry: LogEntry) -> Session:
    """By whoever had it; the next entry of the same commit says where it goes."""
    overflowed_from = session.overflowed_from if entry.kind is EventKind.OVERFLOWED else ()
    if entry.kind is EventKind.OVERFLOWED and entry.line and entry.line.kind is LineKind.GROUP:
        overflowed_from = (*overflowed_from, entry.line.owner)
    return replace(
        session,
        state=SessionState.WAITING,
        agent=None,
        line=None,
        directed_by=None,
        overflowed_from=overflowed_from,
    )


def _queued(session: Session, entry: LogEntry) -> Session:
    return replace(
        session,
        state=SessionState.WAITING,
        agent=None,
        line=entry.line,
        directed_by=entry.decision.directed_by if entry.decision else None,
        skill_group=entry.skill_group,
        waiting_since=entry.at,
    )


def _assigned(session: Session, entry: LogEntry) -> Session:
    return replace(
        session,
        state=SessionState.ACTIVE,
        agent=entry.agent,
        line=None,
        directed_by=None,
        waiting_since=None,
        overflowed_from=(),
        skill_group=entry.skill_group,
        assigned_at=entry.at,
    )
