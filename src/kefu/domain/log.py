"""A session's log: numbered entries, messages and life-cycle events in one sequence."""

from enum import StrEnum

from kefu.dataclass import dataclass
from kefu.domain.decision import Decision
from kefu.domain.instants import Instant
from kefu.domain.line import Line
from kefu.domain.message import Message
from kefu.domain.routing_keys import RoutingKeys
from kefu.domain.session_ref import SessionRef


class EventKind(StrEnum):
    SESSION_BEGIN = "SESSION_BEGIN"
    BOT_USER_MESSAGE = "BOT_USER_MESSAGE"
    BOT_MESSAGE = "BOT_MESSAGE"
    USER_MESSAGE = "USER_MESSAGE"
    AGENT_MESSAGE = "AGENT_MESSAGE"
    HUMAN_REQUESTED = "HUMAN_REQUESTED"
    QUEUED = "QUEUED"
    NO_AGENT_ONLINE = "NO_AGENT_ONLINE"
    ASSIGNED = "ASSIGNED"
    TRANSFERRED = "TRANSFERRED"
    OVERFLOWED = "OVERFLOWED"
    RATING_INVITED = "RATING_INVITED"
    RATED = "RATED"
    USER_END = "USER_END"
    AGENT_END = "AGENT_END"
    USER_TIMEOUT_END = "USER_TIMEOUT_END"
    AGENT_TIMEOUT_END = "AGENT_TIMEOUT_END"
    PENDING_AUTO_END = "PENDING_AUTO_END"
    SESSION_END = "SESSION_END"
    DECLINED = "DECLINED"
    TIMEOUT_WARNED = "TIMEOUT_WARNED"


VISITOR_MESSAGES = frozenset({EventKind.USER_MESSAGE, EventKind.BOT_USER_MESSAGE})
REPLIES = frozenset({EventKind.AGENT_MESSAGE, EventKind.BOT_MESSAGE})
ENDS = frozenset(
    {
        EventKind.USER_END,
        EventKind.AGENT_END,
        EventKind.USER_TIMEOUT_END,
        EventKind.AGENT_TIMEOUT_END,
        EventKind.PENDING_AUTO_END,
        EventKind.DECLINED,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogEntry:
    seq: int
    kind: EventKind
    at: Instant
    ref: SessionRef | None = None
    """SESSION_BEGIN only: which session begins."""
    keys: RoutingKeys | None = None
    """SESSION_BEGIN, HUMAN_REQUESTED and DECLINED: what the visitor's message said about routing."""
    message: Message | None = None
    was_left: bool = False
    """Messages of the visitor only: it was left before, he need not be there."""
    agent: str | None = None
    """Login of the agent the event is about: who was assigned, who wrote, who ended it."""
    from_agent: str | None = None
    """TRANSFERRED and OVERFLOWED: login of the agent who gave the session up, if one held it."""
    skill_group: str | None = None
    line: Line | None = None
    decision: Decision | None = None
    answers: int | None = None
    """BOT_MESSAGE only: number of the visitor's message that the bot answers."""
    rating: int | None = None
    warns_of: EventKind | None = None
    """TIMEOUT_WARNED only: the end that is near."""
