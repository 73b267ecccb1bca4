"""`python -m kefu.testing.proof SEEDS [FROM]`: many seeds of the simulation, side by side, with progress.

Prints what it ran and every seed that found something; exits with 1 if one did. Such a seed belongs into
`tests/simulation/found_seeds.txt`, where the tests play it again for good.
"""

import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from kefu.testing.simulation import play

BATCH = 100
RECENT_BATCHES = 20
"""How far back the rate reaches that tells what is left: on a shared machine it changes."""


def main(seeds: int, first: int = 0) -> int:
    started = time.monotonic()
    processors = os.cpu_count() or 1
    done, found = 0, list[str]()
    marks = deque([(0, started)], maxlen=RECENT_BATCHES + 1)
    for played, findings in _played(range(first, first + seeds), processors):
        done += played
        found.extend(findings)
        for finding in findings:
            print(finding, flush=True)
        marks.append((done, time.monotonic()))
        rate = _rate(marks[0], marks[-1])
        print(
            f"\r{done} of {seeds} seeds, {len(found)} broke a law, {rate:.1f} seeds/s, {(seeds - done) / rate:.0f} s left ",
            end="",
            file=sys.stderr,
        )
    spent = time.monotonic() - started
    per_s = f"{done / spent:.1f} seeds/s on {processors} processors"
    print(f"\n{done} seeds in {spent:.0f} s, {per_s}: {len(found)} broke a law")
    return 1 if found else 0


def _played(seeds: range, processors: int) -> Iterator[tuple[int, list[str]]]:
    """Batch by batch: how many seeds were played, and what they found."""
    batches = [seeds[start : start + BATCH] for start in range(0, len(seeds), BATCH)]
    with ProcessPoolExecutor(processors) as pool:
        for batch, findings in zip(batches, pool.map(_play_all, batches), strict=True):
            yield len(batch), findings


def _play_all(seeds: range) -> list[str]:
    return [finding for seed in seeds if (finding := play(seed))]


def _rate(earlier: tuple[int, float], later: tuple[int, float]) -> float:
    """Seeds a second between two marks."""
    return (later[0] - earlier[0]) / max(later[1] - earlier[1], 0.001)


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
