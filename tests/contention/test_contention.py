"""Thirty-two workers over four processes on one tenant: nothing is lost, nobody is stuck, nobody overtakes."""

from pathlib import Path

from streamless_table import table_without_stream

from engines import Engines
from kefu.testing.contention.journal import UNKNOWN
from kefu.testing.contention.plan import Plan
from kefu.testing.contention.run import contend

IN_FLIGHT = 8
"""Requests of one process at once: its workers."""


def plan_on_dynoxide(engines: Engines, folder: Path, **options: object) -> Plan:
    url = table_without_stream(engines.endpoint("dynoxide"))
    return Plan(store=url, folder=str(folder), seed=1, **options)  # type: ignore[arg-type]


async def test_no_law_is_broken_and_nothing_needs_a_sweep(engines: Engines, tmp_path: Path) -> None:
    outcome = await contend(plan_on_dynoxide(engines, tmp_path, operations=3_000))
    assert outcome.broken is None, outcome.story
    assert outcome.measured.answered == 3_000
    assert outcome.rests == 9
    assert outcome.held["H6 nobody overtakes"] > 100


async def test_throttling_lost_answers_and_a_killed_process_lose_nothing(engines: Engines, tmp_path: Path) -> None:
    outcome = await contend(plan_on_dynoxide(engines, tmp_path, operations=1_000, has_faults=True, throttled_s=1))
    assert outcome.broken is None, outcome.story
    assert outcome.killed
    assert outcome.throttled
    assert outcome.measured.outcomes[UNKNOWN] > 0
    asked, answered = len(outcome.measured.asked_at), outcome.measured.answered
    assert asked == 1_000
    assert asked - answered <= IN_FLIGHT // 2, "only half of what the killed process had in flight may stay unanswered"
