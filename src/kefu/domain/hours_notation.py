"""Working hours as people write them: `MON-FRI 09:00-12:00 13:00-18:00`, `2026-10-01`, `2026-10-02 10:00-16:00`."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from kefu.domain.bounds import HOURS_PER_DAY_MAX, NAME_LENGTH_MAX, OUTSIDE_TEXT_LENGTH_MAX, SPECIAL_DAYS_MAX
from kefu.domain.refusals import Invalid, RefusalCode
from kefu.domain.working_hours import DAY_MINUTES, OUTSIDE_TEXT, Hours, WorkingHours

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_HOURS = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_LINE_LENGTH_MAX = 200
_INPUT = "workingHours"
_LINES_MAX = 7 * HOURS_PER_DAY_MAX
_NOT_EVERYWHERE = ("posix/", "right/")
"""Twins of the zones' files that some systems have."""


def read_working_hours(
    zone: str, weekly: Sequence[str], special: Sequence[str], outside_text: str | None = None
) -> WorkingHours | None:
    """None if no opening and no special day is given: nothing is set then.

    Raises `Invalid` with INVALID_INPUT for what cannot be read, TIME_ZONE_UNKNOWN, HOURS_EMPTY for an opening that
    ends where it begins, or HOURS_OVERLAP.
    """
    _require_zone(zone)
    text = OUTSIDE_TEXT if outside_text is None else _require_text(outside_text)
    if not weekly and not special:
        return None
    if len(weekly) > _LINES_MAX:
        raise Invalid(f"At most {_LINES_MAX} lines of weekly openings are accepted.", _INPUT, "weekly")
    if len(special) > SPECIAL_DAYS_MAX:
        raise Invalid(f"At most {SPECIAL_DAYS_MAX} special days are accepted.", _INPUT, "specialDays")
    return WorkingHours(zone=zone, weekly=_week(weekly), special=_special(special), outside_text=text)


def weekly_lines(hours: WorkingHours) -> list[str]:
    return [_line(name, day) for name, day in zip(WEEKDAYS, hours.weekly, strict=True) if day]


def special_lines(hours: WorkingHours) -> list[str]:
    return [_line(day, openings) for day, openings in hours.special]


def _require_zone(zone: str) -> None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415  for who sets hours

    is_name = (zone == "UTC" or "/" in zone) and not zone.startswith(_NOT_EVERYWHERE)
    try:
        ZoneInfo(zone if is_name and len(zone) <= NAME_LENGTH_MAX else "/")
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise Invalid(
            f"There is no time zone {zone[:NAME_LENGTH_MAX]!r}. Name one as the IANA database does: Asia/Shanghai, UTC.",
            _INPUT,
            "timeZone",
            code=RefusalCode.TIME_ZONE_UNKNOWN,
        ) from unknown


def _require_text(text: str) -> str:
    if not text.strip() or len(text) > OUTSIDE_TEXT_LENGTH_MAX or any("\ud800" <= each <= "\udfff" for each in text):
        raise Invalid(
            f"outsideText has 1 to {OUTSIDE_TEXT_LENGTH_MAX} characters of plain text.", _INPUT, "outsideText"
        )
    return text


def _week(lines: Sequence[str]) -> tuple[tuple[Hours, ...], ...]:
    week: list[list[Hours]] = [[] for _ in WEEKDAYS]
    for line in lines:
        days, openings = _split(line, "weekly")
        if not openings:
            raise Invalid(
                f"{line!r} names no hours. Write MON-FRI 09:00-18:00; a day left out is closed.", _INPUT, "weekly"
            )
        for day in _days(days, line):
            week[day].extend(openings)
    laid_out = [(day * DAY_MINUTES + a, day * DAY_MINUTES + b) for day, each in enumerate(week) for a, b in each]
    again = [(a + 7 * DAY_MINUTES, b + 7 * DAY_MINUTES) for a, b in laid_out]
    _require_apart((*laid_out, *again), "weekly")
    return tuple(_of_a_day(each, "weekly") for each in week)


def _special(lines: Sequence[str]) -> tuple[tuple[str, tuple[Hours, ...]], ...]:
    special: dict[str, tuple[Hours, ...]] = {}
    for line in lines:
        day, openings = _split(line, "specialDays")
        try:
            is_date = date.fromisoformat(day).isoformat() == day
        except ValueError:
            is_date = False
        if not is_date:
            raise _unreadable(line, "2026-10-01, or 2026-10-02 10:00-16:00", "specialDays")
        if day in special:
            raise Invalid(f"{day} is there twice. Write all its hours into one line.", _INPUT, "specialDays")
        _require_apart(openings, "specialDays")
        special[day] = _of_a_day(openings, "specialDays")
    return tuple(sorted(special.items()))


def _split(line: str, field: str) -> tuple[str, list[Hours]]:
    first, *rest = line[: _LINE_LENGTH_MAX + 1].split() or [""]
    if len(line) > _LINE_LENGTH_MAX:
        raise Invalid(f"A line has at most {_LINE_LENGTH_MAX} characters.", _INPUT, field)
    return first, [_hours(each, line, field) for each in rest]


def _days(named: str, line: str) -> list[int]:
    first, _, last = named.upper().partition("-")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
        raise _unreadable(line, "MON-FRI 09:00-12:00 13:00-18:00", "weekly")
    begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    return [day % 7 for day in range(begin, (end if begin <= end else end + 7) + 1)]


def _hours(text: str, line: str, field: str) -> Hours:
    found = _HOURS.fullmatch(text)
    if found is None:
        raise _unreadable(line, "09:00-18:00, or 22:00-06:00 over midnight, or 00:00-24:00", field)
    hour, minute, until_hour, until_minute = (int(each) for each in found.groups())
    since, until = hour * 60 + minute, until_hour * 60 + until_minute
    if max(minute, until_minute) > 59 or since >= DAY_MINUTES or until > DAY_MINUTES:  # noqa: PLR2004  a clock's
        raise _unreadable(line, "times from 00:00 to 23:59, and 24:00 for the end of the day", field)
    if since == until:
        raise Invalid(
            f"{text} ends where it begins. Write 00:00-24:00 for a whole day; leave a closed day's hours out.",
            _INPUT,
            field,
            code=RefusalCode.HOURS_EMPTY,
        )
    return since, until if until > since else until + DAY_MINUTES


def _require_apart(openings: Iterable[Hours], field: str) -> None:
    in_order = sorted(openings)
    if any(earlier[1] > later[0] for earlier, later in pairwise(in_order)):
        raise Invalid(
            "Two openings overlap. Write one for both; the night behind an opening over midnight counts too.",
            _INPUT,
            field,
            code=RefusalCode.HOURS_OVERLAP,
        )


def _of_a_day(openings: Sequence[Hours], field: str) -> tuple[Hours, ...]:
    if len(openings) > HOURS_PER_DAY_MAX:
        raise Invalid(f"A day has at most {HOURS_PER_DAY_MAX} openings.", _INPUT, field)
    return tuple(sorted(openings))


def _unreadable(line: str, example: str, field: str) -> Invalid:
    return Invalid(f"{line[:_LINE_LENGTH_MAX]!r} cannot be read. Write {example}.", _INPUT, field)


def _line(day: str, openings: Iterable[Hours]) -> str:
    return " ".join([day, *(f"{_clock(since)}-{_clock(until)}" for since, until in openings)])


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes if minutes <= DAY_MINUTES else minutes - DAY_MINUTES, 60)
    return f"{hour:02d}:{minute:02d}"
