"""What a run measured, as a table."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import quantiles

from kefu.testing.contention import journal
from kefu.testing.contention.journal import (
    CONFLICT,
    DONE,
    SWEEP,
    UNKNOWN,
    Answered,
    Asked,
    Ended,
    Entry,
    SetBack,
    Warned,
)

MS = 1_000_000
S = 1_000 * MS
_HEAD = f"{'request':<10} {'number':>8} {'refused':>8} {'conflicts':>10} {'wasted':>7} {'BUSY':>6} {'unknown':>8} {'p50 ms':>8} {'p99 ms':>8}"


@dataclass(slots=True)
class Measured:
    kinds: dict[tuple[int, int], str] = field(default_factory=dict)
    asked_at: dict[tuple[int, int], int] = field(default_factory=dict)
    latencies: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    refused: Counter[str] = field(default_factory=Counter)
    commits: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind of request and outcome."""
    set_back: Counter[tuple[str, str]] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)
    swept: int = 0
    """Commits of the sweep."""
    first: int = 0
    last: int = 0

    @property
    def never_answered(self) -> int:
        """Requests of clients who did not come back after their process was killed."""
        return len(self.asked_at) - self.answered

    @property
    def answered(self) -> int:
        return sum(map(len, self.latencies.values()))

    @property
    def outcomes(self) -> Counter[str]:
        """Commits by how they ended."""
        found = Counter[str]()
        for (_, outcome), count in self.commits.items():
            found[outcome] += count
        return found

    @property
    def seconds(self) -> float:
        return (self.last - self.first) / S

    def wasted(self, kind: str | None = None) -> float:
        """The part of all commits that were refused, in percent."""
        of = {key: count for key, count in self.commits.items() if kind in (None, key[0])}
        lost = sum(count for (_, outcome), count in of.items() if outcome == CONFLICT)
        return 100 * lost / (sum(of.values()) or 1)


def measure(entries: Iterable[Entry]) -> Measured:
    measured = Measured()
    for entry in entries:
        which = (entry.worker, entry.number)
        match entry:
            case Asked():
                measured.kinds[which] = type(entry.request).__name__
                measured.asked_at[which] = entry.at
                measured.first = min(measured.first or entry.at, entry.at)
            case Answered():
                kind = measured.kinds[which]
                measured.latencies[kind].append(entry.at - measured.asked_at[which])
                measured.refused[kind] += entry.outcome != DONE
                measured.last = max(measured.last, entry.at)
            case SetBack():
                measured.set_back[measured.kinds[which], entry.why] += 1
            case Ended(worker=journal.NOBODY):
                measured.swept += entry.kind == SWEEP and entry.outcome == DONE
            case Ended():
                measured.commits[entry.kind, entry.outcome] += 1
            case Warned():
                measured.warned[entry.say] += 1
            case _:
                pass
    return measured


def table(measured: Measured) -> str:
    rows = [_HEAD, *(_row(measured, kind) for kind in sorted(measured.latencies)), _row(measured, None)]
    rate = measured.answered / measured.seconds if measured.seconds else 0
    rows += [
        "",
        f"{measured.answered} operations in {measured.seconds:.1f} s: {rate:.0f} a second",
        f"commits: {', '.join(f'{count} {outcome}' for outcome, count in measured.outcomes.most_common())}",
        *(f"{count} times: {say}" for say, count in measured.warned.items()),
    ]
    if measured.never_answered or measured.swept:
        rows.append(
            f"{measured.never_answered} requests of killed workers never came back; the sweep made {measured.swept} commits"
        )
    return "\n".join(rows)


def _row(measured: Measured, kind: str | None) -> str:
    kinds = [kind] if kind else list(measured.latencies)
    taken = sorted(taken for each in kinds for taken in measured.latencies[each])
    half, most = _percentiles(taken)
    conflicts = sum(measured.commits[each, CONFLICT] for each in kinds)
    refused = sum(measured.refused[each] for each in kinds)
    busy, unknown = (sum(measured.set_back[each, why] for each in kinds) for why in ("BUSY", UNKNOWN))
    wasted = f"{measured.wasted(kind):.1f} %"
    return (
        f"{kind or 'all':<10} {len(taken):>8} {refused:>8} {conflicts:>10} {wasted:>7} "
        f"{busy:>6} {unknown:>8} {half / MS:>8.0f} {most / MS:>8.0f}"
    )


def _percentiles(taken: Sequence[int]) -> tuple[float, float]:
    if len(taken) < 2:  # noqa: PLR2004  of one value every percentile is itself
        return (taken[0], taken[0]) if taken else (0, 0)
    cuts = quantiles(taken, n=100, method="inclusive")
    return cuts[49], cuts[98]
