"""`python -m kefu.testing.week VISITS [SEED]`: one week of the desk; says what happened in it, and exits with 1 if a law broke."""

import sys
import time
import traceback

from kefu.testing.week.play import Played, play

SEED = 1


def main(visits: int, seed: int = SEED) -> int:
    started, cpu = time.monotonic(), time.process_time()
    try:
        played = play(seed, visits)
    except Exception:  # noqa: BLE001  whatever it is, the week has found it
        traceback.print_exc()
        return 1
    print(f"seed {seed}: {time.monotonic() - started:.0f} s, {time.process_time() - cpu:.0f} s of CPU")
    _tell(played)
    return 0


def _tell(played: Played) -> None:
    print(f"{played.sessions} sessions, {played.steps} steps")
    for title, counted in (
        ("ends", played.ends),
        ("entries", played.kinds),
        ("Tencent's events", played.tencents),
        ("refused", played.refused),
    ):
        print(f"{title}: " + ", ".join(f"{name} {number}" for name, number in sorted(counted.items())))


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
