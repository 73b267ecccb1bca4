"""Plays a week under a seed, to the end of its last session, and holds it to what a week must be."""

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from kefu.domain.instants import HOUR
from kefu.domain.log import EventKind
from kefu.domain.refusals import RefusalCode
from kefu.testing.laws import LawBroken, check_laws
from kefu.testing.turn_loop import TurnLoop
from kefu.testing.week.opening import open_desk, open_for_good
from kefu.testing.week.plan import END
from kefu.testing.week.staff import Staff
from kefu.testing.week.verdict import hold_hours, hold_reports, hold_sequences
from kefu.testing.week.visitors import Visitors
from kefu.testing.week.world import TENANT, World

SILENCE = 2 * HOUR
"""Behind the week: time enough for every silence to end what is open, also what is handed on meanwhile."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """A week that broke nothing."""

    sessions: int
    steps: int
    ends: Counter[EventKind]
    """How many sessions ended in which way."""
    kinds: Counter[EventKind]
    """How many entries of each kind there are."""
    tencents: Counter[str]
    """How often each event of Tencent's was told."""
    refused: Counter[RefusalCode]


def play(seed: int, visits: int, *, off: Collection[str] = ()) -> Played:
    """Raises `LawBroken`, with seed, virtual time and what happened last in its notes."""
    with asyncio.Runner(loop_factory=TurnLoop) as runner:
        return runner.run(_play(World(seed, visits, off)))


async def _play(world: World) -> Played:
    groups = await open_desk(world)
    staff = Staff(world, groups)
    staff.plan()
    Visitors(world).plan()
    await world.run(END)
    world.is_silent = True
    await world.step("the desk is open for good", partial(open_for_good, world, groups))
    await world.step("the sweep brings in what was left", world.sweep)
    await world.step("everybody comes once more: whoever left a message waits until somebody does", staff.come)
    await world.run(END + SILENCE)
    await world.step("the week is over", partial(_hold_week, world))
    live = world.watched.live
    kinds = Counter(entry.kind for log in live.logs.values() for entry in log)
    ends = Counter(reason for each in live.sessions.values() if (reason := each.value.session.end_reason))
    return Played(
        sessions=len(live.sessions),
        steps=world.steps,
        ends=ends,
        kinds=kinds,
        tencents=hold_sequences(world),
        refused=world.refused,
    )


async def _hold_week(world: World) -> None:
    world.hold_all()
    live = world.watched.live
    if going_on := [each.value.session.id for each in live.sessions.values() if each.value.session.is_open]:
        raise LawBroken("progress", f"{going_on} go on although nobody says anything")
    said = {entry.message.id for log in live.logs.values() for entry in log if entry.message}
    if lost := world.left - said:
        raise LawBroken("left", f"{lost} were left, and are in no session")
    not_read = ("L7 order", "tally", *world.off)  # tallies were held visitor by visitor
    stored = await check_laws(world.watched.inner, TENANT, world.clock.now(), off=not_read)
    if stored.logs != live.logs:
        raise LawBroken("ledger", "the store does not hold the logs that were committed")
    hold_hours(world)
    await hold_reports(world)
