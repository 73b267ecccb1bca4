from datetime import datetime
from typing import TYPE_CHECKING

import strawberry

from kefu.api import define
from kefu.api.context import Info, to_datetime
from kefu.api.scalars import Duration
from kefu.api.types.agent import Agent, load_agent_or_former
from kefu.api.types.skill_group import SkillGroup, load_group
from kefu.domain.channel import Channel
from kefu.domain.report_grouping import ReportGrouping

if TYPE_CHECKING:
    from kefu.domain.service_report import Figures, Times


@define.type(
    description="Figures of one interval and one group, agent or channel. An offer is a session that came before a group or "
    "an agent; it counts where it came, with all that came of it, also later. A percentile is the time of one of them (nearest "
    "rank). A time or a share of nothing is null. T is serviceLevelWithin. "
    "offered = answered + abandoned + passedOn + dismissed + waiting."
)
class ServiceReportRow:
    by: strawberry.Private[ReportGrouping]
    name: strawberry.Private[str]
    since: datetime = strawberry.field(name="from", description="The interval's beginning.")
    until: datetime = strawberry.field(name="to", description="Its end, which belongs to the next.")
    offered: int = strawberry.field(description="Offers that came.")
    answered: int = strawberry.field(description="Those that an agent has got: to be assigned is to be answered.")
    abandoned: int = strawberry.field(description="Those whose visitor left, or fell silent for too long, before.")
    passed_on: int = strawberry.field(description="Those that overflowed or were transferred before.")
    dismissed: int = strawberry.field(description="Those that the desk ended before.")
    waiting: int = strawberry.field(description="Those that still waited when the report was made.")
    answered_within: int = strawberry.field(description="Those answered within T, T included.")
    abandoned_within: int = strawberry.field(description="Those abandoned within T, T included.")
    service_level_of_answered: float | None = strawberry.field(
        description="answeredWithin / answered: abandoned ones do not count."
    )
    service_level_with_abandoned: float | None = strawberry.field(
        description="answeredWithin / (answered + abandoned): an abandoned one is missed, however soon."
    )
    service_level_with_late_abandoned: float | None = strawberry.field(
        description="answeredWithin / (answered + abandoned - abandonedWithin): one abandoned within T does not count."
    )
    service_level_of_offered: float | None = strawberry.field(
        description="answeredWithin / offered: what was passed on, dismissed or still waits is missed too."
    )
    answer_time_mean: Duration | None = strawberry.field(description="Speed of answer: how long the answered waited.")
    answer_time_p50: Duration | None = strawberry.field(description="Half of them waited no longer.")
    answer_time_p90: Duration | None = strawberry.field(description="90 of 100 waited no longer.")
    answer_time_p99: Duration | None = strawberry.field(description="99 of 100 waited no longer.")
    abandonment_rate: float | None = strawberry.field(description="abandoned / offered.")
    abandon_time_mean: Duration | None = strawberry.field(description="How long the abandoned had waited.")
    abandon_time_p50: Duration | None = strawberry.field(description="Half of them had waited no longer.")
    abandon_time_p90: Duration | None = strawberry.field(description="90 of 100 had waited no longer.")
    abandon_time_p99: Duration | None = strawberry.field(description="99 of 100 had waited no longer.")
    handled: int = strawberry.field(
        description="How often an agent's holding of a session came to its end in the interval, by a close, transfer or overflow."
    )
    handle_time_mean: Duration | None = strawberry.field(description="How long they had it.")
    handle_time_p50: Duration | None = strawberry.field(description="Half of them had it no longer.")
    handle_time_p90: Duration | None = strawberry.field(description="90 of 100 had it no longer.")
    handle_time_p99: Duration | None = strawberry.field(description="99 of 100 had it no longer.")
    slot_time: Duration = strawberry.field(
        description="Slots in use within the interval: two sessions held for a minute are two minutes."
    )
    slots_in_use: float = strawberry.field(
        description="slotTime / the interval's length so far: how many slots were in use on average. How many were offered is in "
        "no session's log; what is free at this moment the queues tell."
    )
    overflowed_in: int = strawberry.field(description="Overflows to here in the interval.")
    overflowed_out: int = strawberry.field(description="Overflows from here in the interval, waiting or served.")
    transferred_in: int = strawberry.field(description="Transfers to here in the interval.")
    transferred_out: int = strawberry.field(description="Transfers from here in the interval, waiting or served.")

    @strawberry.field(description="Whose, by AGENT.")
    async def agent(self, info: Info) -> Agent | None:
        return await load_agent_or_former(info, self.name) if self.by is ReportGrouping.AGENT else None

    @strawberry.field(description="Of which group, by GROUP; null for what came before an agent without any.")
    async def skill_group(self, info: Info) -> SkillGroup | None:
        return await load_group(info, self.name) if self.by is ReportGrouping.GROUP and self.name else None

    @strawberry.field(description="From where, by CHANNEL.")
    def channel(self) -> Channel | None:
        return Channel(self.name) if self.by is ReportGrouping.CHANNEL else None


@define.type(description="How visitors were served in a span of time, from the sessions' logs alone.")
class ServiceReport:
    rows: list[ServiceReportRow] = strawberry.field(
        description="By interval, then by name; none where nothing happened."
    )
    sessions_read: int = strawberry.field(description="Sessions whose logs it was made of.")
    made_at: datetime = strawberry.field(
        description="When. A later report of the same span says more of sessions that were still open."
    )


def row_of(
    by: ReportGrouping, name: str, since: int, until: int, figures: "Figures", *, so_far: int
) -> ServiceReportRow:
    """`so_far` is when the report is made: the rest of an interval has not happened yet."""
    from kefu.domain.service_report import times_of  # noqa: PLC0415  reports are seldom asked for

    length = min(until, so_far) - since
    return ServiceReportRow(
        by=by,
        name=name,
        since=to_datetime(since),
        until=to_datetime(until),
        offered=figures.offered,
        answered=len(figures.answered),
        abandoned=len(figures.abandoned),
        passed_on=figures.passed_on,
        dismissed=figures.dismissed,
        waiting=figures.waiting,
        answered_within=figures.answered_within,
        abandoned_within=figures.abandoned_within,
        service_level_of_answered=figures.level_of_answered,
        service_level_with_abandoned=figures.level_with_abandoned,
        service_level_with_late_abandoned=figures.level_with_late_abandoned,
        service_level_of_offered=figures.level_of_offered,
        abandonment_rate=figures.abandonment_rate,
        handled=len(figures.handled),
        slot_time=Duration(figures.slot_time),
        slots_in_use=figures.slot_time / length if length > 0 else 0.0,
        overflowed_in=figures.overflowed_in,
        overflowed_out=figures.overflowed_out,
        transferred_in=figures.transferred_in,
        transferred_out=figures.transferred_out,
        **_times("answer", times_of(figures.answered)),
        **_times("abandon", times_of(figures.abandoned)),
        **_times("handle", times_of(figures.handled)),
    )


def _times(what: str, times: "Times | None") -> dict[str, Duration | None]:
    return {
        f"{what}_time_mean": None if times is None else Duration(times.mean),
        f"{what}_time_p50": None if times is None else Duration(times.p50),
        f"{what}_time_p90": None if times is None else Duration(times.p90),
        f"{what}_time_p99": None if times is None else Duration(times.p99),
    }
