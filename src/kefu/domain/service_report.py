"""Figures of service from session logs alone: exact, and nothing is kept of a session but its numbers.

An offer is charged to the interval in which it came, with all that came of it, then or later. A handling
counts in the interval in which it ended, an overflow or a transfer where it happened; slots are charged by the moment.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import field

from kefu.dataclass import dataclass
from kefu.domain.bounds import REPORT_ROWS_MAX
from kefu.domain.instants import Instant
from kefu.domain.log import EventKind
from kefu.domain.report_grouping import ReportGrouping
from kefu.domain.service_course import Course, HandOver, Offer, Outcome


class TooManyRows(Exception):
    """A report of more intervals and groups, agents or channels than one may have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """How long something took, in milliseconds. A percentile is the time of one: the nearest rank."""

    mean: int
    p50: int
    p90: int
    p99: int


def times_of(lasted: Sequence[int]) -> Times | None:
    if not lasted:
        return None
    ordered = sorted(lasted)

    def percentile(percent: int) -> int:
        return ordered[-(-percent * len(ordered) // 100) - 1]

    mean = round(sum(ordered) / len(ordered))
    return Times(mean=mean, p50=percentile(50), p90=percentile(90), p99=percentile(99))


@dataclass(slots=True)
class Figures:
    """Of one group, agent or channel, in one interval. `within` is the time that the service level promises."""

    within: int
    answered: list[int] = field(default_factory=list)
    """How long each waited, in the order in which they were counted; so below."""
    abandoned: list[int] = field(default_factory=list)
    passed_on: int = 0
    dismissed: int = 0
    waiting: int = 0
    handled: list[int] = field(default_factory=list)
    overflowed_in: int = 0
    overflowed_out: int = 0
    transferred_in: int = 0
    transferred_out: int = 0
    slot_time: int = 0
    """Milliseconds of slots in use: two sessions held for a second are two seconds."""

    @property
    def offered(self) -> int:
        return len(self.answered) + len(self.abandoned) + self.passed_on + self.dismissed + self.waiting

    @property
    def answered_within(self) -> int:
        return sum(lasted <= self.within for lasted in self.answered)

    @property
    def abandoned_within(self) -> int:
        return sum(lasted <= self.within for lasted in self.abandoned)

    @property
    def level_of_answered(self) -> float | None:
        """Answered within T / answered: who left does not count."""
        return _share(self.answered_within, len(self.answered))

    @property
    def level_with_abandoned(self) -> float | None:
        """Answered within T / (answered + abandoned): who left counts as missed, however soon."""
        return _share(self.answered_within, len(self.answered) + len(self.abandoned))

    @property
    def level_with_late_abandoned(self) -> float | None:
        """Answered within T / (answered + abandoned - abandoned within T): who left in time gave no chance."""
        return _share(self.answered_within, len(self.answered) + len(self.abandoned) - self.abandoned_within)

    @property
    def level_of_offered(self) -> float | None:
        """Answered within T / offered: passed on, dismissed and still waiting count as missed too."""
        return _share(self.answered_within, self.offered)

    @property
    def abandonment_rate(self) -> float | None:
        """Abandoned / offered."""
        return _share(len(self.abandoned), self.offered)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass(slots=True)
class ServiceReport:
    """Add the course of every session; then read the rows."""

    by: ReportGrouping
    edges: Sequence[Instant]
    """As `interval_edges` gives them."""
    within: int
    now: Instant
    _rows: dict[tuple[int, str], Figures] = field(default_factory=dict)

    def add(self, course: Course) -> None:
        """Raises `TooManyRows`."""
        for offer in self._offers(course):
            if row := self._row(offer.came_at, self._name(course, offer.skill_group, offer.agent)):
                _count_offer(row, offer)
        for hand_over in course.hand_overs:
            given = self._row(hand_over.at, self._name(course, hand_over.from_group, hand_over.from_agent))
            got = self._row(hand_over.at, self._name(course, hand_over.to_group, hand_over.to_agent))
            _count_hand_over(given, got, hand_over)
        for handling in course.handlings:
            name = self._name(course, handling.skill_group, handling.agent)
            self._occupy(name, handling.since, self.now if handling.until is None else handling.until)
            if handling.until is not None and (row := self._row(handling.until, name)):
                row.handled.append(handling.until - handling.since)

    def rows(self) -> list[tuple[int, str, Figures]]:
        """Number of the interval, name, and figures, in this order; without rows in which nothing happened."""
        return [(*where, self._rows[where]) for where in sorted(self._rows)]

    def _offers(self, course: Course) -> Sequence[Offer]:
        is_of_a_place = self.by in (ReportGrouping.GROUP, ReportGrouping.AGENT)
        return course.offers if is_of_a_place else [*course.requests()]

    def _name(self, course: Course, group: str | None, agent: str | None) -> str | None:
        """Whom it is charged to: None for what is no agent's, "" for what is of no group."""
        match self.by:
            case ReportGrouping.NONE:
                return ""
            case ReportGrouping.CHANNEL:
                return course.channel
            case ReportGrouping.GROUP:
                return group or ""
            case ReportGrouping.AGENT:
                return agent

    def _row(self, at: Instant, name: str | None) -> Figures | None:
        if name is None or not self.edges[0] <= at < self.edges[-1]:
            return None
        where = (bisect_right(self.edges, at) - 1, name)
        if where not in self._rows:
            if len(self._rows) == REPORT_ROWS_MAX:
                raise TooManyRows
            self._rows[where] = Figures(self.within)
        return self._rows[where]

    def _occupy(self, name: str | None, since: Instant, until: Instant) -> None:
        """A slot for this time, to each interval its part."""
        at, end = max(since, self.edges[0]), min(until, self.edges[-1])
        while at < end and (row := self._row(at, name)):
            following = min(end, self.edges[bisect_right(self.edges, at)])
            row.slot_time += following - at
            at = following


def _count_offer(row: Figures, offer: Offer) -> None:
    match offer.outcome:
        case Outcome.ANSWERED:
            row.answered.append(offer.lasted)
        case Outcome.ABANDONED:
            row.abandoned.append(offer.lasted)
        case Outcome.PASSED_ON:
            row.passed_on += 1
        case Outcome.DISMISSED:
            row.dismissed += 1
        case Outcome.WAITING:
            row.waiting += 1


def _count_hand_over(given: Figures | None, got: Figures | None, hand_over: HandOver) -> None:
    is_overflow = hand_over.kind is EventKind.OVERFLOWED
    if given:
        given.overflowed_out += is_overflow
        given.transferred_out += not is_overflow
    if got:
        got.overflowed_in += is_overflow
        got.transferred_in += not is_overflow
