"""How the figures grow with a company: they must not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.counting import Tally
from benchmarks.operations import Measured
from benchmarks.targets import TARGETS, Target
from benchmarks.world import Size

AXES: Mapping[str, Sequence[Size]] = {
    "agents": tuple(Size(agents=agents) for agents in (10, 100, 1_000, 10_000)),
    "groups": tuple(Size(groups=groups) for groups in (1, 10, 100, 1_000)),
    "waiting": tuple(Size(waiting=waiting) for waiting in (10, 1_000, 100_000)),
}
LARGEST = Size(agents=10_000, groups=1_000, waiting=100_000)

MeasuredAt = Mapping[Size, Mapping[str, Measured]]
"""By operation, warm and cold, for each size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    operation: str
    what: str
    value: float
    allowed: float

    def __str__(self) -> str:
        return f"{self.operation}: {self.what} {self.value:g}, at most {self.allowed:g}"


_FIGURES: Mapping[str, Callable[[Tally], float]] = {
    "round trips": lambda tally: tally.round_trips,
    "write units": lambda tally: tally.write_units,
    "items written": lambda tally: sum(tally.items_per_commit),
}


def over_target(measured: Measured) -> list[Finding]:
    target, warm = measured.target, measured.warm
    figures = (
        ("round trips", warm.round_trips, target.round_trips),
        ("write units", warm.write_units, target.write_units),
    )
    return [
        Finding(operation=target.operation, what=what, value=value, allowed=must)
        for what, value, must in figures
        if value > must
    ]


def grown(axis: str, at: MeasuredAt) -> list[Finding]:
    """What is more at the end of an axis than at its beginning.

    Read units may grow until a page of candidates is full, and with the lines that an agent serves: from the last
    size but one they may not.
    """
    sizes = AXES[axis]
    return [
        finding
        for target in TARGETS
        for finding in _grown(axis, target, [at[size][target.operation].warm for size in sizes])
    ]


def _grown(axis: str, target: Target, tallies: Sequence[Tally]) -> list[Finding]:
    compared = [(what, figure(tallies[0]), figure(tallies[-1])) for what, figure in _FIGURES.items()]
    compared.append(("read units", tallies[-2].read_units, tallies[-1].read_units))
    return [
        Finding(operation=target.operation, what=f"with more {axis}: {what}", value=last, allowed=first)
        for what, first, last in compared
        if last > first
    ]
