"""What the week is made of: when it is, who works where and when, and when visitors come. Pure, under a seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

from kefu.domain.instants import HOUR, MINUTE, SECOND, Instant

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


_SATURDAY, _SUNDAY = 5, 6


def instant_of(moment: datetime) -> Instant:
    return round(moment.timestamp()) * SECOND


BEGIN = instant_of(datetime(2026, 10, 25, tzinfo=UTC))
"""An hour before Berlin puts its clocks back, …"""
END = instant_of(datetime(2026, 11, 1, 8, tzinfo=UTC))
"""… and two hours after New York did."""
LAST_ARRIVAL = END - 30 * MINUTE
CHANGES = (instant_of(datetime(2026, 10, 25, 1, tzinfo=UTC)), instant_of(datetime(2026, 11, 1, 6, tzinfo=UTC)))
BURSTS = (
    (CHANGES[0] + 35 * MINUTE, 50 * MINUTE),
    (instant_of(datetime(2026, 10, 26, 10, 20, tzinfo=UTC)), 20 * MINUTE),
    (instant_of(datetime(2026, 10, 29, 15, 5, tzinfo=UTC)), 20 * MINUTE),
    (CHANGES[1] + 35 * MINUTE, 50 * MINUTE),
)
"""Many visitors at once: two campaigns, and while a desk is open that would be closed by the clock of the day before."""
BURST_SHARE = 100
"""One of so many visitors of the week comes in each."""

_NIGHT, _WEEKEND = 0.12, 0.45
_PEAK = {7: 0.5, 8: 0.9, 9: 1.1, 10: 1.1, 11: 0.9, 12: 0.8, 13: 1.3, 14: 1.5, 15: 1.4, 16: 1.2, 17: 1.0, 18: 0.8,
         19: 0.7, 20: 0.6, 21: 0.5, 22: 0.3}  # fmt: skip
"""How busy an hour of UTC is: first Europe comes, then both, then America."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """An agent and when he works, by his own wall clock."""

    name: str
    group: str | None
    zone: str
    begins: int
    """Minutes behind midnight."""
    lasts: int
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Weekdays, Monday is 0."""
    has_client: bool = False
    """Whether he works with a client that keeps a lease; else his status is set for him."""

    def shifts(self) -> Iterator[tuple[Instant, Instant]]:
        """Begin and end of each that touches the week. A shift lasts as long as it is, whatever the clocks do in it."""
        zone = ZoneInfo(self.zone)
        for number in range(10):
            day = date(2026, 10, 24) + timedelta(number)
            if day.weekday() in self.days:
                wall = datetime.combine(day, time(), zone) + timedelta(minutes=self.begins)
                begins = instant_of(wall)
                ends = begins + self.lasts * MINUTE
                if ends > BEGIN and begins < END:
                    yield max(begins, BEGIN), min(ends, END)


SATURDAY_NIGHT = (_SATURDAY,)
POSTS = (
    Post(name="anna", group="berlin", zone=BERLIN, begins=8 * 60, lasts=480, has_client=True),
    Post(name="bernd", group="berlin", zone=BERLIN, begins=8 * 60 + 7, lasts=480),
    Post(name="clara", group="berlin", zone=BERLIN, begins=10 * 60, lasts=480, has_client=True),
    Post(name="dirk", group="berlin", zone=BERLIN, begins=22 * 60 + 3, lasts=420, days=SATURDAY_NIGHT, has_client=True),
    Post(name="emma", group="new york", zone=NEW_YORK, begins=9 * 60, lasts=480, has_client=True),
    Post(name="frank", group="new york", zone=NEW_YORK, begins=9 * 60 + 5, lasts=480),
    Post(name="grace", group="new york", zone=NEW_YORK, begins=12 * 60, lasts=480, has_client=True),
    Post(name="henry", group="new york", zone=NEW_YORK, begins=22 * 60, lasts=420, days=SATURDAY_NIGHT),
    Post(name="ines", group="backup", zone=BERLIN, begins=7 * 60, lasts=720, days=tuple(range(7)), has_client=True),
    Post(name="jack", group="backup", zone=NEW_YORK, begins=14 * 60, lasts=600, days=tuple(range(7))),
    Post(name="kim", group=None, zone=NEW_YORK, begins=8 * 60, lasts=600, days=tuple(range(7)), has_client=True),
)
"""Berlin and New York have hours of their own, on one night behind midnight and over the change of the clocks; the others are
always open, whoever is there."""

BERLIN_HOURS = ("MON-FRI 08:00-18:00", "SAT 22:00-03:30")
NEW_YORK_HOURS = ("MON-FRI 09:00-20:00", "SAT 22:00-02:30")
_WALL = {
    "berlin": (BERLIN, (time(8), time(18)), time(3, 30)),
    "new york": (NEW_YORK, (time(9), time(20)), time(2, 30)),
}


def is_open_by_the_wall(group: str, at: Instant) -> bool:
    """The same hours read off a clock on the wall: none begins or ends at a time that the clock shows twice."""
    zone, (opens, closes), night_ends = _WALL[group]
    wall = datetime.fromtimestamp(at / SECOND, ZoneInfo(zone))
    shown = wall.time()
    if wall.weekday() == _SATURDAY:
        return shown >= time(22)
    return shown < night_ends if wall.weekday() == _SUNDAY else opens <= shown < closes


def arrivals(random: Random, visits: int) -> list[Instant]:
    """When visitors come: a Poisson process by the hour, given how many there are; and bursts."""
    in_each = max(1, visits // BURST_SHARE)
    bursts = [since + random.randrange(length) for since, length in BURSTS for _ in range(in_each)]
    hours = range(BEGIN, LAST_ARRIVAL, HOUR)
    weights = list(accumulate(_busy(hour) for hour in hours))
    chosen = random.choices(hours, cum_weights=weights, k=max(0, visits - len(bursts)))
    spread = [min(hour + random.randrange(HOUR), LAST_ARRIVAL) for hour in chosen]
    return sorted([*spread, *bursts])


def _busy(hour: Instant) -> float:
    moment = datetime.fromtimestamp(hour / SECOND, UTC)
    is_weekend = moment.weekday() in (_SATURDAY, _SUNDAY)
    return _PEAK.get(moment.hour, _NIGHT) * (_WEEKEND if is_weekend else 1)
