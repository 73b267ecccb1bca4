"""What one session's log says of its service: to whom it was offered, what came of it, who had it for how long.

An *offer* lasts from the moment a session comes before a group, or before one agent, until somebody has it or
it goes elsewhere. To be overflowed or transferred makes another offer. Handing it to a free agent by name makes none:
nobody waited. Whom a full queue passes on before he stood in it is offered to the group that takes over, and to it alone.
"""

from collections.abc import Iterator
from dataclasses import field, replace
from enum import Enum

from kefu.dataclass import dataclass
from kefu.domain.channel import Channel
from kefu.domain.instants import Instant
from kefu.domain.line import LineKind
from kefu.domain.log import ENDS, EventKind, LogEntry

HAND_OVERS = frozenset({EventKind.OVERFLOWED, EventKind.TRANSFERRED})
VISITOR_LEFT = frozenset({EventKind.USER_END, EventKind.USER_TIMEOUT_END, EventKind.PENDING_AUTO_END})
"""Ends of a waiting session that are its visitor's doing."""


class Outcome(Enum):
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    """Its visitor left before anybody had it."""
    PASSED_ON = "passed on"
    """Overflowed or transferred before anybody had it."""
    DISMISSED = "dismissed"
    """Ended by the desk before anybody had it."""
    WAITING = "waiting"


@dataclass(kw_only=True, slots=True)
class Offer:
    came_at: Instant
    is_request: bool
    """Whether it begins with the visitor's wish for a human, not with an overflow or a transfer."""
    is_placed: bool = False
    """Whether a group or an agent was found for it. One that was turned away at the door never becomes an offer."""
    skill_group: str | None = None
    agent: str | None = None
    """Login of the agent who answered it; until then, of the one it waits for alone."""
    outcome: Outcome = Outcome.WAITING
    ended_at: Instant | None = None

    @property
    def lasted(self) -> int:
        return (self.came_at if self.ended_at is None else self.ended_at) - self.came_at


@dataclass(kw_only=True, slots=True)
class Handling:
    """An agent has the session."""

    agent: str | None
    skill_group: str | None
    since: Instant
    until: Instant | None = None


@dataclass(kw_only=True, slots=True)
class HandOver:
    """An overflow or a transfer."""

    kind: EventKind
    at: Instant
    from_agent: str | None
    from_group: str | None
    to_agent: str | None = None
    """Who got it at once, or in whose line it waits."""
    to_group: str | None = None


@dataclass(slots=True)
class Course:
    channel: Channel
    offers: list[Offer] = field(default_factory=list)
    handlings: list[Handling] = field(default_factory=list)
    hand_overs: list[HandOver] = field(default_factory=list)

    def add(self, entry: LogEntry) -> None:
        """The log's next entry; most say nothing of the service."""
        match entry.kind:
            case EventKind.HUMAN_REQUESTED:
                self._offered(entry.at, is_request=True)
            case EventKind.QUEUED:
                self._placed(entry, entry.line.owner if entry.line and entry.line.kind is LineKind.AGENT else None)
            case EventKind.ASSIGNED:
                self._placed(entry, entry.agent)
                self._taken(entry)
            case kind if kind in HAND_OVERS:
                self._handed_over(entry)
            case kind if kind in ENDS:
                self._settle(Outcome.ABANDONED if kind in VISITOR_LEFT else Outcome.DISMISSED, entry.at)
            case EventKind.SESSION_END:
                self._settle(Outcome.DISMISSED, entry.at)
                self._let_go(entry.at)
            case _:
                pass

    def requests(self) -> Iterator[Offer]:
        """Offers as a visitor sees them: from his wish for a human to what came of it, wherever it was passed on to."""
        whole: Offer | None = None
        for offer in self.offers:
            if offer.is_request:
                if whole:
                    yield whole
                whole = replace(offer)
            elif whole and whole.outcome is Outcome.PASSED_ON:
                whole = replace(offer, came_at=whole.came_at, is_request=True)
        if whole:
            yield whole

    @property
    def _offer(self) -> Offer | None:
        """The one that nothing came of yet."""
        return self.offers[-1] if self.offers and self.offers[-1].outcome is Outcome.WAITING else None

    @property
    def _handling(self) -> Handling | None:
        return self.handlings[-1] if self.handlings and self.handlings[-1].until is None else None

    def _offered(self, at: Instant, *, is_request: bool) -> Offer:
        if (known := self._offer) is not None:
            return known
        offer = Offer(came_at=at, is_request=is_request)
        self.offers.append(offer)
        return offer

    def _placed(self, entry: LogEntry, agent: str | None) -> None:
        offer = self._offered(entry.at, is_request=True)
        if self.hand_overs and not offer.is_placed:
            self.hand_overs[-1].to_group, self.hand_overs[-1].to_agent = entry.skill_group, agent
        offer.skill_group, offer.agent, offer.is_placed = entry.skill_group, agent, True

    def _taken(self, entry: LogEntry) -> None:
        self._settle(Outcome.ANSWERED, entry.at)
        self.handlings.append(Handling(agent=entry.agent, skill_group=entry.skill_group, since=entry.at))

    def _handed_over(self, entry: LogEntry) -> None:
        offer, handling = self._offer, self._handling
        before = offer or handling
        is_at_the_door = offer is not None and not offer.is_placed
        self.hand_overs.append(
            HandOver(
                kind=entry.kind,
                at=entry.at,
                from_agent=before.agent if before else entry.from_agent,
                from_group=_turned_away_by(entry) if is_at_the_door else before.skill_group if before else None,
                to_agent=entry.agent,
                to_group=entry.skill_group,
            )
        )
        if is_at_the_door:
            return
        self._let_go(entry.at)
        if entry.agent is None:
            self._settle(Outcome.PASSED_ON, entry.at)
            self._offered(entry.at, is_request=False)
            return
        if offer is not None:
            offer.skill_group, offer.agent = entry.skill_group, entry.agent
        self._taken(entry)

    def _settle(self, outcome: Outcome, at: Instant) -> None:
        if (offer := self._offer) is None:
            return
        offer.outcome, offer.ended_at = outcome, at
        if not offer.is_placed:
            self.offers.pop()

    def _let_go(self, at: Instant) -> None:
        if (handling := self._handling) is not None:
            handling.until = at


def _turned_away_by(entry: LogEntry) -> str | None:
    """The group whose queue was full."""
    return entry.line.owner if entry.line else None
