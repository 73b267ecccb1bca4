"""`python -m kefu.testing.proof SEEDS [FROM]`: many seeds of the simulation, side by side, with progress.

Prints what it ran and every seed that found something; exits with 1 if one did. Such a seed belongs into
`tests/simulation/found_seeds.txt`, where the tests play it again for good.
"""

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from kefu.testing.simulation import play

BATCH = 100


def main(seeds: int, first: int = 0) -> int:
    started = time.monotonic()
    starts = range(first, first + seeds, BATCH)
    batches = [range(start, min(start + BATCH, first + seeds)) for start in starts]
    done, found = 0, list[str]()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for batch, findings in zip(batches, pool.map(_play_all, batches), strict=True):
            done += len(batch)
            found.extend(findings)
            for finding in findings:
                print(finding, flush=True)
            spent = time.monotonic() - started
            left = spent / done * (seeds - done)
            print(f"\r{done} of {seeds} seeds, {len(found)} broke a law, {left:.0f} s left ", end="", file=sys.stderr)
    print(
        f"\n{done} seeds in {time.monotonic() - started:.0f} s on {os.cpu_count()} processors: {len(found)} broke a law"
    )
    return 1 if found else 0


def _play_all(seeds: range) -> list[str]:
    return [finding for seed in seeds if (finding := play(seed))]


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
