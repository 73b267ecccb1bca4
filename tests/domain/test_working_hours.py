"""Open or closed: tables with awkward times, and a model that goes minute by minute over every change of the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_hours import SlowClock, instant, midnight

from kefu.domain.hours_notation import read_working_hours, special_lines, weekly_lines
from kefu.domain.instants import DAY, MINUTE
from kefu.domain.refusals import Invalid, RefusalCode
from kefu.domain.working_hours import WorkingHours, is_open, next_opening, opening_told, outside_told

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai")
YEARS = (2025, 2026)
AROUND = ("00:00-24:00", "02:00-03:00", "02:15-02:45", "01:30-02:30", "02:30-09:00", "22:00-02:30", "23:30-01:15")


def hours(*weekly: str, zone: str = "Europe/Berlin", special: tuple[str, ...] = ()) -> WorkingHours:
    read = read_working_hours(zone, weekly, special)
    assert read is not None
    return read


def changes_of(zone: str, year: int) -> list[datetime]:
    """The hours of a year, in UTC, in which the zone's offset changes."""
    clock, at, found = ZoneInfo(zone), datetime(year, 1, 1, tzinfo=UTC), []
    while at.year == year:
        following = at + timedelta(hours=1)
        if at.astimezone(clock).utcoffset() != following.astimezone(clock).utcoffset():
            found.append(at)
        at = following
    return found


TABLE = [
    ("2026-01-05T07:59:59Z", False, "a second before nine on Monday"),
    ("2026-01-05T08:00:00Z", True, "nine on Monday"),
    ("2026-01-05T11:00:00Z", False, "noon begins the break"),
    ("2026-01-05T12:00:00Z", True, "one ends it"),
    ("2026-01-05T16:59:59Z", True, "a second before six"),
    ("2026-01-05T17:00:00Z", False, "six"),
    ("2026-01-09T21:00:00Z", True, "Friday's night begins"),
    ("2026-01-10T04:59:00Z", True, "and goes on behind midnight"),
    ("2026-01-10T05:00:00Z", False, "until six"),
    ("2026-01-06T09:00:00Z", False, "Epiphany, a closed day"),
    ("2026-01-07T09:00:00Z", False, "a day with other hours, before them"),
    ("2026-01-07T13:30:00Z", True, "and within"),
]
DESK = hours("MON-FRI 09:00-12:00 13:00-18:00", "FRI 22:00-06:00", special=("2026-01-06", "2026-01-07 14:00-15:00"))


@pytest.mark.parametrize(("at", "expected"), [row[:2] for row in TABLE], ids=[row[2] for row in TABLE])
def test_a_desk_is_open_by_the_wall_clock_of_its_zone(at: str, expected: bool) -> None:  # noqa: FBT001
    assert is_open(DESK, instant(at)) is expected


def test_a_desk_without_hours_is_always_open() -> None:
    assert is_open(None, instant("2026-01-01T00:00:00Z"))


def test_a_closed_day_ends_nothing_that_began_the_day_before() -> None:
    night = hours("FRI 22:00-06:00", "SAT 10:00-12:00", special=("2026-01-10",))
    assert is_open(night, instant("2026-01-10T04:59:00Z"))
    assert not is_open(night, instant("2026-01-10T09:30:00Z"))


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-01-05T16:59:00Z", "2026-01-05T16:59:00Z"),
        ("2026-01-05T17:00:00Z", "2026-01-07T13:00:00Z"),
        ("2026-01-07T14:00:00Z", "2026-01-08T08:00:00Z"),
        ("2026-01-10T05:00:00Z", "2026-01-12T08:00:00Z"),
    ],
)
def test_the_next_opening_skips_breaks_and_closed_days(at: str, opens: str) -> None:
    assert next_opening(DESK, instant(at)) == instant(opens)


def test_a_desk_that_never_opens_again_says_so() -> None:
    once = hours(special=("2026-01-07 14:00-15:00",))
    assert next_opening(once, instant("2026-01-07T14:00:00Z")) is None
    assert outside_told(once, instant("2026-01-07T14:00:00Z")).endswith("—")


def test_the_next_opening_is_told_by_the_desks_own_clock() -> None:
    assert opening_told(DESK, instant("2026-01-05T17:00:00Z")) == "2026-01-07 14:00 (Europe/Berlin)"
    assert "2026-01-07 14:00 (Europe/Berlin)" in outside_told(DESK, instant("2026-01-05T17:00:00Z"))


@pytest.mark.parametrize(
    ("zone", "day", "opening", "since", "until"),
    [
        # Skipped times are the moment of the jump.
        ("Europe/Berlin", "SUN", "02:30-06:00", "2026-03-29T01:00:00Z", "2026-03-29T04:00:00Z"),
        ("America/New_York", "SUN", "01:00-02:30", "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z"),
        ("Australia/Lord_Howe", "SUN", "02:15-04:00", "2026-10-03T15:30:00Z", "2026-10-03T17:00:00Z"),
        # Repeated ones are the first of the two.
        ("Europe/Berlin", "SUN", "02:30-06:00", "2026-10-25T00:30:00Z", "2026-10-25T05:00:00Z"),
        ("America/New_York", "SUN", "00:30-01:30", "2026-11-01T04:30:00Z", "2026-11-01T05:30:00Z"),
        ("Australia/Lord_Howe", "SUN", "01:45-03:00", "2026-04-04T14:45:00Z", "2026-04-04T16:30:00Z"),
    ],
)
def test_a_wall_time_is_the_first_moment_at_which_the_clock_shows_it_or_a_later_one(
    zone: str, day: str, opening: str, since: str, until: str
) -> None:
    desk = hours(f"{day} {opening}", zone=zone)
    shown = [is_open(desk, at) for at in (instant(since) - 1, instant(since), instant(until) - 1, instant(until))]
    assert shown == [False, True, True, False]


def test_an_opening_that_daylight_saving_swallows_is_none() -> None:
    desk = hours("SUN 02:15-02:45")
    assert next_opening(desk, instant("2026-03-29T00:00:00Z")) == instant("2026-04-05T00:15:00Z")


@pytest.mark.parametrize("zone", ZONES)
def test_every_change_of_the_clock_in_two_years_is_as_the_slow_model_has_it(zone: str) -> None:
    changes = [change for year in YEARS for change in changes_of(zone, year)]
    assert len(changes) == (0 if zone == "Asia/Shanghai" else 4)
    for change in changes or [midnight(2026, 3, 29)]:
        clock = SlowClock(zone, change.replace(hour=0, minute=0) - timedelta(4), days=8)
        for opening in AROUND:
            desk = hours(f"MON-SUN {opening}", zone=zone)
            expected = clock.open_minutes(desk)
            for minute in range(3 * 24 * 60, 5 * 24 * 60 + 600, 15):
                assert is_open(desk, clock.at(minute)) is expected[minute], (zone, opening, clock.shown[minute])


@st.composite
def any_hours(draw: st.DrawFn, zone: str) -> WorkingHours:
    """Of openings that do not overlap: cut the week at some minutes, and open every other piece of a day at most."""
    cuts = sorted(draw(st.sets(st.integers(0, 7 * 96 - 1), min_size=2, max_size=20)))
    weekly: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for since, until in zip(cuts[::2], cuts[1::2], strict=False):
        day, first = divmod(since * 15, 24 * 60)
        weekly[day].append((first, first + min((until - since) * 15, 24 * 60 - 15)))
    special = []
    for number in sorted(draw(st.sets(st.integers(0, 13), max_size=4))):
        begin = draw(st.integers(0, 80)) * 15
        openings = draw(st.sampled_from([(), ((begin, begin + 45),), ((begin, begin + 45), (begin + 60, begin + 600))]))
        special.append((f"{START[zone] + timedelta(number):%Y-%m-%d}", openings))
    return WorkingHours(zone=zone, weekly=tuple(tuple(each) for each in weekly), special=tuple(special))


START = {
    "Europe/Berlin": midnight(2026, 3, 22),
    "America/New_York": midnight(2026, 10, 25),
    "Australia/Lord_Howe": midnight(2026, 3, 29),
    "Asia/Shanghai": midnight(2026, 2, 23),
}
CLOCKS = {zone: SlowClock(zone, START[zone], days=14) for zone in ZONES}


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_hours_are_as_the_slow_model_has_them(zone: str, data: st.DataObject) -> None:
    desk, clock = data.draw(any_hours(zone)), CLOCKS[zone]
    expected = clock.open_minutes(desk)
    edges = [each for each in range(1, clock.minutes) if expected[each] != expected[each - 1]]
    told = range(3 * 24 * 60, 10 * 24 * 60)
    watched = {each + near for each in edges for near in (-1, 0, 1)} | set(told[::397])
    for minute in sorted(each for each in watched if each in told):
        at = clock.at(minute)
        assert is_open(desk, at) is expected[minute], (clock.shown[minute], weekly_lines(desk), desk.special)
        opens = next((each for each in range(minute, told.stop) if expected[each]), None)
        if opens is not None:
            assert next_opening(desk, at) == clock.at(opens)


@settings(max_examples=30, deadline=None)
@given(data=st.data(), zone=st.sampled_from(ZONES), at=st.integers(0, 400 * DAY))
def test_nobody_is_told_an_opening_at_which_the_desk_is_closed(data: st.DataObject, zone: str, at: int) -> None:
    desk, now = data.draw(any_hours(zone)), instant("2025-06-01T00:00:00Z") + at
    opens = next_opening(desk, now)
    if opens is None:
        assert not is_open(desk, now)
        return
    assert is_open(desk, opens)
    assert (opens == now) is is_open(desk, now)
    assert not is_open(desk, max(now, opens - MINUTE)) or opens - now < MINUTE


@settings(max_examples=30, deadline=None)
@given(data=st.data(), zone=st.sampled_from(ZONES))
def test_hours_are_written_as_they_are_read(data: st.DataObject, zone: str) -> None:
    desk = data.draw(any_hours(zone))
    assert read_working_hours(zone, weekly_lines(desk), special_lines(desk)) == (
        desk if any(desk.weekly) or desk.special else None
    )


@pytest.mark.parametrize("days", ["MON-SUN", "mon-sun", "TUE-MON"])
def test_a_span_of_days_may_run_over_the_weekend(days: str) -> None:
    assert hours(f"{days} 09:00-10:00").weekly == (((540, 600),),) * 7
    assert hours("SAT-SUN 09:00-10:00").weekly[4:] == ((), ((540, 600),), ((540, 600),))


REFUSED = [
    ("Mars/Olympus", ["MON 09:00-10:00"], [], RefusalCode.TIME_ZONE_UNKNOWN, "timeZone"),
    ("../Europe/Berlin", ["MON 09:00-10:00"], [], RefusalCode.TIME_ZONE_UNKNOWN, "timeZone"),
    ("Europe", ["MON 09:00-10:00"], [], RefusalCode.TIME_ZONE_UNKNOWN, "timeZone"),
    ("/etc/passwd", ["MON 09:00-10:00"], [], RefusalCode.TIME_ZONE_UNKNOWN, "timeZone"),
    ("a/\0", ["MON 09:00-10:00"], [], RefusalCode.TIME_ZONE_UNKNOWN, "timeZone"),
    ("Europe/Berlin", ["MON 09:00-09:00"], [], RefusalCode.HOURS_EMPTY, "weekly"),
    ("Europe/Berlin", [], ["2026-01-01 24:00-24:00"], RefusalCode.INVALID_INPUT, "specialDays"),
    ("Europe/Berlin", ["MON 09:00-12:00 11:59-13:00"], [], RefusalCode.HOURS_OVERLAP, "weekly"),
    ("Europe/Berlin", ["MON 09:00-12:00", "MON-TUE 10:00-11:00"], [], RefusalCode.HOURS_OVERLAP, "weekly"),
    ("Europe/Berlin", ["SUN 22:00-06:00", "MON 05:00-06:00"], [], RefusalCode.HOURS_OVERLAP, "weekly"),
    ("Europe/Berlin", [], ["2026-01-01 09:00-12:00 11:00-13:00"], RefusalCode.HOURS_OVERLAP, "specialDays"),
    ("Europe/Berlin", ["MON"], [], RefusalCode.INVALID_INPUT, "weekly"),
    ("Europe/Berlin", [""], [], RefusalCode.INVALID_INPUT, "weekly"),
    ("Europe/Berlin", ["Monday 09:00-10:00"], [], RefusalCode.INVALID_INPUT, "weekly"),
    ("Europe/Berlin", ["MON-TUE-WED 09:00-10:00"], [], RefusalCode.INVALID_INPUT, "weekly"),
    ("Europe/Berlin", ["MON 9:00-10:00"], [], RefusalCode.INVALID_INPUT, "weekly"),
    ("Europe/Berlin", ["MON 09:60-10:00"], [], RefusalCode.INVALID_INPUT, "weekly"),
    ("Europe/Berlin", ["MON 09:00-24:01"], [], RefusalCode.INVALID_INPUT, "weekly"),
    ("Europe/Berlin", ["MON 24:00-25:00"], [], RefusalCode.INVALID_INPUT, "weekly"),
    ("Europe/Berlin", ["MON ٠٩:٠٠-١٠:٠٠"], [], RefusalCode.INVALID_INPUT, "weekly"),
    ("Europe/Berlin", ["MON " + "09:00-10:00 " * 30], [], RefusalCode.INVALID_INPUT, "weekly"),
    ("Europe/Berlin", ["MON 09:00-10:00"] * 85, [], RefusalCode.INVALID_INPUT, "weekly"),
    ("Europe/Berlin", [f"MON {n:02d}:00-{n:02d}:30" for n in range(13)], [], RefusalCode.INVALID_INPUT, "weekly"),
    ("Europe/Berlin", [], ["2026-02-30"], RefusalCode.INVALID_INPUT, "specialDays"),
    ("Europe/Berlin", [], ["20260201"], RefusalCode.INVALID_INPUT, "specialDays"),
    ("Europe/Berlin", [], ["2026-02-01", "2026-02-01 09:00-10:00"], RefusalCode.INVALID_INPUT, "specialDays"),
    ("Europe/Berlin", [], ["2026-02-01"] * 401, RefusalCode.INVALID_INPUT, "specialDays"),
]


@pytest.mark.parametrize(("zone", "weekly", "special", "code", "field"), REFUSED)
def test_hours_that_cannot_be_are_refused_by_code(
    zone: str, weekly: list[str], special: list[str], code: RefusalCode, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        read_working_hours(zone, weekly, special)
    assert (refused.value.code, refused.value.field) == (code, ("workingHours", field))


@pytest.mark.parametrize("text", [" ", "x" * 1_001, "\ud800"])
def test_a_text_that_nobody_can_be_told_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_working_hours("UTC", ["MON 09:00-10:00"], [], text)
    assert refused.value.field == ("workingHours", "outsideText")


def test_a_whole_day_and_the_next_one_do_not_overlap() -> None:
    desk = hours("MON-SUN 00:00-24:00")
    assert all(is_open(desk, instant("2026-10-24T00:00:00Z") + each * 7 * MINUTE) for each in range(600))


def test_no_opening_and_no_special_day_is_no_hours() -> None:
    assert read_working_hours("UTC", [], []) is None
