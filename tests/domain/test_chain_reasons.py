"""Why a session goes on down a chain, from the facts of one moment."""

import pytest

from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.chains import reason_to_go_on
from kefu.domain.channel import Channel
from kefu.domain.decision import DispatchReason
from kefu.domain.directory import Directory
from kefu.domain.dispatch import DispatchFacts, GroupFacts
from kefu.domain.instants import MINUTE
from kefu.domain.line import group_line
from kefu.domain.routing_keys import NO_KEYS
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.skill_group import SkillGroup

GROUPS = {
    "G": SkillGroup(id="G", name="G", overflow_groups=("H",), overflow_after_ms=MINUTE),
    "H": SkillGroup(id="H", name="H"),
}
SESSION = Session(
    ref=SessionRef("V", Channel.APP, 1, "s"),
    state=SessionState.WAITING,
    started_at=0,
    last_seq=4,
    line=group_line("G"),
    waiting_since=0,
)
FULL, FREE, BUSY = (
    Agent(user_name="a", status=status, status_changed_at=0, idle_since=0, max_sessions=room)
    for status, room in ((AgentStatus.ONLINE, 0), (AgentStatus.ONLINE, 1), (AgentStatus.BUSY, 1))
)
ROWS: dict[str, tuple[tuple[Agent, ...], str, int, DispatchReason | None]] = {
    "nobody is there": ((), "s", 0, DispatchReason.NOBODY_ONLINE),
    "nobody is online": ((BUSY,), "s", 0, DispatchReason.NOBODY_ONLINE),
    "somebody is, and is full": ((FULL, BUSY), "s", MINUTE - 1, None),
    "the head waited long enough": ((FULL,), "s", MINUTE, DispatchReason.WAITED_TOO_LONG),
    "somebody stands before it": ((FULL,), "other", MINUTE, None),
    "somebody is free for it": ((FREE,), "s", MINUTE, None),
}


@pytest.mark.parametrize(("agents", "head", "now", "reason"), ROWS.values(), ids=ROWS)
def test_a_reason_to_go_on(agents: tuple[Agent, ...], head: str, now: int, reason: DispatchReason | None) -> None:
    facts = DispatchFacts(
        directory=Directory(groups=GROUPS),
        channel=Channel.APP,
        keys=NO_KEYS,
        group=GroupFacts(someone_waits=True, head=head, agents=agents),
    )
    assert reason_to_go_on(SESSION, facts, now) is reason
