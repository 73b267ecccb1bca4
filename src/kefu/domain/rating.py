"""Ratings: who may be rated, until when, and what many of them come to."""

from collections.abc import Iterable
from enum import StrEnum

from kefu.dataclass import dataclass
from kefu.domain.directory import TenantSettings
from kefu.domain.instants import Instant
from kefu.domain.refusals import Declined, RefusalCode
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef

STARS = range(1, 6)


class RatingsBy(StrEnum):
    """What ratings are counted by."""

    AGENT = "AGENT"
    SKILL_GROUP = "SKILL_GROUP"
    DAY = "DAY"


class InvalidRatingReason(StrEnum):
    """Why a rating is kept and does not count."""

    NO_SCORE = "NO_SCORE"
    TOO_LATE = "TOO_LATE"
    NOT_SERVED = "NOT_SERVED"


@dataclass(frozen=True, kw_only=True, slots=True)
class RatingAnswers:
    """What a visitor says of the service."""

    stars: int
    comment: str = ""
    tags: tuple[str, ...] = ()
    recommends: int | None = None
    """0 to 10, as the net promoter score asks."""
    was_solved: bool | None = None
    """Whether the first contact was enough."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rating:
    ref: SessionRef
    agent: str | None
    """Login of the agent who had the session then."""
    skill_group: str | None
    answers: RatingAnswers
    at: Instant


@dataclass(frozen=True, kw_only=True, slots=True)
class InvalidRating:
    id: str
    ref: SessionRef
    reason: InvalidRatingReason
    score: str = ""
    """As it came."""
    comment: str = ""
    at: Instant


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each number of stars was given, one star first."""

    stars: tuple[int, ...] = (0,) * len(STARS)

    def counting(self, stars: int) -> "Tally":
        return Tally(tuple(count + (star == stars) for star, count in zip(STARS, self.stars, strict=True)))

    @property
    def count(self) -> int:
        return sum(self.stars)

    @property
    def average(self) -> float:
        return sum(star * count for star, count in zip(STARS, self.stars, strict=True)) / self.count


def tally(ratings: Iterable[tuple[str, Rating]]) -> dict[str, Tally]:
    """By name, in the order of the names."""
    found: dict[str, Tally] = {}
    for name, rating in ratings:
        found[name] = found.get(name, Tally()).counting(rating.answers.stars)
    return dict(sorted(found.items()))


def require_ratable(session: Session, settings: TenantSettings, now: Instant) -> None:
    """Raises `Declined`: rated before, served by nobody yet, or closed too long ago."""
    if session.rating is not None:
        raise Declined(RefusalCode.RATING_EXISTS, "The session is rated already; a rating is given once.", "sessionId")
    if session.assigned_at is None:
        raise Declined(
            RefusalCode.RATING_NOT_POSSIBLE, "No agent has served the session; there is nothing to rate.", "sessionId"
        )
    if session.closed_at is not None and now - session.closed_at > settings.rating_window_ms:
        raise Declined(
            RefusalCode.RATING_TOO_LATE, "The session ended too long ago to be rated. Rate the next one.", "sessionId"
        )


def is_invited_at_close(session: Session, settings: TenantSettings) -> bool:
    """Whether the end of the session asks its visitor for a rating."""
    return settings.invites_rating_at_close and session.state is SessionState.ACTIVE and session.rating is None
