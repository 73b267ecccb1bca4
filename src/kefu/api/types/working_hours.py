from datetime import UTC, datetime

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.domain import working_hours as domain


@define.type(description="When a desk is open, by the wall clock of a time zone.")
class WorkingHours:
    value: strawberry.Private[domain.WorkingHours]
    time_zone: str = strawberry.field(description="As the IANA database names it.")
    outside_text: str = strawberry.field(description="What visitors are told while it is closed.")

    @classmethod
    def of(cls, value: domain.WorkingHours | None) -> "WorkingHours | None":
        return cls(value=value, time_zone=value.zone, outside_text=value.outside_text) if value else None

    @strawberry.field(description="Days with their openings; a day that is not there is closed.")
    def weekly(self) -> list[str]:
        from kefu.domain.hours_notation import weekly_lines  # noqa: PLC0415  seldom asked for, as are all here

        return weekly_lines(self.value)

    @strawberry.field(description="Dates that differ from the week; one without openings is closed.")
    def special_days(self) -> list[str]:
        from kefu.domain.hours_notation import special_lines  # noqa: PLC0415

        return special_lines(self.value)

    @strawberry.field(description="The next moment at which the desk is open: now, while it is.")
    def next_opening(self, info: Info) -> datetime | None:
        opening = domain.next_opening(self.value, info.context.desk.clock.now())
        return datetime.fromtimestamp(opening / 1_000, UTC) if opening is not None else None


@define.input(
    description="When a desk is open. Without an opening and a special day its hours are taken away: then a group is open "
    "as its tenant is, and a tenant always."
)
class WorkingHoursInput:
    time_zone: str = strawberry.field(description="As the IANA database names it, for example Asia/Shanghai.")
    weekly: list[str] = strawberry.field(
        default_factory=list,
        description="Days and their openings, for example MON-FRI 09:00-12:00 13:00-18:00, or SAT 22:00-06:00 over "
        "midnight. A day that is left out is closed. A time that daylight saving skips is the moment of the jump, one "
        "that it repeats the first of the two.",
    )
    special_days: list[str] = strawberry.field(
        default_factory=list,
        description="Dates on which other openings begin, for example 2026-10-02 10:00-16:00, or none: 2026-10-01.",
    )
    outside_text: str | None = strawberry.field(
        default=None, description="What visitors are told while it is closed; {opening} is when it opens."
    )

    def read(self) -> domain.WorkingHours | None:
        """None takes them away. Raises `Invalid`."""
        from kefu.domain.hours_notation import read_working_hours  # noqa: PLC0415

        return read_working_hours(self.time_zone, self.weekly, self.special_days, self.outside_text)
