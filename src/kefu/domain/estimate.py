"""How long who waits will wait: his place, times how long a session lasts, shared by the agents who are there.

Honest where agents serve one group and sessions last alike. Agents of several groups make it too short, VIPs who come
later too long a promise; where little is known it says nothing.
"""

from collections.abc import Collection, Iterable

from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.bounds import HANDLED_LEAST
from kefu.domain.instants import Instant
from kefu.domain.line import Line, LineKind
from kefu.domain.session import Session


def pace_ms(handle_times_ms: Collection[int], slots: int) -> float | None:
    """From place to place. None where nobody is there to serve, or too few sessions were served to say."""
    if slots <= 0 or len(handle_times_ms) < HANDLED_LEAST:
        return None
    return sum(handle_times_ms) / len(handle_times_ms) / slots


def handle_times_ms(closed: Iterable[Session], line: Line) -> list[int]:
    """Of the sessions that agents of the line served: from the last assignment to the end."""
    return [
        session.closed_at - session.assigned_at
        for session in closed
        if session.closed_at is not None and session.assigned_at is not None and _was_of(session, line)
    ]


def slots_online(agents: Iterable[Agent], now: Instant) -> int:
    return sum(agent.max_sessions for agent in agents if agent.status_at(now) is AgentStatus.ONLINE)


def _was_of(session: Session, line: Line) -> bool:
    return (session.skill_group if line.kind is LineKind.GROUP else session.agent) == line.owner
