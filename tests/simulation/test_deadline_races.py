"""Every history of a deadline that is due, a message and a close: whatever their order, the session ends once."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import close_session
from kefu.desk.deadlines import look_at_deadline
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.tenant_settings import update_settings
from kefu.desk.web_clients import claim_poll
from kefu.domain.agent import AgentStatus
from kefu.domain.channel import Channel
from kefu.domain.instants import MINUTE
from kefu.domain.log import ENDS
from kefu.domain.log import EventKind as Kind
from kefu.domain.refusals import Declined, RefusalCode
from kefu.domain.session_ref import SessionRef
from kefu.domain.timeouts import Timeouts
from kefu.store.memory import MemoryStore
from kefu.testing.clocks import NEW_YEAR_2026
from kefu.testing.interleaving import Interleaver, Turn, TurnClock, TurnStore, by_dice, by_priority, every_history
from kefu.testing.laws import check_laws
from kefu.testing.watched_store import WatchedStore

TENANT = "1"
CALL = Call(by=Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm"))
VISITOR = Caller(tenant=TENANT, role=Role.VISITOR, user_name="V")
HISTORIES_MAX = 60_000
THREES = 40

Request = Callable[[Desk, SessionRef], Coroutine[Any, Any, object]]
Choose = Callable[[Sequence[Turn]], int]


def falls_due(desk: Desk, ref: SessionRef) -> Coroutine[Any, Any, object]:
    return look_at_deadline(desk, TENANT, ref)


def writes(desk: Desk, _: SessionRef) -> Coroutine[Any, Any, object]:
    return ingest_message(desk, CALL, IncomingMessage(visitor="V", text="still here"))


def answers(desk: Desk, ref: SessionRef) -> Coroutine[Any, Any, object]:
    return send_message(desk, CALL, OutgoingMessage(session=ref, text="您好"))


def closes(desk: Desk, ref: SessionRef) -> Coroutine[Any, Any, object]:
    return close_session(desk, CALL, ref)


def polls(desk: Desk, _: SessionRef) -> Coroutine[Any, Any, object]:
    return claim_poll(desk, VISITOR, Channel.APP)


def comes_online(desk: Desk, _: SessionRef) -> Coroutine[Any, Any, object]:
    return set_agent_status(desk, CALL, "a", AgentStatus.ONLINE)


def another_arrives(desk: Desk, _: SessionRef) -> Coroutine[Any, Any, object]:
    return ingest_message(desk, CALL, IncomingMessage(visitor="W", text="hi"))


SERVED: dict[str, tuple[Request, ...]] = {
    "a deadline and a message": (falls_due, writes),
    "a deadline and an answer": (falls_due, answers),
    "a deadline and a close": (falls_due, closes),
    "a deadline that two look at": (falls_due, falls_due),
    "a deadline and another visitor who arrives": (falls_due, another_arrives),
    "a deadline, a message and a close": (falls_due, writes, closes),
}
WAITING: dict[str, tuple[Request, ...]] = {
    "a deadline and a message": (falls_due, writes),
    "a deadline and a poll": (falls_due, polls),
    "a deadline and an agent who comes online": (falls_due, comes_online),
    "a deadline, a message and a close": (falls_due, writes, closes),
}


async def play(requests: Sequence[Request], choose: Choose, status: AgentStatus) -> list[list[Kind]]:
    """What the logs of V's sessions say in the end, the first one first."""
    interleaver = Interleaver(choose, whole_fan_outs=True)
    clock = TurnClock(interleaver, NEW_YEAR_2026)
    watched = WatchedStore(MemoryStore(clock.now), TENANT, request=interleaver.request, now=clock.now)
    desk = Desk(store=TurnStore(watched, interleaver), clock=clock, random=Random(1))
    timeouts = Timeouts(visitor_ms=MINUTE, agent_ms=MINUTE, pending_ms=MINUTE)
    await update_settings(desk, CALL, lambda known: replace(known, timeouts=timeouts))
    await save_agent(desk, CALL, AgentChange(user_name="a", max_sessions=1))
    await set_agent_status(desk, CALL, "a", status)
    ref = (await ingest_message(desk, CALL, IncomingMessage(visitor="V", text="hi"))).session
    clock.advance(MINUTE)
    processes = [desk, *(Desk(store=desk.store, clock=clock, random=Random(n)) for n in range(len(requests) - 1))]
    results = await interleaver.run(
        {name: each(process, ref) for name, each, process in zip("ABC", requests, processes, strict=False)}
    )
    for result in results.values():
        if isinstance(result, BaseException):
            assert isinstance(result, Declined), repr(result)
            assert result.code is RefusalCode.SESSION_CLOSED
    await check_laws(watched, TENANT, clock.now(), off=["L7 order"])
    own = [each.value.session.ref for each in watched.live.sessions.values() if each.value.session.ref.visitor == "V"]
    return [[entry.kind for entry in watched.live.logs[each.id]] for each in sorted(own, key=lambda each: each.ordinal)]


def ends(log: list[Kind]) -> list[Kind]:
    return [kind for kind in log if kind in ENDS]


async def once(requests: Sequence[Request], choose: Choose, status: AgentStatus) -> tuple[object, ...]:
    """The ends of V's first session, how many messages it has, and how many sessions V has."""
    first, *later = await play(requests, choose, status)
    assert first.count(Kind.SESSION_END) == len(ends(first)) <= 1
    assert not [log for log in later if Kind.SESSION_END in log]
    messages = first.count(Kind.USER_MESSAGE) + first.count(Kind.AGENT_MESSAGE)
    return (*ends(first), messages, 1 + len(later))


async def in_every_history(requests: Sequence[Request], status: AgentStatus) -> set[tuple[object, ...]]:
    """Of three there are too many: of those a few hundred by dice."""
    found: set[tuple[object, ...]] = set()

    async def note(choose: Choose) -> None:
        found.add(await once(requests, choose, status))

    if len(requests) == 2:
        assert await every_history(note, histories_max=HISTORIES_MAX) >= 2
    else:
        for seed in range(THREES):
            await note((by_dice, by_priority)[seed % 2](Random(seed)))
    return found


OUTCOMES_SERVED: dict[str, set[tuple[object, ...]]] = {
    "a deadline and a message": {(2, 1), (Kind.AGENT_TIMEOUT_END, 1, 2)},
    "a deadline and an answer": {(2, 1), (Kind.AGENT_TIMEOUT_END, 1, 1)},
    "a deadline and a close": {(Kind.AGENT_END, 1, 1), (Kind.AGENT_TIMEOUT_END, 1, 1)},
    "a deadline that two look at": {(Kind.AGENT_TIMEOUT_END, 1, 1)},
    "a deadline and another visitor who arrives": {(Kind.AGENT_TIMEOUT_END, 1, 1)},
    "a deadline, a message and a close": {
        (Kind.AGENT_END, 1, 2),
        (Kind.AGENT_END, 2, 1),
        (Kind.AGENT_TIMEOUT_END, 1, 2),
    },
}
OUTCOMES_WAITING: dict[str, set[tuple[object, ...]]] = {
    "a deadline and a message": {(2, 1), (Kind.PENDING_AUTO_END, 1, 2)},
    "a deadline and a poll": {(1, 1), (Kind.PENDING_AUTO_END, 1, 1)},
    "a deadline and an agent who comes online": {(1, 1), (Kind.PENDING_AUTO_END, 1, 1)},
    "a deadline, a message and a close": {
        (Kind.AGENT_END, 1, 2),
        (Kind.AGENT_END, 2, 1),
        (Kind.PENDING_AUTO_END, 1, 2),
    },
}


@pytest.mark.parametrize("race", SERVED)
async def test_in_every_history_a_served_session_ends_once_and_never_past_a_newer_message(race: str) -> None:
    found = await in_every_history(SERVED[race], AgentStatus.ONLINE)
    assert len(found) > 1 or OUTCOMES_SERVED[race] == found
    assert found <= OUTCOMES_SERVED[race]


@pytest.mark.parametrize("race", WAITING)
async def test_in_every_history_a_waiting_session_ends_once_and_never_past_a_newer_sign(race: str) -> None:
    found = await in_every_history(WAITING[race], AgentStatus.BUSY)
    assert len(found) > 1
    assert found <= OUTCOMES_WAITING[race]
