import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import BadUserInput
from kefu.api.scalars import to_instant
from kefu.api.types.rating import RatingReport, RatingRow
from kefu.desk.access import require_staff
from kefu.domain.bounds import RATINGS_READ_MAX
from kefu.domain.instants import SECOND
from kefu.domain.rating import Rating, RatingsBy, tally
from kefu.records import ratings


@define.input(description="Which ratings, and how to count them.")
class RatingReportInput:
    since: datetime = strawberry.field(description="Given from then on.")
    until: datetime = strawberry.field(description="Given before then.")
    by: RatingsBy = strawberry.field(default=RatingsBy.AGENT, description="What to count them by.")
    time_zone: str = strawberry.field(default="UTC", description="Where a day begins, for example Asia/Shanghai.")


ReportInput = Annotated[RatingReportInput, strawberry.argument(description="Which ratings.")]


async def report_ratings(info: Info, input: ReportInput) -> RatingReport:  # noqa: A002  the contract's name
    require_staff(info.context.by)
    context, name_of = info.context, _naming(input)
    store, tenant, span = context.desk.store, context.tenant, (to_instant(input.since), to_instant(input.until))
    (found, has_more), invalid = await asyncio.gather(
        ratings.between(store, tenant, *span, RATINGS_READ_MAX),
        ratings.invalid_between(store, tenant, *span, RATINGS_READ_MAX),
    )
    tallies = tally((name_of(each), each) for each in found)
    rows = [RatingRow.of(input.by, name, counted) for name, counted in tallies.items()]
    return RatingReport(rows=rows, invalid_count=invalid, is_whole=not has_more)


def _naming(asked: RatingReportInput) -> Callable[[Rating], str]:
    zone = zone_named(asked.time_zone)
    match asked.by:
        case RatingsBy.AGENT:
            return lambda rating: rating.agent or ""
        case RatingsBy.SKILL_GROUP:
            return lambda rating: rating.skill_group or ""
        case RatingsBy.DAY:
            return lambda rating: datetime.fromtimestamp(rating.at / SECOND, zone).date().isoformat()


def zone_named(name: str) -> tzinfo:
    """Raises `BadUserInput`."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415  reports are seldom asked for

    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as unknown:
        raise BadUserInput(f"There is no time zone {name!r}. Use a name such as Asia/Shanghai.") from unknown
