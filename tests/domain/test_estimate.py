"""How long who waits will wait, and where nothing can be said."""

import pytest

from kefu.domain.channel import Channel
from kefu.domain.estimate import handle_times_ms, pace_ms
from kefu.domain.instants import MINUTE
from kefu.domain.line import Line, agent_line, group_line
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef

ROWS: dict[str, tuple[list[int], int, int | None]] = {
    "one agent": ([4, 5, 6], 1, 5),
    "five slots": ([4, 5, 6], 5, 1),
    "nobody is there": ([4, 5, 6], 0, None),
    "too few were served": ([4, 5], 1, None),
}


@pytest.mark.parametrize(("handled", "slots", "minutes"), ROWS.values(), ids=ROWS)
def test_how_fast_a_line_moves_is_estimated(handled: list[int], slots: int, minutes: int | None) -> None:
    expected = None if minutes is None else minutes * MINUTE
    assert pace_ms([each * MINUTE for each in handled], slots) == expected


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
