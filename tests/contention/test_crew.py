"""Processes of a run are gone when the run is over, however it ended."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from kefu.testing.contention.crew import Crew
from kefu.testing.contention.plan import Plan

WORKERS = 3


async def nobody_waits() -> None:
    pass


def crew_of(folder: Path) -> Crew:
    """The last of them cannot write its journal, for a folder lies there."""
    plan = Plan(
        store=f"sqlite:{folder / 'kefu.db'}",
        folder=str(folder),
        seed=1,
        operations=1_000,
        workers=WORKERS,
        processes=WORKERS,
    )
    plan.journal(f"process-{WORKERS - 1}").mkdir()
    return Crew(plan, [], nobody_waits)


async def one_fails(crew: Crew) -> None:
    with pytest.raises(ExceptionGroup):
        await crew.work()


async def it_is_given_up(crew: Crew) -> None:
    working = asyncio.create_task(crew.work())
    while len(crew.running) < WORKERS:  # noqa: ASYNC110  the crew tells nobody
        await asyncio.sleep(0)
    working.cancel()
    await asyncio.wait([working])


@pytest.mark.parametrize("how_it_ends", [one_fails, it_is_given_up])
def test_a_run_that_breaks_off_leaves_no_process_behind(
    tmp_path: Path, how_it_ends: Callable[[Crew], Awaitable[None]]
) -> None:
    async def run() -> list[int | None]:
        crew = crew_of(tmp_path)
        await how_it_ends(crew)
        return [each.returncode for each in crew.running.values()]

    assert None not in asyncio.run(run())
    gc.collect()  # a pipe left open is told now
