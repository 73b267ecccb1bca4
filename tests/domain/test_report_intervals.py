"""Where the intervals of a report begin, on days that are not 24 hours long too."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from kefu.domain.instants import DAY, HOUR, MINUTE, Instant
from kefu.domain.report_intervals import INTERVALS, interval_edges

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo | None = None) -> Instant:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone or UTC).timestamp()) * 1_000


def lengths(since: str, until: str, length: int, zone: str) -> list[float]:
    place = ZoneInfo(zone)
    edges = interval_edges(at(since, place), at(until, place), length, place)
    return [(end - begin) / HOUR for begin, end in pairwise(edges)]


def test_without_a_length_the_span_is_one_interval() -> None:
    assert interval_edges(5, 5 * DAY, None, UTC) == [5, 5 * DAY]


@pytest.mark.parametrize("length", INTERVALS)
def test_a_span_that_begins_and_ends_between_intervals_cuts_them(length: int) -> None:
    edges = interval_edges(10 * DAY + 1, 12 * DAY + 1, length, UTC)
    assert (edges[0], edges[1], edges[-2], edges[-1]) == (10 * DAY + 1, 10 * DAY + length, 12 * DAY, 12 * DAY + 1)


@pytest.mark.parametrize(
    ("since", "until", "zone", "hours"),
    [
        ("2026-03-28", "2026-03-31", "Europe/Berlin", [24, 23, 24]),
        ("2026-10-24", "2026-10-27", "Europe/Berlin", [24, 25, 24]),
        ("2026-04-04", "2026-04-07", "Australia/Lord_Howe", [24, 24.5, 24]),
        ("2026-04-23", "2026-04-26", "Africa/Cairo", [24, 23, 24]),  # forward at midnight
        ("2026-01-31", "2026-02-02", "Asia/Shanghai", [24, 24]),
        ("2011-12-29", "2012-01-01", "Pacific/Apia", [24, 24]),  # the 30th was left out
    ],
)
def test_a_day_lasts_from_midnight_to_midnight(since: str, until: str, zone: str, hours: list[float]) -> None:
    assert lengths(since, until, DAY, zone) == hours


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
@pytest.mark.parametrize("length", [15 * MINUTE, 30 * MINUTE, HOUR])
def test_shorter_intervals_are_all_alike_on_a_day_with_a_clock_change(day: str, hours: int, length: int) -> None:
    begin = at(day, BERLIN)
    edges = interval_edges(begin, begin + hours * HOUR, length, BERLIN)
    assert edges == list(range(begin, begin + hours * HOUR + 1, length))


def test_hours_are_those_of_the_zone() -> None:
    first = interval_edges(at("2026-01-31T12:00"), at("2026-01-31T14:00"), HOUR, ZoneInfo("Asia/Kolkata"))
    assert first[1] == at("2026-01-31T12:30")  # 18:00 there


def test_a_month_of_quarter_hours_has_no_gap() -> None:
    edges = interval_edges(at("2026-03-01", BERLIN), at("2026-04-01", BERLIN), 15 * MINUTE, BERLIN)
    assert {end - begin for begin, end in pairwise(edges)} == {15 * MINUTE}
