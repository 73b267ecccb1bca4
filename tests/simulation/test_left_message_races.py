"""Every history of a left message that two sweeps bring in at once, and of one beside what its visitor does."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import close_session
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.left_messages import MessageToLeave, bring_in, leave_message
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.sweep import sweep
from kefu.desk.tenant_settings import update_settings
from kefu.domain.agent import AgentStatus
from kefu.domain.channel import Channel
from kefu.domain.log import EventKind
from kefu.domain.session_ref import SessionRef
from kefu.domain.working_hours import WorkingHours
from kefu.records import sessions
from kefu.records.left_messages import LeftMessage
from kefu.store.memory import MemoryStore
from kefu.testing.clocks import NEW_YEAR_2026
from kefu.testing.interleaving import Interleaver, Turn, TurnClock, TurnStore, by_dice, by_priority, every_history
from kefu.testing.laws import check_laws
from kefu.testing.turn_loop import TurnLoop
from kefu.testing.watched_store import WatchedStore
from left_behind import left_by

TENANT = "1"
CALL = Call(by=Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm"))
CLOSED = WorkingHours(zone="Etc/UTC", special=(("2001-01-01", ((0, 60),)),))
HISTORIES_MAX = 60_000
DICE = 200

Request = Callable[[Desk, LeftMessage, SessionRef], Coroutine[Any, Any, object]]


def brings_in(desk: Desk, left: LeftMessage, _declined: SessionRef) -> Coroutine[Any, Any, object]:
    return bring_in(desk, TENANT, left)


def sweeps(desk: Desk, _left: LeftMessage, _declined: SessionRef) -> Coroutine[Any, Any, object]:
    return sweep(desk, TENANT)


def writes(desk: Desk, _left: LeftMessage, _declined: SessionRef) -> Coroutine[Any, Any, object]:
    return ingest_message(desk, CALL, IncomingMessage(visitor="V", text="good morning"))


def closes_the_desk(desk: Desk, _left: LeftMessage, _declined: SessionRef) -> Coroutine[Any, Any, object]:
    return update_settings(desk, CALL, lambda known: replace(known, working_hours=CLOSED))


async def ends(desk: Desk, _left: LeftMessage, declined: SessionRef) -> None:
    loaded = await sessions.newest(desk.store, TENANT, "V", declined.channel)
    assert loaded is not None
    if loaded.value.session.is_open:
        await close_session(desk, CALL, loaded.value.session.ref)


PAIRS: dict[str, tuple[Request, Request]] = {
    "two sweeps": (brings_in, brings_in),
    "a sweep and a new message": (brings_in, writes),
    "a sweep and the end of the session": (brings_in, ends),
    "a sweep and the closing of the desk": (brings_in, closes_the_desk),
}


async def play(requests: Mapping[str, Request], choose: Callable[[Sequence[Turn]], int], *, is_free: bool) -> None:
    """The message comes into one session, once, and into none while the desk is closed."""
    turns = Interleaver(choose, whole_fan_outs=True)
    clock = TurnClock(turns, NEW_YEAR_2026)
    watched = WatchedStore(MemoryStore(clock.now), TENANT, request=turns.request, now=clock.now)
    desk = Desk(store=TurnStore(watched, turns), clock=clock, random=Random(1))
    await save_agent(desk, CALL, AgentChange(user_name="a", max_sessions=1))
    if is_free:
        await set_agent_status(desk, CALL, "a", AgentStatus.ONLINE)
    await update_settings(desk, CALL, lambda known: replace(known, working_hours=CLOSED))
    declined = (await ingest_message(desk, CALL, IncomingMessage(visitor="V", text="hello"))).session
    left = await leave_message(desk, CALL, MessageToLeave(visitor="V", channel=Channel.APP, text="call me"))
    await update_settings(desk, CALL, lambda known: replace(known, working_hours=None))
    clock.advance(60_000)
    results = await turns.run({name: request(desk, left, declined) for name, request in requests.items()})
    assert not [each for each in results.values() if isinstance(each, BaseException)]
    found = await _sessions_with(desk, left)
    [kept] = await left_by(desk.store, TENANT, "V", 10)
    assert found == ([kept.session] if kept.session else [])
    assert len(found) == 1 or closes_the_desk in requests.values()
    newest = await sessions.newest(desk.store, TENANT, "V", Channel.APP)
    assert newest is not None
    assert newest.value.session.ref.ordinal <= (3 if ends in requests.values() else 2)
    assert watched.live.logs[declined.id][-1].kind is EventKind.SESSION_END
    await check_laws(desk.store, TENANT, clock.now())


async def _sessions_with(desk: Desk, left: LeftMessage) -> list[SessionRef]:
    found = []
    for session in await sessions.of_visitor(desk.store, TENANT, "V", 10):
        entries, _ = await sessions.log_after(desk.store, TENANT, session.id, 0, 100)
        found += [session.ref for entry in entries if entry.message and entry.message.id == left.id]
    return found


@pytest.mark.parametrize("is_free", [True, False], ids=["an agent is free", "nobody is there"])
@pytest.mark.parametrize("pair", PAIRS)
async def test_a_left_message_comes_in_once_in_every_history(pair: str, is_free: bool) -> None:  # noqa: FBT001
    requests = dict(enumerate(PAIRS[pair]))

    async def once(choose: Callable[[Sequence[Turn]], int]) -> None:
        await play({str(number): each for number, each in requests.items()}, choose, is_free=is_free)

    played = await every_history(once, histories_max=HISTORIES_MAX)
    assert played > 1


@pytest.mark.parametrize("first", range(0, DICE, 50))
def test_two_sweeps_and_a_new_message_at_once_bring_it_in_once(first: int) -> None:
    requests: dict[str, Request] = {"sweep 1": sweeps, "sweep 2": sweeps, "message": writes}
    for seed in range(first, first + 50):
        random = Random(seed)
        choose = random.choice((by_dice, by_priority))(random)
        with asyncio.Runner(loop_factory=TurnLoop) as runner:
            runner.run(play(requests, choose, is_free=seed % 2 == 0))
