"""How events reach a webhook: one lane per session, in order, one event after the other.

A lane is a place in a session's log. What lies behind the place is to be told yet, so nothing is copied and nothing can
be lost between two records: an event is told exactly when the place has passed it.
"""

from dataclasses import replace
from enum import StrEnum

from kefu.dataclass import dataclass
from kefu.domain.instants import HOUR, MINUTE, SECOND, Instant
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.session import Session
from kefu.domain.session_ref import SessionRef

RETRY_AFTER = (0, 5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR)
"""How long each attempt waits for after the one before."""


def retry_at(attempts: int, failed_at: Instant) -> Instant | None:
    """When an event that failed so often is tried again; None: it is a dead letter."""
    return failed_at + RETRY_AFTER[attempts] if attempts < len(RETRY_AFTER) else None


def message_id(session_id: str, seq: int) -> str:
    """The same at every attempt: a receiver knows by it what he had already."""
    return f"{session_id}-{seq}"


@dataclass(frozen=True, slots=True)
class Happening:
    """An entry of a log, and the session before and after it."""

    before: Session | None
    entry: LogEntry
    after: Session

    @property
    def message_id(self) -> str:
        return message_id(self.after.id, self.entry.seq)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    told: Session | None = None
    """The session as of the last event that was told or passed over."""
    known_seq: int = 0
    """Of the log, there are entries up to this number at least."""
    only: tuple[int, ...] = ()
    """A replay: these entries alone are told, and then the lane is gone."""
    attempts: int = 0
    """At the first event that is not told yet."""
    due_at: Instant | None = None
    """When somebody is to look after it; None while there is nothing to tell."""
    claim: str = ""
    """Who looks after it until `due_at`."""

    @property
    def told_seq(self) -> int:
        return self.told.last_seq if self.told else 0

    @property
    def has_more(self) -> bool:
        return self.told_seq < self.known_seq

    def knowing(self, seq: int) -> "Lane":
        return replace(self, known_seq=max(self.known_seq, seq))

    def claimed(self, claim: str, until: Instant) -> "Lane":
        return replace(self, claim=claim, due_at=until)

    def passed(self, after: Session) -> "Lane":
        return replace(self, told=after, attempts=0).knowing(after.last_seq)

    def resting(self, now: Instant) -> "Lane":
        """Nobody looks after it: for good, or until at once."""
        return replace(self, claim="", due_at=now if self.has_more else None)

    def retrying(self, at: Instant) -> "Lane":
        return replace(self, claim="", attempts=self.attempts + 1, due_at=at)


class DeliveryState(StrEnum):
    RETRYING = "RETRYING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookDelivery:
    """An event that was not taken at once, and what became of it."""

    webhook: str
    ref: SessionRef
    seq: int
    kind: EventKind
    at: Instant
    """When the event happened."""
    state: DeliveryState
    attempts: int
    tried_at: Instant
    """Last."""
    due_at: Instant | None = None
    answer: str = ""
    """What came back last, in words."""
    before: Session | None = None
    """The session before the event: what was told of it can be told again."""
