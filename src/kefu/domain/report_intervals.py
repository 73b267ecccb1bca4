"""The intervals of a report. They begin with the day of a time zone, so one beside a clock change is shorter or longer."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from kefu.domain.instants import DAY, MINUTE, SECOND, Instant

INTERVALS = (15 * MINUTE, 30 * MINUTE, 60 * MINUTE, DAY)


def interval_edges(since: Instant, until: Instant, length: int | None, zone: tzinfo) -> list[Instant]:
    """Where each interval of a span begins, and at last where the span ends. The first and the last may be cut.

    `length` is one of `INTERVALS`; None: the span is one interval.
    """
    if length is None:
        return [since, until]
    inner = (edge for edge in _edges_from(since, length, zone, until) if since < edge < until)
    return [since, *inner, until]


def _edges_from(since: Instant, length: int, zone: tzinfo, until: Instant) -> Iterator[Instant]:
    day = datetime.fromtimestamp(since / SECOND, zone).toordinal()
    midnight = _midnight(day, zone)
    while midnight < until:
        day += 1
        following = _midnight(day, zone)
        yield from range(midnight, following, max(DAY, following - midnight) if length == DAY else length)
        midnight = following


def _midnight(ordinal: int, zone: tzinfo) -> Instant:
    """The day's first moment: later than 0:00 where the clocks go forward at midnight."""
    local = datetime.fromordinal(ordinal).replace(tzinfo=zone)
    return round(local.astimezone(UTC).timestamp()) * SECOND
