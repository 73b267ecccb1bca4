"""Every history of who waits too long being handed on, while an agent comes free for him, or he goes.

Whatever the order, he ends in one place, served if anybody can serve him, and no law is broken.
"""

from collections.abc import Callable, Coroutine, Sequence
from random import Random
from typing import Any

import pytest

from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import close_session
from kefu.desk.desk import Desk
from kefu.desk.directory import GroupChange, save_group
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.looking import look
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.domain.agent import AgentStatus
from kefu.domain.decision import DispatchTrigger
from kefu.domain.instants import MINUTE
from kefu.domain.log import EventKind
from kefu.domain.refusals import Refusal
from kefu.domain.session_ref import SessionRef
from kefu.store.memory import MemoryStore
from kefu.testing.clocks import NEW_YEAR_2026
from kefu.testing.interleaving import Interleaver, Turn, TurnClock, TurnStore, by_dice, every_history
from kefu.testing.laws import check_laws
from kefu.testing.watched_store import WatchedStore

TENANT = "1"
CALL = Call(by=Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm"))
HISTORIES_MAX = 60_000
DICE = 60

Request = Callable[["Stage"], Coroutine[Any, Any, object]]


class Stage:
    """G overflows to H after a minute. Agent a of G holds `busy`, agent h of H holds `held`; `waits` is overdue in G."""

    busy: SessionRef
    held: SessionRef
    waits: SessionRef

    def __init__(self, choose: Callable[[Sequence[Turn]], int]) -> None:
        self.turns = Interleaver(choose, whole_fan_outs=True)
        self.clock = TurnClock(self.turns, NEW_YEAR_2026)
        self.watched = WatchedStore(MemoryStore(self.clock.now), TENANT, request=self.turns.request, now=self.clock.now)
        self.desk = Desk(store=TurnStore(self.watched, self.turns), clock=self.clock, random=Random(1))

    async def open(self) -> None:
        behind = (await save_group(self.desk, CALL, GroupChange(name="H"))).name
        change = GroupChange(name="G", overflow_groups=(behind,), overflow_after_ms=MINUTE)
        group = (await save_group(self.desk, CALL, change)).name
        for name, serves in (("a", group), ("h", behind)):
            await save_agent(self.desk, CALL, AgentChange(user_name=name, groups=(serves,), max_sessions=1))
            await set_agent_status(self.desk, CALL, name, AgentStatus.ONLINE)
        self.busy, self.held, self.waits = [await self.arrive(*who) for who in (("b", "G"), ("c", "H"), ("V", "G"))]
        self.clock.advance(MINUTE)

    async def arrive(self, visitor: str, group: str) -> SessionRef:
        message = IncomingMessage(visitor=visitor, ext={"weichat": {"queueName": group}})
        return (await ingest_message(self.desk, CALL, message)).session

    async def play(self, requests: Sequence[Request]) -> None:
        await self.open()
        results = await self.turns.run({str(number): each(self) for number, each in enumerate(requests)})
        assert not [each for each in results.values() if isinstance(each, BaseException)]
        await check_laws(self.watched, TENANT, self.clock.now(), off=["L7 order"])
        kinds = [entry.kind for entry in self.watched.live.logs[self.waits.id]]
        assert kinds.count(EventKind.OVERFLOWED) <= 1


async def is_overdue(stage: Stage) -> None:
    await look(stage.desk, TENANT, stage.waits, DispatchTrigger.SWEEP)


async def frees_his_agent(stage: Stage) -> None:
    await close_session(stage.desk, CALL, stage.busy)


async def frees_the_next_agent(stage: Stage) -> None:
    await close_session(stage.desk, CALL, stage.held)


async def goes(stage: Stage) -> None:
    try:
        await close_session(stage.desk, CALL, stage.waits)
    except Refusal as refusal:
        pytest.fail(f"he could not go: {refusal.message}")


async def writes(stage: Stage) -> None:
    await stage.arrive("V", "G")


async def turns_away(stage: Stage) -> None:
    await set_agent_status(stage.desk, CALL, "a", AgentStatus.BUSY)


PAIRS: dict[str, tuple[Request, Request]] = {
    "overflow by time and an agent of his group who comes free": (is_overdue, frees_his_agent),
    "overflow by time and an agent of the next group who comes free": (is_overdue, frees_the_next_agent),
    "overflow by time and a close": (is_overdue, goes),
    "overflow by time and a new message": (is_overdue, writes),
    "overflow by time and the last agent who turns away": (is_overdue, turns_away),
    "the last agent who turns away and an arrival": (turns_away, writes),
}


@pytest.mark.parametrize("race", PAIRS)
async def test_in_every_history_of_two_he_is_in_one_place_and_served_if_he_can_be(race: str) -> None:
    async def play(choose: Callable[[Sequence[Turn]], int]) -> None:
        await Stage(choose).play(PAIRS[race])

    assert await every_history(play, histories_max=HISTORIES_MAX) >= 8


async def test_overflow_by_time_an_agent_who_comes_free_and_a_close_break_no_law_in_any_order() -> None:
    for seed in range(DICE):
        await Stage(by_dice(Random(seed))).play((is_overdue, frees_his_agent, goes))
