"""A dispatch decision: what was decided for a session, with every step tried and every candidate's reason."""

from enum import StrEnum

from kefu.dataclass import dataclass
from kefu.domain.agent import AgentStatus
from kefu.domain.instants import Instant
from kefu.domain.line import Line


class DispatchOutcome(StrEnum):
    ASSIGN = "ASSIGN"
    WAIT_FOR_AGENT = "WAIT_FOR_AGENT"
    QUEUE = "QUEUE"
    KEEP_IN_BOT = "KEEP_IN_BOT"
    DECLINE = "DECLINE"


class DirectedBy(StrEnum):
    DESIGNATED = "DESIGNATED"
    BOUND = "BOUND"
    TRANSFERRED = "TRANSFERRED"


class DispatchTrigger(StrEnum):
    """The happening that made the desk decide."""

    MESSAGE = "MESSAGE"
    HUMAN_REQUESTED = "HUMAN_REQUESTED"
    MESSAGE_LEFT = "MESSAGE_LEFT"
    AGENT_GAINED_ROOM = "AGENT_GAINED_ROOM"
    AGENT_WENT_OFFLINE = "AGENT_WENT_OFFLINE"
    AGENT_REMOVED = "AGENT_REMOVED"
    BINDING_ENDED = "BINDING_ENDED"
    SKILL_GROUP_REMOVED = "SKILL_GROUP_REMOVED"
    TRANSFER = "TRANSFER"
    LOOK = "LOOK"
    SWEEP = "SWEEP"
    DRY_RUN = "DRY_RUN"


class DispatchRule(StrEnum):
    """The parts of the routing procedure, in its order."""

    KEYS = "KEYS"
    BOT = "BOT"
    HOURS = "HOURS"
    DESIGNATED = "DESIGNATED"
    ROUTING_RULE = "ROUTING_RULE"
    QUEUE_NAME = "QUEUE_NAME"
    CHANNEL_GROUP = "CHANNEL_GROUP"
    DEFAULT_GROUP = "DEFAULT_GROUP"
    PRECEDENCE = "PRECEDENCE"
    BINDING = "BINDING"
    GROUP_QUEUE = "GROUP_QUEUE"
    LINE = "LINE"
    OVERFLOW = "OVERFLOW"
    TRANSFER = "TRANSFER"


class DispatchReason(StrEnum):
    INVALID_KEY = "INVALID_KEY"
    BOT_RECEIVES = "BOT_RECEIVES"
    NO_BOT = "NO_BOT"
    HUMAN_ASKED_FOR = "HUMAN_ASKED_FOR"
    BOT_HANDED_OVER = "BOT_HANDED_OVER"
    BOT_FAILED = "BOT_FAILED"
    OUTSIDE_HOURS = "OUTSIDE_HOURS"
    WITHIN_HOURS = "WITHIN_HOURS"
    NO_AGENT_DESIGNATED = "NO_AGENT_DESIGNATED"
    DESIGNATED_AGENT_UNKNOWN = "DESIGNATED_AGENT_UNKNOWN"
    DESIGNATED_AGENT_FREE = "DESIGNATED_AGENT_FREE"
    DESIGNATED_AGENT_NOT_FREE = "DESIGNATED_AGENT_NOT_FREE"
    DESIGNATED_AGENT_OFFLINE = "DESIGNATED_AGENT_OFFLINE"
    RULE_MATCHED = "RULE_MATCHED"
    UNMATCHED_RULE_FLAG = "UNMATCHED_RULE_FLAG"
    QUEUE_NAME_MATCHED = "QUEUE_NAME_MATCHED"
    UNMATCHED_QUEUE_NAME = "UNMATCHED_QUEUE_NAME"
    CHANNEL_HAS_GROUP = "CHANNEL_HAS_GROUP"
    NO_GROUP_NAMED = "NO_GROUP_NAMED"
    BINDING_FIRST = "BINDING_FIRST"
    ROUTING_FIRST = "ROUTING_FIRST"
    NOT_ENTITLED = "NOT_ENTITLED"
    NO_BUSINESS_FLAG = "NO_BUSINESS_FLAG"
    NOT_BOUND = "NOT_BOUND"
    BINDING_EXPIRED = "BINDING_EXPIRED"
    BOUND_AGENT_OFFLINE = "BOUND_AGENT_OFFLINE"
    BOUND_AGENT_FREE = "BOUND_AGENT_FREE"
    BOUND_AGENT_NOT_FREE = "BOUND_AGENT_NOT_FREE"
    SOMEONE_WAITS = "SOMEONE_WAITS"
    NO_FREE_AGENT = "NO_FREE_AGENT"
    BEST_FREE_AGENT = "BEST_FREE_AGENT"
    EQUAL_UNDER_CONTENTION = "EQUAL_UNDER_CONTENTION"
    FIRST_IN_LINE = "FIRST_IN_LINE"
    BINDING_ENDED = "BINDING_ENDED"
    DIRECTED_AGENT_REMOVED = "DIRECTED_AGENT_REMOVED"
    SKILL_GROUP_REMOVED = "SKILL_GROUP_REMOVED"
    NOBODY_ONLINE = "NOBODY_ONLINE"
    WAITED_TOO_LONG = "WAITED_TOO_LONG"
    QUEUE_FULL = "QUEUE_FULL"
    AGENT_VANISHED = "AGENT_VANISHED"
    TRANSFERRED_TO_AGENT = "TRANSFERRED_TO_AGENT"
    TRANSFERRED_TO_GROUP = "TRANSFERRED_TO_GROUP"


class CandidateRefusal(StrEnum):
    BUSY = "BUSY"
    AWAY = "AWAY"
    HIDDEN = "HIDDEN"
    OFFLINE = "OFFLINE"
    FULL = "FULL"
    NOT_IN_GROUP = "NOT_IN_GROUP"
    LOWER_RANK = "LOWER_RANK"


@dataclass(frozen=True, kw_only=True, slots=True)
class DispatchStep:
    rule: DispatchRule
    reason: DispatchReason
    outcome: DispatchOutcome | None = None
    """None: this rule did not settle it, the next one was tried."""
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One agent weighed, with the facts he was weighed by, so that the reason can be checked again."""

    agent: str
    is_chosen: bool = False
    rank: int | None = None
    """1 is best; None for an agent who could not be taken at all."""
    refusal: CandidateRefusal | None = None
    status: AgentStatus
    active_sessions: int
    max_sessions: int
    idle_since: Instant


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    outcome: DispatchOutcome
    agent: str | None = None
    """Login of the agent assigned (ASSIGN) or waited for (WAIT_FOR_AGENT)."""
    skill_group: str | None = None
    line: Line | None = None
    """Where the session waits, if it does."""
    directed_by: DirectedBy | None = None
    is_anyone_online: bool = True
    """Whether any agent of the target was ONLINE at that moment."""
    turned_away_from: str | None = None
    """Id of the group whose queue was full, so that another one took over."""
    trigger: DispatchTrigger
    decided_at: Instant
    steps: tuple[DispatchStep, ...]
    candidates: tuple[Candidate, ...] = ()
