"""What was measured, as Markdown for people and as JSON for whoever compares."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import cost
from benchmarks.contention import AGENTS, VISITS, Contest
from benchmarks.cost import PRICES, Priced
from benchmarks.counting import Tally
from benchmarks.growth import AXES, LARGEST, MeasuredAt, grown, over_target
from benchmarks.operations import Measured
from benchmarks.targets import ITEM_BYTES_MAX, TARGETS
from benchmarks.world import Size

BASE = Size()


@dataclass(slots=True)
class Report:
    at: dict[Size, Mapping[str, Measured]] = field(default_factory=dict)
    contests: list[Contest] = field(default_factory=list)
    priced: list[Priced] = field(default_factory=list)

    @property
    def findings(self) -> list[str]:
        """Whatever is not as it must be."""
        targets = [
            f"at {size}: {finding}"
            for size in (BASE, LARGEST)
            for measured in self.at.get(size, {}).values()
            for finding in over_target(measured)
        ]
        return [*targets, *(str(finding) for axis in self._whole_axes() for finding in grown(axis, self.at))]

    def markdown(self) -> str:
        parts = [
            *(self._targets(size) for size in (BASE, LARGEST) if size in self.at),
            *(_growth(axis, self.at) for axis in self._whole_axes()),
            *([_contention(self.contests)] if self.contests else []),
            *([_cost(self.priced)] if self.priced else []),
            "### Not as it must be\n\n" + "\n".join(f"* {each}" for each in self.findings or ["nothing"]),
        ]
        return "\n\n".join(parts) + "\n"

    def json(self) -> dict[str, Any]:
        return {
            "sizes": [
                {
                    "agents": size.agents,
                    "groups": size.groups,
                    "waiting": size.waiting,
                    "operations": {name: _figures(measured) for name, measured in operations.items()},
                }
                for size, operations in self.at.items()
            ],
            "contention": [
                {
                    "workers": row.workers,
                    "operation": row.operation,
                    "times": row.times,
                    "commits": row.commits,
                    "refused": row.refused,
                    "gave_up": row.gave_up,
                }
                for contest in self.contests
                for row in contest.operations
            ],
            "cost": {
                "region": PRICES.region,
                "as_of": PRICES.as_of,
                "usd_per_million_sessions": cost.total(self.priced),
                "operations": {each.operation: each.usd_per_million_sessions for each in self.priced},
            },
            "findings": self.findings,
        }

    def _whole_axes(self) -> list[str]:
        return [axis for axis, sizes in AXES.items() if all(size in self.at for size in sizes)]

    def _targets(self, size: Size) -> str:
        head = (
            "operation",
            "round trips",
            "must / floor",
            "cold",
            "write units",
            "must / floor",
            "table + indexes",
            "read units",
            "items",
            "largest item",
            "",
        )
        return f"### Targets, at {size}\n\n" + _table(head, (_target_row(each) for each in self.at[size].values()))


def _target_row(measured: Measured) -> tuple[str, ...]:
    target, warm = measured.target, measured.warm
    return (
        target.operation,
        f"**{warm.round_trips}**",
        f"{target.round_trips} / {target.round_trips_floor}",
        str(measured.cold.round_trips),
        f"**{warm.write_units:g}**",
        f"{target.write_units} / {target.write_units_floor}",
        f"{warm.table_write_units:g} + {warm.index_write_units:g}",
        f"{warm.read_units:g}",
        _items(warm),
        f"{warm.largest_item_bytes:,} B" + (" (over 1 KB)" if warm.largest_item_bytes > ITEM_BYTES_MAX else ""),
        "FAIL" if over_target(measured) else "PASS",
    )


def _growth(axis: str, at: MeasuredAt) -> str:
    sizes = AXES[axis]
    rows = ((target.operation, *(_short(at[size][target.operation].warm) for size in sizes)) for target in TARGETS)
    head = (axis, *(f"{getattr(size, axis):,}" for size in sizes))
    return f"### With more {axis}\n\nRound trips · write units · items · read units.\n\n" + _table(head, rows)


def _short(tally: Tally) -> str:
    return f"{tally.round_trips} · {tally.write_units:g} · {_items(tally)} · {tally.read_units:g}"


def _contention(contests: Sequence[Contest]) -> str:
    head = ("workers", "operation", "times", "commits", "refused", "retries per operation", "gave up")
    rows = (
        (
            str(row.workers),
            row.operation,
            str(row.times),
            str(row.commits),
            f"{row.refused} ({row.refused / row.commits:.1%})" if row.commits else "0",
            f"{row.retries_per_operation:.3f}",
            str(row.gave_up),
        )
        for contest in contests
        for row in contest.operations
    )
    told = f"{VISITS} visits of workers on one team of {AGENTS} agents. No law of routing was broken."
    return f"### Conflicts\n\n{told}\n\n" + _table(head, rows)


def _cost(priced: Sequence[Priced]) -> str:
    head = ("operation", "per session", "write units", "read units", "USD per million sessions")
    rows = [
        (
            each.operation,
            f"{each.per_session:g}",
            f"{each.write_units:.2f}",
            f"{each.read_units:.2f}",
            f"{each.usd_per_million_sessions:.2f}",
        )
        for each in priced
    ]
    stated = (
        f"On demand in {PRICES.region}, prices as of {PRICES.as_of}: {PRICES.usd_per_million_write_units} USD per million "
        f"write units, {PRICES.usd_per_million_read_units} USD per million read units; storage and streams apart. "
        f"{cost.QUEUED} of {cost.SESSIONS} sessions wait first."
    )
    return f"### Cost\n\n{stated}\n\n" + _table(
        head, [*rows, ("together", "", "", "", f"**{cost.total(priced):.2f}**")]
    )


def _figures(measured: Measured) -> dict[str, Any]:
    return {
        name: {
            "round_trips": tally.round_trips,
            "read_units": tally.read_units,
            "table_write_units": tally.table_write_units,
            "index_write_units": tally.index_write_units,
            "items_per_commit": tally.items_per_commit,
            "largest_item_bytes": tally.largest_item_bytes,
            "trace": tally.trace,
        }
        for name, tally in (("cold", measured.cold), ("warm", measured.warm))
    }


def _items(tally: Tally) -> str:
    return " + ".join(map(str, tally.items_per_commit)) or "–"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
