"""Figures of a report, worked out by hand."""

from dataclasses import asdict

import pytest
from service_logs import Visit

from kefu.domain.bounds import REPORT_ROWS_MAX
from kefu.domain.channel import Channel
from kefu.domain.instants import HOUR, MINUTE, SECOND
from kefu.domain.log import EventKind as Kind
from kefu.domain.report_grouping import ReportGrouping as By
from kefu.domain.service_report import Figures, ServiceReport, TooManyRows, times_of

HOURS = range(0, 4 * HOUR + 1, HOUR)
NOW = 10 * HOUR


def report(*visits: Visit, by: By = By.GROUP, now: int = NOW, within: int = 20 * SECOND) -> ServiceReport:
    made = ServiceReport(by, HOURS, within, now)
    for visit in visits:
        made.add(visit.course)
    return made


def rows(*visits: Visit, by: By = By.GROUP, now: int = NOW) -> dict[tuple[int, str], Figures]:
    return {(hour, name): figures for hour, name, figures in report(*visits, by=by, now=now).rows()}


def only(*visits: Visit, by: By = By.NONE, now: int = NOW) -> Figures:
    [figures] = rows(*visits, by=by, now=now).values()
    return figures


def counts(figures: Figures) -> dict[str, int]:
    """Those that are not zero; of the times how many."""
    told = {key: len(value) if isinstance(value, list) else value for key, value in asdict(figures).items()}
    return {key: value for key, value in told.items() if value and key not in ("within", "slot_time")}


HUNDRED = Figures(
    within=20,
    answered=[20] * 860 + [21] * 140,
    abandoned=[20] * 20 + [21] * 40,
    passed_on=20,
    dismissed=10,
    waiting=10,
)
"""1000 answered, 860 of them within 20 s; 60 abandoned, 20 of them within 20 s; 40 that came to nothing else."""


def test_the_level_of_answered_leaves_the_abandoned_out() -> None:
    assert HUNDRED.level_of_answered == 860 / 1_000


def test_the_level_with_abandoned_counts_them_all_as_missed() -> None:
    assert HUNDRED.level_with_abandoned == 860 / 1_060


def test_the_level_with_late_abandoned_forgives_who_left_in_time() -> None:
    assert HUNDRED.level_with_late_abandoned == 860 / 1_040


def test_the_level_of_offered_counts_all_that_was_not_answered_in_time() -> None:
    assert HUNDRED.level_of_offered == 860 / 1_100


def test_the_rate_of_abandonment_is_of_the_offered() -> None:
    assert HUNDRED.abandonment_rate == 60 / 1_100


@pytest.mark.parametrize(
    "share",
    ["level_of_answered", "level_with_abandoned", "level_with_late_abandoned", "level_of_offered", "abandonment_rate"],
)
def test_a_share_of_nothing_is_none(share: str) -> None:
    assert getattr(Figures(within=20), share) is None


def test_times_of_ten() -> None:
    assert asdict(times_of([90, 10, 20, 30, 40, 50, 60, 70, 80, 1_000])) == {  # type: ignore[arg-type]
        "mean": 145, "p50": 50, "p90": 90, "p99": 1_000,
    }  # fmt: skip


def test_times_of_a_hundred() -> None:
    assert asdict(times_of(range(1, 101))) == {"mean": 50, "p50": 50, "p90": 90, "p99": 99}  # type: ignore[arg-type]


def test_times_of_one_are_that_one() -> None:
    assert asdict(times_of([7])) == {"mean": 7, "p50": 7, "p90": 7, "p99": 7}  # type: ignore[arg-type]


def test_times_of_none_are_none() -> None:
    assert times_of([]) is None


def test_who_waits_and_is_served_is_one_of_everything() -> None:
    figures = only(Visit().asks().at(30).gets("a").at(90).ends())
    assert counts(figures) == {"answered": 1, "handled": 1}
    assert (figures.answered, figures.handled, figures.slot_time) == ([30_000], [60_000], 60_000)


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        (Kind.USER_END, "abandoned"),
        (Kind.USER_TIMEOUT_END, "abandoned"),
        (Kind.PENDING_AUTO_END, "abandoned"),
        (Kind.AGENT_END, "dismissed"),
    ],
)
def test_who_ends_while_he_waits_has_abandoned_unless_the_desk_ended_it(cause: Kind, outcome: str) -> None:
    assert counts(only(Visit().asks().at(5).ends(cause))) == {outcome: 1}


def test_to_leave_after_the_answer_is_not_to_abandon() -> None:
    assert counts(only(Visit().asks("a").at(5).ends(Kind.USER_END))) == {"answered": 1, "handled": 1}


def test_a_session_of_the_bot_alone_is_offered_to_nobody() -> None:
    assert rows(Visit().at(5).ends(Kind.USER_END), by=By.NONE) == {}


def test_who_is_turned_away_at_the_door_was_offered_to_nobody() -> None:
    assert rows(Visit().at(5).is_turned_away(), by=By.NONE) == {}


def test_time_with_the_bot_is_not_waited() -> None:
    assert only(Visit().at(100).asks().at(107).gets("a").ends()).answered == [7_000]


def test_no_sessions_make_no_rows() -> None:
    assert rows() == {}


def test_after_an_overflow_each_group_is_charged_with_its_own_part() -> None:
    visit = Visit().asks(group="G").at(60).overflows("H").at(65).gets("a").at(75).ends()
    found = rows(visit)
    assert counts(found[0, "G"]) == {"passed_on": 1, "overflowed_out": 1}
    assert counts(found[0, "H"]) == {"answered": 1, "handled": 1, "overflowed_in": 1}
    assert found[0, "H"].answered == [5_000]


def test_after_an_overflow_the_tenant_is_charged_with_the_whole_wait() -> None:
    figures = only(Visit().asks(group="G").at(60).overflows("H").at(65).gets("a").at(75).ends())
    assert counts(figures) == {"answered": 1, "handled": 1, "overflowed_in": 1, "overflowed_out": 1}
    assert figures.answered == [65_000]


def test_who_leaves_after_an_overflow_leaves_the_group_he_waited_in() -> None:
    found = rows(Visit().asks(group="G").at(60).overflows("H").at(65).ends(Kind.USER_END))
    assert (found[0, "G"].abandoned, found[0, "H"].abandoned) == ([], [5_000])


@pytest.mark.parametrize("by", [By.NONE, By.CHANNEL])
def test_whom_a_full_queue_passed_on_is_offered_to_the_tenant_once(by: By) -> None:
    figures = only(Visit().is_passed_on("G", "H").at(30).gets("a").at(90).ends(), by=by)
    assert counts(figures) == {"answered": 1, "handled": 1, "overflowed_in": 1, "overflowed_out": 1}
    assert figures.answered == [30_000]


@pytest.mark.parametrize("agent", [None, "a"])
def test_whom_a_full_queue_passed_on_is_offered_to_who_took_over_alone(agent: str | None) -> None:
    found = rows(Visit().is_passed_on("G", "H", agent))
    assert counts(found[0, "G"]) == {"overflowed_out": 1}
    assert counts(found[0, "H"]) == {"answered" if agent else "waiting": 1, "overflowed_in": 1}


def test_whom_a_full_queue_passed_on_is_abandoned_where_he_waited() -> None:
    found = rows(Visit().is_passed_on("G", "H").at(60).ends(Kind.USER_END))
    assert (found[0, "G"].abandoned, found[0, "H"].abandoned) == ([], [60_000])


def test_an_overflow_out_of_an_agents_line_is_the_agents() -> None:
    found = rows(Visit().asks_for("a").at(60).overflows("G", "b").at(70).ends(), by=By.AGENT)
    assert counts(found[0, "a"]) == {"passed_on": 1, "overflowed_out": 1}
    assert counts(found[0, "b"]) == {"answered": 1, "handled": 1, "overflowed_in": 1}


def test_what_a_vanished_agent_held_is_offered_again() -> None:
    figures = rows(Visit().asks("a").at(60).overflows("G").at(70).gets("b").at(75).ends())[0, "G"]
    assert counts(figures) == {"answered": 2, "handled": 2, "overflowed_in": 1, "overflowed_out": 1}
    assert (figures.answered, figures.handled) == ([0, 10_000], [60_000, 5_000])


def test_to_the_tenant_a_session_is_answered_once_wherever_it_goes_then() -> None:
    visit = Visit().asks("a").at(60).goes_to("H").at(70).gets("b").at(75).ends()
    assert only(visit).answered == [0]


def test_a_transfer_to_a_group_is_an_offer_to_it() -> None:
    found = rows(Visit().asks("a", "G").at(60).goes_to("H").at(70).gets("b").at(75).ends())
    assert counts(found[0, "G"]) == {"answered": 1, "handled": 1, "transferred_out": 1}
    assert counts(found[0, "H"]) == {"answered": 1, "handled": 1, "transferred_in": 1}
    assert (found[0, "H"].answered, found[0, "H"].handled) == ([10_000], [5_000])


def test_who_takes_over_from_a_colleague_has_answered_nobody() -> None:
    found = rows(Visit().asks("a").at(60).goes_to_agent("b").at(75).ends(), by=By.AGENT)
    assert counts(found[0, "a"]) == {"answered": 1, "handled": 1, "transferred_out": 1}
    assert counts(found[0, "b"]) == {"handled": 1, "transferred_in": 1}
    assert (found[0, "a"].handled, found[0, "b"].handled) == ([60_000], [15_000])


def test_who_is_given_one_that_waits_has_answered_it() -> None:
    found = rows(Visit().asks().at(60).goes_to_agent("b").at(75).ends(), by=By.AGENT)
    assert counts(found[0, "b"]) == {"answered": 1, "handled": 1, "transferred_in": 1}
    assert found[0, "b"].answered == [60_000]


def test_to_wait_for_an_agent_who_is_full_is_an_offer_to_him() -> None:
    found = rows(Visit().asks("a").at(60).goes_to_agent("b", is_free=False).at(70).ends(Kind.USER_END), by=By.AGENT)
    assert counts(found[0, "b"]) == {"abandoned": 1, "transferred_in": 1}


def test_what_nobody_answered_in_a_queue_is_no_agents() -> None:
    assert rows(Visit().asks().at(9).ends(Kind.USER_END), by=By.AGENT) == {}


def test_what_is_of_no_group_has_a_row_of_its_own() -> None:
    assert counts(rows(Visit().asks_for("a", group=None).at(5).gets("a"))[0, ""]) == {"answered": 1}


def test_channels_are_told_apart() -> None:
    found = rows(Visit().asks(), Visit(channel=Channel.WEB).asks(), by=By.CHANNEL)
    assert [name for _, name in found] == ["APP", "WEB"]


def test_who_still_waits_is_neither_answered_nor_abandoned() -> None:
    assert counts(only(Visit().asks())) == {"waiting": 1}


def test_an_offer_is_followed_beyond_the_end_of_the_span() -> None:
    visit = Visit(4 * HOUR - MINUTE).asks().at(300).gets("a").at(400).ends()
    figures = only(visit)
    assert (figures.answered, figures.handled, figures.slot_time) == ([300_000], [], 0)


def test_an_offer_before_the_span_is_not_in_it_and_what_came_of_it_is() -> None:
    visit = Visit(-MINUTE).asks().at(20).gets("a").at(90).ends()
    figures = only(visit)
    assert (figures.offered, figures.handled, figures.slot_time) == (0, [70_000], 30_000)


def test_an_offer_counts_where_it_came_and_a_handling_where_it_ended() -> None:
    found = rows(Visit(HOUR - MINUTE).asks().at(120).gets("a").at(3_720).ends(), by=By.NONE)
    assert counts(found[0, ""]) == {"answered": 1}
    assert counts(found[2, ""]) == {"handled": 1}


def test_a_slot_is_charged_to_every_interval_that_it_was_in_use_in() -> None:
    found = rows(Visit(HOUR - MINUTE).asks("a").at(3_720).ends(), by=By.NONE)
    assert [found[hour, ""].slot_time for hour in (0, 1, 2)] == [MINUTE, HOUR, MINUTE]


def test_two_sessions_at_once_are_two_slots() -> None:
    figures = only(Visit().asks("a").at(10).ends(), Visit(number=2).asks("a").at(10).ends(), by=By.AGENT)
    assert figures.slot_time == 20_000


def test_a_slot_that_is_still_in_use_counts_until_now() -> None:
    assert only(Visit().asks("a"), now=5_000).slot_time == 5_000


def test_the_first_moment_of_an_interval_is_in_it_and_the_last_is_the_nexts() -> None:
    assert {hour for hour, _ in rows(Visit(0).asks(), Visit(HOUR).asks(), Visit(4 * HOUR).asks())} == {0, 1}


def test_within_the_time_includes_the_time_itself() -> None:
    visits = [Visit(number=n).asks().at(second).gets("a").ends() for n, second in enumerate((19, 20, 21))]
    [(_, _, figures)] = report(*visits, by=By.GROUP).rows()
    assert figures.answered_within == 2


def test_more_rows_than_there_may_be_are_refused() -> None:
    made = ServiceReport(By.NONE, range(REPORT_ROWS_MAX + 2), 0, NOW)
    for at in range(REPORT_ROWS_MAX):
        made.add(Visit(at).asks().course)
    with pytest.raises(TooManyRows):
        made.add(Visit(REPORT_ROWS_MAX).asks().course)
