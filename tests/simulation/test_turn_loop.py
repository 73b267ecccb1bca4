import asyncio

import pytest

from kefu.testing.simulation import simulate
from kefu.testing.turn_loop import TurnLoop


@pytest.mark.parametrize("seed", [3, 4])
def test_a_seed_plays_the_same_history_on_either_loop(seed: int) -> None:
    with asyncio.Runner(loop_factory=TurnLoop) as runner:
        assert runner.run(simulate(seed)) == asyncio.run(simulate(seed))


def test_to_wait_for_what_cannot_come_is_an_error_and_no_standstill() -> None:
    async def waits() -> None:
        await asyncio.get_running_loop().create_future()

    with asyncio.Runner(loop_factory=TurnLoop) as runner, pytest.raises(RuntimeError, match="no turn"):
        runner.run(waits())
