"""Every history of two requests that write one record: polls of one client, bindings of one visitor.

What keeps them apart is the expectation of a commit alone, so each history that a store could see is played.
"""

from collections.abc import Awaitable, Callable, Sequence
from random import Random

from kefu.desk.bindings import BindingName, create_binding
from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.web_clients import NewerPoll, begin_telling, claim_poll, tell
from kefu.domain.agent import AgentStatus
from kefu.domain.channel import Channel
from kefu.domain.log import LogEntry
from kefu.domain.refusals import Declined, RefusalCode
from kefu.records import bindings
from kefu.store.memory import MemoryStore
from kefu.testing.clocks import NEW_YEAR_2026
from kefu.testing.interleaving import Interleaver, Turn, TurnClock, TurnStore, every_history

TENANT, VISITOR, FLAG = "1", "V", "F"
CALL = Call(by=Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm"))
PAGE = Caller(tenant=TENANT, role=Role.VISITOR, user_name=VISITOR)
HISTORIES_MAX = 20_000

Choose = Callable[[Sequence[Turn]], int]


def desks(choose: Choose) -> tuple[Interleaver, list[Desk]]:
    """Two processes over one store."""
    turns = Interleaver(choose, whole_fan_outs=True)
    clock = TurnClock(turns, NEW_YEAR_2026)
    store = TurnStore(MemoryStore(clock.now), turns)
    return turns, [Desk(store=store, clock=clock, random=Random(number)) for number in range(2)]


async def at_work(desk: Desk, *names: str) -> None:
    for name in names:
        await save_agent(desk, CALL, AgentChange(user_name=name))
        await set_agent_status(desk, CALL, name, AgentStatus.ONLINE)


def everything(entry: LogEntry, *, is_newest: bool) -> bool:
    return True


async def test_h04_in_every_history_of_two_polls_each_entry_is_told_once() -> None:
    async def polled(desk: Desk) -> list[int]:
        try:
            told = await tell(desk, PAGE, Channel.WEB, await claim_poll(desk, PAGE, Channel.WEB), everything)
        except NewerPoll:
            return []
        return [each.entry.seq for each in told]

    async def play(choose: Choose) -> None:
        turns, (first, second) = desks(choose)
        await at_work(first, "a")
        await begin_telling(first, PAGE, Channel.WEB)
        await ingest_message(first, CALL, IncomingMessage(visitor=VISITOR, channel=Channel.WEB, text="hi"))
        results = await turns.run({"A": polled(first), "B": polled(second)})
        told = [seq for each in (*results.values(), await polled(first)) for seq in _told(each)]
        assert sorted(told) == list(range(1, len(told) + 1))
        assert told

    assert await _played(play) >= 8


async def test_h04_in_every_history_the_older_poll_is_told_nothing() -> None:
    async def play(choose: Choose) -> None:
        turns, (first, second) = desks(choose)
        await at_work(first, "a")
        await begin_telling(first, PAGE, Channel.WEB)
        older = await claim_poll(first, PAGE, Channel.WEB)
        newer = await claim_poll(second, PAGE, Channel.WEB)
        await ingest_message(first, CALL, IncomingMessage(visitor=VISITOR, channel=Channel.WEB, text="hi"))
        results = await turns.run(
            {
                "older": tell(first, PAGE, Channel.WEB, older, everything),
                "newer": tell(second, PAGE, Channel.WEB, newer, everything),
            }
        )
        assert isinstance(results["older"], NewerPoll)
        assert isinstance(results["newer"], list)
        assert results["newer"]

    assert await _played(play) >= 2


async def test_e07_in_every_history_of_two_bindings_one_comes_through() -> None:
    name = BindingName(business_flag=FLAG, visitor=VISITOR)

    async def play(choose: Choose) -> None:
        turns, (first, second) = desks(choose)
        await at_work(first, "a", "b")
        results = await turns.run(
            {"a": create_binding(first, CALL, name, "a"), "b": create_binding(second, CALL, name, "b")}
        )
        [bound] = [agent for agent, result in results.items() if result == name]
        [refused] = [result for result in results.values() if isinstance(result, Declined)]
        assert refused.code is RefusalCode.BINDING_EXISTS
        loaded = await bindings.load(first.store, TENANT, FLAG, VISITOR)
        assert loaded
        assert loaded.value.agent == bound

    assert await _played(play) >= 2


def _told(result: object) -> list[int]:
    assert isinstance(result, list), result
    return result


async def _played(play: Callable[[Choose], Awaitable[None]]) -> int:
    return await every_history(play, histories_max=HISTORIES_MAX)
