"""How long who waits will wait, and where nothing can be said."""

import pytest

from kefu.domain.channel import Channel
from kefu.domain.estimate import estimate_wait, handle_times_ms
from kefu.domain.instants import MINUTE
from kefu.domain.line import Line, agent_line, group_line
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef

ROWS: dict[str, tuple[int, list[int], int, int | None]] = {
    "first, one agent": (1, [4, 5, 6], 1, 5),
    "third, one agent": (3, [4, 5, 6], 1, 15),
    "third, three slots": (3, [4, 5, 6], 3, 5),
    "nobody is there": (1, [4, 5, 6], 0, None),
    "too few were served": (1, [4, 5], 1, None),
}


@pytest.mark.parametrize(("position", "handled", "slots", "minutes"), ROWS.values(), ids=ROWS)
def test_a_wait_is_estimated(position: int, handled: list[int], slots: int, minutes: int | None) -> None:
    expected = None if minutes is None else minutes * MINUTE
    assert estimate_wait(position, [each * MINUTE for each in handled], slots) == expected


def closed(group: str, agent: str, *, assigned_at: int | None) -> Session:
    return Session(
        ref=SessionRef("V", Channel.APP, 1, "s"),
        state=SessionState.CLOSED,
        started_at=0,
        last_seq=9,
        agent=agent,
        skill_group=group,
        assigned_at=assigned_at,
        closed_at=10,
    )


@pytest.mark.parametrize(("line", "expected"), [(group_line("G"), [7]), (agent_line("a"), [7, 4])])
def test_only_what_the_lines_agents_served_counts(line: Line, expected: list[int]) -> None:
    served = [closed("G", "a", assigned_at=3), closed("H", "a", assigned_at=6), closed("G", "b", assigned_at=None)]
    assert handle_times_ms(served, line) == expected
