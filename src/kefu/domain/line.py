"""Lines: ordered waiting lists, one per skill group (its queue) and one per agent (the directed line)."""

from enum import StrEnum
from typing import NamedTuple

from kefu.domain.instants import Instant


class LineKind(StrEnum):
    GROUP = "GROUP"
    AGENT = "AGENT"


class Line(NamedTuple):
    kind: LineKind
    owner: str
    """Skill group id, or agent's login."""


class Place(NamedTuple):
    """Where a session stands in a line: VIP first, then the session's start, then its id."""

    is_not_vip: bool
    started_at: Instant
    session_id: str


def group_line(group_id: str) -> Line:
    return Line(LineKind.GROUP, group_id)


def agent_line(login: str) -> Line:
    return Line(LineKind.AGENT, login)
