"""A week on a virtual clock, over two changes of it: nothing is left out, and whatever breaks says where."""

import pytest

from kefu.domain.instants import MINUTE
from kefu.domain.log import EventKind
from kefu.testing.laws import LawBroken
from kefu.testing.week.play import play
from kefu.testing.week.world import World
from kefu.wire.tencent.session_events import EVENT_NAMES

VISITS = 2_000
"""`make proof` plays 10,000."""
SEED = 1


def test_a_week_with_two_zone_changes_breaks_no_law_and_every_kind_of_event_occurs_in_it() -> None:
    """That each session ended in one way and that reports are right is held by the week itself."""
    played = play(SEED, VISITS)
    assert played.sessions >= VISITS
    assert played.ends.total() == played.sessions
    assert set(played.kinds) == set(EventKind)
    assert set(played.tencents) == set(EVENT_NAMES.values())


async def test_a_step_that_fails_tells_the_seed_the_virtual_time_and_what_happened() -> None:
    world = World(seed=7, visits=1)

    async def breaks() -> None:
        world.clock.advance(90 * MINUTE)
        raise LawBroken("L7", "somebody waits")

    with pytest.raises(LawBroken) as broken:
        await world.step("anna comes", breaks)
    [note] = broken.value.__notes__
    assert note.startswith("seed 7, 1 visits, at Sun 25 Oct 01:30:00.000: anna comes")
