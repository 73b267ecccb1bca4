"""Every history of two requests around a rule of automatic binding: nothing is counted twice, lost, or written over."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from kefu.desk.binding_rules import save_binding_rule
from kefu.desk.bindings import BindingName, create_binding
from kefu.desk.business_events import IncomingEvent, record_business_event
from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import close_session
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.set_agent_status import set_agent_status
from kefu.domain.agent import AgentStatus
from kefu.domain.binding import Binding
from kefu.domain.binding_rules import BindingRule, BindingRuleAct
from kefu.domain.binding_rules import BindingRuleEvent as Event
from kefu.domain.channel import Channel
from kefu.domain.refusals import Declined, RefusalCode
from kefu.domain.session_ref import SessionRef
from kefu.store.memory import MemoryStore
from kefu.testing.clocks import NEW_YEAR_2026
from kefu.testing.interleaving import Interleaver, Turn, TurnClock, TurnStore, every_history
from kefu.testing.laws import check_laws
from kefu.testing.watched_store import WatchedStore

TENANT, VISITOR, CARE = "1", "V", "care"
CALL = Call(by=Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm"))
HISTORIES_MAX = 20_000
RULES = (
    BindingRule(name="first", event=Event.FIRST_RECEPTION, business_flag="first"),
    BindingRule(name="effective", event=Event.EFFECTIVE_RECEPTION, business_flag=CARE),
    BindingRule(name="regular", event=Event.REGULAR_CUSTOMER, business_flag="loyal", closed_sessions_min=2),
    BindingRule(name="gone", event=Event.BUSINESS_EVENT, event_name="gone", act=BindingRuleAct.UNBIND),
)

Choose = Callable[[Sequence[Turn]], int]


@dataclass(frozen=True)
class Scene:
    turns: Interleaver
    watched: WatchedStore
    desk: Desk

    async def run(self, **requests: Coroutine[Any, Any, object]) -> dict[str, object]:
        """Only what the race may refuse is refused, and every law holds afterwards."""
        results = await self.turns.run(requests)
        for result in results.values():
            if isinstance(result, BaseException):
                assert isinstance(result, Declined)
                assert result.code is RefusalCode.BINDING_EXISTS
        await check_laws(self.watched, TENANT, self.desk.clock.now(), off=["L7 order"])
        return results

    async def write(self, channel: Channel, agent: str) -> SessionRef:
        ext = {"weichat": {"agentUsername": agent, "businessFlag": CARE}}
        message = IncomingMessage(visitor=VISITOR, channel=channel, ext=ext)
        return (await ingest_message(self.desk, CALL, message)).session

    async def served(self, channel: Channel, agent: str) -> SessionRef:
        ref = await self.write(channel, agent)
        await send_message(self.desk, CALL, OutgoingMessage(session=ref, text="您好"))
        return ref

    def close(self, ref: SessionRef) -> Coroutine[Any, Any, object]:
        return close_session(self.desk, CALL, ref)

    def bind(self, agent: str) -> Coroutine[Any, Any, object]:
        return create_binding(self.desk, CALL, BindingName(business_flag=CARE, visitor=VISITOR), agent)

    def binding(self, flag: str) -> Binding:
        return self.watched.live.bindings[flag, VISITOR]


async def scene(choose: Choose) -> Scene:
    """Agents a and b with room for two each."""
    turns = Interleaver(choose, whole_fan_outs=True)
    clock = TurnClock(turns, NEW_YEAR_2026)
    watched = WatchedStore(MemoryStore(clock.now), TENANT, request=turns.request, now=clock.now)
    desk = Desk(store=TurnStore(watched, turns), clock=clock, random=Random(1))
    for name in ("a", "b"):
        await save_agent(desk, CALL, AgentChange(user_name=name, max_sessions=2))
        await set_agent_status(desk, CALL, name, AgentStatus.ONLINE)
    for rule in RULES:
        await save_binding_rule(desk, CALL, rule.name, lambda _, rule=rule: rule)  # type: ignore[misc]
    return Scene(turns, watched, desk)


async def played(once: Callable[[Choose], Coroutine[Any, Any, None]]) -> None:
    assert await every_history(once, histories_max=HISTORIES_MAX) >= 4


@pytest.mark.parametrize("agents", [("a", "a"), ("a", "b")], ids=["of one agent", "of two agents"])
async def test_in_every_history_two_sessions_of_a_visitor_that_close_at_once_are_both_counted(
    agents: tuple[str, str],
) -> None:
    async def once(choose: Choose) -> None:
        stage = await scene(choose)
        app, web = await stage.served(Channel.APP, agents[0]), await stage.served(Channel.WEB, agents[1])
        await stage.run(app=stage.close(app), web=stage.close(web))
        counted = {agent: len(tally.closed_at) for (_, agent), tally in stage.watched.live.tallies.items()}
        assert counted == {agent: agents.count(agent) for agent in agents}
        assert ("loyal", VISITOR) in stage.watched.live.bindings or agents[0] != agents[1]
        assert len(stage.binding(CARE).history) == 1

    await played(once)


async def test_in_every_history_of_two_receptions_at_once_one_is_the_first() -> None:
    async def once(choose: Choose) -> None:
        stage = await scene(choose)
        await stage.run(app=stage.write(Channel.APP, "a"), web=stage.write(Channel.WEB, "b"))
        assert len(stage.binding("first").history) == 1

    await played(once)


async def test_in_every_history_a_rule_and_a_partner_bind_once() -> None:
    async def once(choose: Choose) -> None:
        stage = await scene(choose)
        ref = await stage.served(Channel.APP, "a")
        results = await stage.run(rule=stage.close(ref), partner=stage.bind("b"))
        by_partner = not isinstance(results["partner"], Declined)
        [made] = stage.binding(CARE).history
        assert (made.agent, made.is_by_rule) == (("b", False) if by_partner else ("a", True))

    await played(once)


async def test_in_every_history_who_comes_while_a_rule_unbinds_does_not_wait_by_what_is_no_more() -> None:
    async def once(choose: Choose) -> None:
        stage = await scene(choose)
        await stage.bind("b")
        await set_agent_status(stage.desk, CALL, "b", AgentStatus.BUSY)
        message = IncomingMessage(visitor=VISITOR, ext={"weichat": {"businessFlag": CARE}})
        gone = IncomingEvent(name="gone", visitor=VISITOR, business_flag=CARE)
        await stage.run(
            arrives=ingest_message(stage.desk, CALL, message), gone=record_business_event(stage.desk, CALL, gone)
        )
        assert not stage.binding(CARE).agent

    await played(once)
