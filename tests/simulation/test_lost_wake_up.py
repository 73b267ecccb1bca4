"""Every history of two requests at the place where desks lose sessions: one waits, the other makes room.

Whatever the order of their reads and commits, at rest nobody waits for an agent who is free.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from random import Random
from typing import Any

import pytest

from kefu.desk.bindings import BindingName, create_binding, delete_binding
from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import close_session
from kefu.desk.desk import Desk
from kefu.desk.directory import GroupChange, save_group
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.agent import AgentStatus
from kefu.domain.session_ref import SessionRef
from kefu.store.memory import MemoryStore
from kefu.testing.clocks import NEW_YEAR_2026
from kefu.testing.interleaving import Interleaver, Turn, TurnClock, TurnStore, every_history
from kefu.testing.laws import check_laws
from kefu.testing.watched_store import WatchedStore

TENANT = "1"
CALL = Call(by=Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm"))
HISTORIES_MAX = 60_000

Request = Callable[[Desk, SessionRef], Coroutine[Any, Any, object]]


def arrives(*, business_flag: str | None = None, visitor: str = "V") -> Request:
    keys = {"queueName": "G"} | ({"businessFlag": business_flag} if business_flag else {})
    message = IncomingMessage(visitor=visitor, ext={"weichat": keys})
    return lambda desk, _: ingest_message(desk, CALL, message)


def turns(status: AgentStatus) -> Request:
    return lambda desk, _: set_agent_status(desk, CALL, "a", status)


def closes(desk: Desk, busy: SessionRef) -> Coroutine[Any, Any, object]:
    return close_session(desk, CALL, busy)


def unbinds(desk: Desk, _: SessionRef) -> Coroutine[Any, Any, object]:
    return delete_binding(desk, CALL, BindingName(business_flag="F", visitor="V"))


def gets_room(desk: Desk, _: SessionRef) -> Coroutine[Any, Any, object]:
    return save_agent(desk, CALL, AgentChange(user_name="a", max_sessions=2))


def is_transferred(desk: Desk, busy: SessionRef) -> Coroutine[Any, Any, object]:
    return transfer_session(desk, CALL, busy, TransferTarget(agent="b"))


RACES: dict[str, tuple[AgentStatus, Request, Request]] = {
    "an arrival and an agent who comes online": (AgentStatus.BUSY, arrives(), turns(AgentStatus.ONLINE)),
    "an arrival and a close": (AgentStatus.ONLINE, arrives(), closes),
    "an arrival and a transfer away": (AgentStatus.ONLINE, arrives(), is_transferred),
    "an arrival and more room": (AgentStatus.ONLINE, arrives(), gets_room),
    "a bound arrival and a close": (AgentStatus.ONLINE, arrives(business_flag="F"), closes),
    "a bound arrival and its agent going offline": (
        AgentStatus.BUSY,
        arrives(business_flag="F"),
        turns(AgentStatus.OFFLINE),
    ),
    "a bound arrival and the end of its binding": (AgentStatus.BUSY, arrives(business_flag="F"), unbinds),
    "two arrivals of one new visitor": (AgentStatus.ONLINE, arrives(), arrives()),
    "two arrivals": (AgentStatus.ONLINE, arrives(), arrives(visitor="W")),
}


@pytest.mark.parametrize("race", RACES)
@pytest.mark.parametrize("process", ["warm", "cold"])
async def test_in_every_history_of_two_requests_nobody_waits_for_a_free_agent(race: str, process: str) -> None:
    """Warm, the requests run in a process that has seen the shop; cold, in one new process each."""
    status, *requests = RACES[race]

    async def play(choose: Callable[[Sequence[Turn]], int]) -> None:
        interleaver = Interleaver(choose, whole_fan_outs=True)
        clock = TurnClock(interleaver, NEW_YEAR_2026)
        watched = WatchedStore(MemoryStore(clock.now), TENANT, request=interleaver.request, now=clock.now)
        desk = Desk(store=TurnStore(watched, interleaver), clock=clock, random=Random(1))
        busy = await _one_busy_agent(desk, status)
        desks = [
            desk if process == "warm" else Desk(store=desk.store, clock=clock, random=desk.random) for _ in requests
        ]
        results = await interleaver.run(
            {name: request(each, busy) for name, request, each in zip("AB", requests, desks, strict=True)}
        )
        assert not [each for each in results.values() if isinstance(each, BaseException)]
        await check_laws(watched, TENANT, clock.now(), off=["L7 order"])

    played = await every_history(play, histories_max=HISTORIES_MAX)
    assert played >= 8


async def _one_busy_agent(desk: Desk, status: AgentStatus) -> SessionRef:
    """Agent a of group G is full, b of no group is free, V is bound to a under F."""
    group = (await save_group(desk, CALL, GroupChange(name="G"))).name
    await save_agent(desk, CALL, AgentChange(user_name="a", groups=(group,), max_sessions=1))
    await save_agent(desk, CALL, AgentChange(user_name="b", max_sessions=1))
    await set_agent_status(desk, CALL, "a", AgentStatus.ONLINE)
    await set_agent_status(desk, CALL, "b", AgentStatus.ONLINE)
    await create_binding(desk, CALL, BindingName(business_flag="F", visitor="V"), "a")
    busy: Awaitable[Any] = ingest_message(
        desk, CALL, IncomingMessage(visitor="busy", ext={"weichat": {"agentUsername": "a"}})
    )
    ref: SessionRef = (await busy).session
    if status is AgentStatus.BUSY:
        await close_session(desk, CALL, ref)
        await set_agent_status(desk, CALL, "a", AgentStatus.BUSY)
    return ref
