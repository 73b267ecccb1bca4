"""Working hours told minute by minute, by nothing but what the zone's clock shows: slow, and easy to believe."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from kefu.domain.instants import MINUTE, SECOND, Instant
from kefu.domain.working_hours import WorkingHours


def instant(text: str) -> Instant:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND


class SlowClock:
    """What a zone's clock shows at every minute of a span, and the first minute at which it shows a time or a later one."""

    def __init__(self, zone: str, first: datetime, days: int) -> None:
        self.start = round(first.timestamp()) * SECOND
        self.minutes = days * 24 * 60
        shown = [(first + timedelta(minutes=each)).astimezone(ZoneInfo(zone)) for each in range(self.minutes)]
        self.shown = [each.replace(tzinfo=None) for each in shown]
        self._firsts: dict[datetime, int] = {}
        latest = self.shown[0] - timedelta(minutes=1)
        for number, wall in enumerate(self.shown):
            while latest < wall:
                latest += timedelta(minutes=1)
                self._firsts[latest] = number

    def first(self, day: date, minutes: int) -> int | None:
        wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001  a wall clock's
        return self._firsts.get(wall)

    def open_minutes(self, hours: WorkingHours) -> list[bool]:
        """Told for every minute but those of the first and the last three days."""
        is_open = [False] * self.minutes
        special = dict(hours.special)
        day, last = self.shown[0].date(), self.shown[-1].date()
        while day <= last:
            for since, until in special.get(day.isoformat(), hours.weekly[day.weekday()]):
                first, end = self.first(day, since), self.first(day, until)
                for minute in range(first or 0, end or 0):
                    is_open[minute] = True
            day += timedelta(1)
        return is_open

    def at(self, minute: int) -> Instant:
        return self.start + minute * MINUTE


def midnight(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)
