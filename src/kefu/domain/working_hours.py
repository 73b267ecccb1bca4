"""When a desk is open: weekly openings by the wall clock of a time zone, and days that differ.

An opening belongs to the day on which it begins, also where it ends behind midnight: a closed day ends nothing that
began the day before. A wall time is the first moment at which the zone's clock shows it or a later one. So a time
that daylight saving skips is the moment of the jump, one that it repeats is the first of the two, and no opening is
torn in two.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeAlias

from kefu.dataclass import dataclass
from kefu.domain.bounds import OPENING_SOUGHT_DAYS
from kefu.domain.instants import SECOND, Instant

DAY_MINUTES = 24 * 60
OPENING_PLACE = "{opening}"
"""Where a tenant's own text says when the desk opens."""
OUTSIDE_TEXT = f"现在不在服务时间，欢迎留言。下次服务时间：{OPENING_PLACE}"

Hours: TypeAlias = tuple[int, int]
"""From and until, in minutes of the wall clock behind the day's midnight; until may lie on the next day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkingHours:
    zone: str
    """Its name in the IANA database."""
    weekly: tuple[tuple[Hours, ...], ...] = ((),) * 7
    """From Monday on."""
    special: tuple[tuple[str, tuple[Hours, ...]], ...] = ()
    """Dates, in ISO 8601 and in order, with the hours they have instead; without hours they are closed."""
    outside_text: str = OUTSIDE_TEXT


def is_open(hours: WorkingHours | None, at: Instant) -> bool:
    """None configured: always open."""
    if hours is None:
        return True
    zone = _zone(hours)
    today = _local(zone, at).date()
    return any(since <= at < until for since, until in _openings(hours, zone, today - timedelta(2), days=4))


def next_opening(hours: WorkingHours, at: Instant) -> Instant | None:
    """The first moment from `at` on at which the desk is open; None if it stays closed for `OPENING_SOUGHT_DAYS`."""
    zone = _zone(hours)
    first = _local(zone, at).date() - timedelta(2)
    ahead = _openings(hours, zone, first, days=OPENING_SOUGHT_DAYS + 4)
    return next((max(since, at) for since, until in ahead if until > at), None)


def opening_told(hours: WorkingHours, at: Instant) -> str:
    """When the desk opens next, by its own clock; empty if nobody knows."""
    opening = next_opening(hours, at)
    return f"{_local(_zone(hours), opening):%Y-%m-%d %H:%M} ({hours.zone})" if opening is not None else ""


def outside_told(hours: WorkingHours, at: Instant) -> str:
    """What a visitor is told who writes while the desk is closed."""
    return hours.outside_text.replace(OPENING_PLACE, opening_told(hours, at) or "—")


def _openings(hours: WorkingHours, zone: tzinfo, first: date, *, days: int) -> Iterator[tuple[Instant, Instant]]:
    """Those that begin on `days` days from `first` on, in order, as moments; none that daylight saving swallows."""
    special = dict(hours.special)
    for number in range(days):
        day = first + timedelta(number)
        for since, until in special.get(day.isoformat(), hours.weekly[day.weekday()]):
            opening = _first_moment(zone, day, since), _first_moment(zone, day, until)
            if opening[0] < opening[1]:
                yield opening


def _first_moment(zone: tzinfo, day: date, minutes: int) -> Instant:
    """The first at which the zone's clock shows that time or a later one."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) != wall:
        before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
        first = _jump(zone, before, first)
    return round(first.timestamp()) * SECOND


def _jump(zone: tzinfo, before: datetime, behind: datetime) -> datetime:
    """The moment between the two, to the second, at which the clock was put forward."""
    offset = before.astimezone(zone).utcoffset()
    while behind - before > timedelta(seconds=1):
        middle = (before + (behind - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            behind = middle
    return behind


def _local(zone: tzinfo, at: Instant) -> datetime:
    return datetime.fromtimestamp(at / SECOND, zone)


def _zone(hours: WorkingHours) -> tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415  most tenants are always open: no cold start pays for it

    return ZoneInfo(hours.zone)
