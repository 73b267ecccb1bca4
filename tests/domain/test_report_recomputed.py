"""Every figure of a report equals the one that a naive search of the raw entries finds, whatever happened."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from service_logs import Visit, visits

from kefu.domain.instants import HOUR, MINUTE
from kefu.domain.report_grouping import ReportGrouping
from kefu.domain.service_report import ServiceReport
from kefu.testing.report_recomputed import Asked, figures_told, recomputed_of

SPAN_S = 2 * 3_600
NOW = 3 * HOUR
HALF_HOURS = range(0, 2 * HOUR + 1, 30 * MINUTE)
DAYS_OF_VISITS = st.integers(0, 6).flatmap(lambda n: st.tuples(*(visits(number, SPAN_S) for number in range(n))))


@pytest.mark.parametrize("by", ReportGrouping)
@settings(deadline=None, max_examples=60)
@given(played=DAYS_OF_VISITS, first=st.integers(0, 2), within=st.sampled_from((0, 20_000, 60_000)))
def test_every_figure_is_what_the_raw_entries_say(
    by: ReportGrouping, played: tuple[Visit, ...], first: int, within: int
) -> None:
    asked = Asked(by, HALF_HOURS[first:], within, NOW)
    report = ServiceReport(*asked)
    for visit in played:
        report.add(visit.course)
    told = {(number, name): figures_told(figures) for number, name, figures in report.rows()}
    assert told == recomputed_of([(visit.channel, visit.log) for visit in played], asked)
