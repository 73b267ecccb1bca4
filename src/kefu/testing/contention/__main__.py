"""`python -m kefu.testing.contention --store URL --operations N [--faults]`: see `--help`. Exits with 1 if a law is broken."""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from kefu.testing.contention.plan import Plan
from kefu.testing.contention.report import table
from kefu.testing.contention.run import REST_LAWS, Outcome, contend


def main(arguments: list[str]) -> int:
    given = _parser().parse_args(arguments)
    with TemporaryDirectory(prefix="kefu-contention-") as passing:
        folder = given.keep or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        plan = Plan(
            store=given.store,
            folder=str(folder),
            tenant=given.tenant,
            seed=given.seed,
            operations=given.operations,
            workers=given.workers,
            processes=given.processes,
            agents=given.agents,
            has_faults=given.faults,
            rest_every=given.rest_every,
            throttled_s=given.throttled_for,
        )
        if plan.journals():
            print(f"{folder} holds journals of another run: name a new folder", file=sys.stderr)
            return 2
        outcome = asyncio.run(contend(plan))
    print(table(outcome.measured))
    print(*_interference(outcome, plan), *_findings(outcome), sep="\n")
    return 1 if outcome.broken else 0


def _interference(outcome: Outcome, plan: Plan) -> Iterator[str]:
    if outcome.killed:
        yield "one process was killed and started again"
    if outcome.rests:
        yield f"{outcome.rests} times all workers stood still, and nobody was to be stuck, without a sweep"
    if outcome.throttled:
        yield f"everything was throttled for {plan.throttled_s} s"


def _findings(outcome: Outcome) -> Iterator[str]:
    yield f"the whole tenant was read and the laws were held in {outcome.checked_s:.1f} s"
    yield from (f"over the history holds {law}: {cases} cases" for law, cases in outcome.held.items())
    if outcome.broken:
        yield f"\nBROKEN {outcome.broken}\n{outcome.story}"
    else:
        yield f"at rest hold {', '.join(REST_LAWS)}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kefu.testing.contention")
    parser.add_argument("--store", required=True, help="dynamodb:TABLE?region=…&endpoint=… or sqlite:PATH; it is there")
    parser.add_argument("--operations", type=int, default=3_000)
    parser.add_argument("--workers", type=int, default=32)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--agents", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tenant", default="1", help="is made; it must not be there yet")
    parser.add_argument(
        "--rest-every", type=int, default=10, metavar="N", help="requests of each worker; not with --faults"
    )
    parser.add_argument(
        "--faults", action="store_true", help="throttling, lost answers, a killed process; one sweep after"
    )
    parser.add_argument(
        "--throttled-for", type=float, default=5, metavar="SECONDS", help="with --faults, in the middle"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the journals there")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
