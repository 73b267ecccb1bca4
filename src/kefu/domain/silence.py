"""When a session is ended for silence: a pure function of the session, the tenant's time-outs and the time.

Each clock starts with an event (a message, an assignment, joining a line, the visitor's being seen), and no event lies in
the past. So whatever happens from now on, nothing is due before the shortest time-out is over: until then a deadline may
look away, and messages need not touch it.
"""

from typing import TypeAlias

from kefu.dataclass import dataclass
from kefu.domain.instants import Instant
from kefu.domain.log import EventKind
from kefu.domain.session import Session, SessionState
from kefu.domain.timeouts import Timeouts


@dataclass(frozen=True, slots=True)
class End:
    cause: EventKind


@dataclass(frozen=True, slots=True)
class Warn:
    cause: EventKind
    """Of the end that is near."""
    look_at: Instant


@dataclass(frozen=True, slots=True)
class LookAgain:
    at: Instant


NextStep: TypeAlias = End | Warn | LookAgain


@dataclass(frozen=True, slots=True)
class Silence:
    """Who is silent since when, told by the end it leads to."""

    cause: EventKind
    since: Instant
    ends_after_ms: int | None


def next_step(session: Session, timeouts: Timeouts, now: Instant, *, visitor_seen_at: Instant = 0) -> NextStep | None:
    """What is to be done about an open session; None where no time-out is set."""
    shortest_ms = timeouts.shortest_ms
    if shortest_ms is None:
        return None
    silence = silence_of(session, timeouts, visitor_seen_at=visitor_seen_at)
    if silence.ends_after_ms is None:
        return LookAgain(now + shortest_ms)
    ends_at, warning_ms = silence.since + silence.ends_after_ms, timeouts.warning_ms
    if warning_ms is not None:
        warned_at = session.warned_at
        if warned_at is None or warned_at <= silence.since:
            warns_at = ends_at - warning_ms
            is_due = warns_at <= now
            return Warn(silence.cause, now + warning_ms) if is_due else LookAgain(min(warns_at, now + shortest_ms))
        ends_at = max(ends_at, warned_at + warning_ms)
    return End(silence.cause) if ends_at <= now else LookAgain(min(ends_at, now + shortest_ms))


def silence_of(session: Session, timeouts: Timeouts, *, visitor_seen_at: Instant = 0) -> Silence:
    written_at, answered_at = session.last_visitor_message_at or 0, session.last_agent_message_at or 0
    if session.state is SessionState.WAITING:
        since = max(session.waiting_since or 0, written_at, visitor_seen_at)
        return Silence(EventKind.PENDING_AUTO_END, since, None if session.visitor_is_away else timeouts.pending_ms)
    if session.state is SessionState.BOT:
        return Silence(EventKind.USER_TIMEOUT_END, max(written_at, answered_at), timeouts.visitor_ms)
    assigned_at = session.assigned_at or 0
    if session.unread or answered_at <= assigned_at:  # also who has just got the session is to say something
        return Silence(EventKind.AGENT_TIMEOUT_END, max(written_at, assigned_at), timeouts.agent_ms)
    return Silence(EventKind.USER_TIMEOUT_END, max(written_at, answered_at), timeouts.visitor_ms)
