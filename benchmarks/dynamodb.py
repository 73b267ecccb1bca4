"""`python -m benchmarks.dynamodb`: what the desk's operations cost on DynamoDB, held against the targets.

Exits with 1 if a target is missed or a figure grows with the company.
"""

import asyncio
import os
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import click
import msgspec

from benchmarks.contention import WORKERS, contend
from benchmarks.cost import price
from benchmarks.engine import create_table, patient_transport_to, running, transport_to
from benchmarks.growth import AXES, LARGEST
from benchmarks.operations import Measured, Stage, measure_all
from benchmarks.report import BASE, Report
from benchmarks.world import Size, build
from kefu.store.dynamodb import DynamoStore
from kefu.testing.engines import ENVIRONMENT

PARTS = ("targets", "growth", "conflicts", "cost")
TOLD_EVERY_S = 0.5


@click.command()
@click.option("--endpoint", help="An engine that runs already. Otherwise dynoxide is started.")
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), default=PARTS, help="Not all, but these.")
@click.option("--output", type=click.Path(path_type=Path), help="Writes PATH.md and PATH.json as well.")
@click.option("--trace", is_flag=True, help="Prints the calls of each operation, round trip by round trip.")
def main(endpoint: str | None, parts: Sequence[str], output: Path | None, *, trace: bool) -> None:
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
    os.environ |= {name: value for name, value in ENVIRONMENT.items() if name not in os.environ}
    with nullcontext(endpoint) if endpoint else running() as found:
        report = asyncio.run(_measure(found, parts))
    if trace:
        click.echo(_traces(report))
    click.echo(report.markdown())
    if output:
        output.with_suffix(".md").write_text(report.markdown())
        output.with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(report.json()), indent=2))
    sys.exit(1 if report.findings else 0)


async def _measure(endpoint: str, parts: Sequence[str]) -> Report:
    report, progress = Report(), _Progress()
    wanted = [BASE] if "targets" in parts else []
    if "growth" in parts:
        wanted += [size for sizes in AXES.values() for size in sizes] + [LARGEST]
    for size in dict.fromkeys(wanted):
        report.at[size] = await _measure_at(endpoint, size, progress)
    transport = transport_to(endpoint)
    for workers in WORKERS if "conflicts" in parts else ():
        progress.begin(f"{workers} workers")
        table = await _new_table(endpoint)
        report.contests.append(await contend(transport, table, workers=workers))
    if "cost" in parts:
        progress.begin("cost")
        report.priced = await price(transport, await _new_table(endpoint))
    await transport.close()
    progress.end()
    return report


async def _measure_at(endpoint: str, size: Size, progress: "_Progress") -> dict[str, Measured]:
    progress.begin(str(size))
    transport, table = patient_transport_to(endpoint), await _new_table(endpoint)
    world = await build(DynamoStore(table, transport), size, progress.tell)
    progress.tell("measuring")
    measured = await measure_all(Stage(world, table, transport))
    await transport.call("DeleteTable", {"TableName": table})
    await transport.close()
    return {each.target.operation: each for each in measured}


async def _new_table(endpoint: str) -> str:
    transport, table = patient_transport_to(endpoint), f"kefu-benchmark-{uuid.uuid4()}"
    await create_table(transport, table)
    await transport.close()
    return table


def _traces(report: Report) -> str:
    return "\n".join(
        f"{size} · {operation}: {measured.warm.trace}"
        for size, operations in report.at.items()
        for operation, measured in operations.items()
    )


class _Progress:
    """One line on standard error, written over."""

    def __init__(self) -> None:
        self._what = ""
        self._told_at = self._began_at = time.monotonic()

    def begin(self, what: str) -> None:
        self._what, self._told_at = what, 0
        self.tell("begun")

    def tell(self, how_far: str) -> None:
        now = time.monotonic()
        if now - self._told_at >= TOLD_EVERY_S:
            self._told_at = now
            click.echo(f"\r\033[K{now - self._began_at:4.0f} s  {self._what}: {how_far}", err=True, nl=False)

    def end(self) -> None:
        click.echo("", err=True)


if __name__ == "__main__":
    main()
