from contextlib import aclosing
from datetime import datetime
from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info, to_datetime
from kefu.api.errors import BadUserInput
from kefu.api.queries.ratings import zone_named
from kefu.api.scalars import Duration, to_instant
from kefu.api.types.service_report import ServiceReport, row_of
from kefu.desk.access import require_staff
from kefu.domain.bounds import REPORT_LOGS_MAX, REPORT_ROWS_MAX, REPORT_SPAN_MAX
from kefu.domain.instants import DAY, SECOND, Instant
from kefu.domain.report_grouping import ReportGrouping


@define.input(description="Which service to report on, and how finely.")
class ServiceReportInput:
    since: datetime = strawberry.field(name="from", description="From then on.")
    until: datetime = strawberry.field(
        name="to",
        description="Until before then, at most 32 days later. Sessions that began over 7 days before `from` and have ended "
        "are left out; one made of a left message began when that was left.",
    )
    interval: Duration | None = strawberry.field(
        default=None,
        description="PT15M, PT30M, PT1H or P1D: a row for each. They begin with the day of `zone`; a day beside a clock change has "
        "23 or 25 hours. Left out means the whole span is one.",
    )
    group_by: ReportGrouping = strawberry.field(
        default=ReportGrouping.NONE, description="Whom the figures are charged to."
    )
    service_level_within: Duration = strawberry.field(
        default=Duration(20 * SECOND), description="How long one may wait and still be served as promised."
    )
    zone: str = strawberry.field(default="UTC", description="Where a day begins, for example Asia/Shanghai.")


Asked = Annotated[ServiceReportInput, strawberry.argument(description="Which.")]


async def report_service(info: Info, input: Asked) -> ServiceReport | None:  # noqa: A002  the contract's name
    # Reports are seldom asked for: what makes them is loaded then.
    from kefu.domain.service_report import ServiceReport as Report  # noqa: PLC0415
    from kefu.domain.service_report import TooManyRows  # noqa: PLC0415
    from kefu.records.service_courses import TooMuchToRead, courses  # noqa: PLC0415

    context = info.context
    require_staff(context.by)
    now = context.desk.clock.now()
    edges = _edges(input, now)
    report, read = Report(input.group_by, edges, input.service_level_within, now), 0
    try:
        async with aclosing(courses(context.desk.plain_store, context.tenant, edges[0], edges[-1])) as found:
            async for course in found:
                read += 1
                report.add(course)
    except TooMuchToRead as too_much:
        raise BadUserInput(
            f"The span holds more than the {REPORT_LOGS_MAX} sessions that one report is made of. Ask for a shorter one."
        ) from too_much
    except TooManyRows as too_many:
        raise BadUserInput(
            f"The report would have more than {REPORT_ROWS_MAX} rows. Ask for a shorter span or longer intervals."
        ) from too_many
    rows = [
        row_of(input.group_by, name, edges[number], edges[number + 1], figures, so_far=now)
        for number, name, figures in report.rows()
    ]
    return ServiceReport(rows=rows, sessions_read=read, made_at=to_datetime(now))


def _edges(asked: ServiceReportInput, now: Instant) -> list[Instant]:
    from kefu.domain.report_intervals import INTERVALS, interval_edges  # noqa: PLC0415  as above

    since, until = to_instant(asked.since), to_instant(asked.until)
    if not 0 <= since < until <= now + REPORT_SPAN_MAX:
        raise BadUserInput("The span must begin after 1970 and before it ends, and end soon. Check `from` and `to`.")
    if until - since > REPORT_SPAN_MAX:
        raise BadUserInput(f"The span is longer than {REPORT_SPAN_MAX // DAY} days. Ask for several shorter ones.")
    if asked.interval is not None and asked.interval not in INTERVALS:
        raise BadUserInput("An interval must be PT15M, PT30M, PT1H or P1D, or left out.")
    if asked.service_level_within < 0:
        raise BadUserInput("serviceLevelWithin must not be below zero.")
    return interval_edges(since, until, asked.interval, zone_named(asked.zone))
