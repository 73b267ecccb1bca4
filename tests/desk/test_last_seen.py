"""What a process saw last never misleads it for long: two processes on one store, and one of them knows too little."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random

import pytest
from interrupted import Interrupted
from shop import OFFLINE, PARTNER, TENANT, Shop

from kefu.desk.bindings import BindingName, create_binding, delete_binding
from kefu.desk.call import Call, Role
from kefu.desk.delete_agent import delete_agent
from kefu.desk.desk import Desk
from kefu.desk.explain import explain_route
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.loading_agents import load_agent, load_agents
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.domain.bounds import AGENT_KNOWN_FOR_MS
from kefu.domain.channel import Channel
from kefu.domain.decision import DispatchReason
from kefu.domain.instants import SECOND
from kefu.domain.refusals import Declined, NotFound
from kefu.records import bindings
from kefu.store.port import OutcomeUnknown

CALL = Call(by=PARTNER)
FV = BindingName(business_flag="F", visitor="V")


@dataclass(frozen=True, slots=True)
class Processes:
    """`here` is what is looked at; `there` is another process on the same store."""

    shop: Shop
    store: Interrupted
    there: Desk

    @property
    def here(self) -> Desk:
        return self.shop.desk

    async def bind(self, desk: Desk, agent: str, visitor: str = "V") -> None:
        await create_binding(desk, CALL, BindingName(business_flag="F", visitor=visitor), agent)

    async def unbind(self, desk: Desk) -> None:
        await delete_binding(desk, CALL, FV)

    async def bound(self) -> str:
        found = await bindings.load(self.store, TENANT, "F", "V")
        return found.value.agent if found else ""

    def lost_and(self, *happen: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        """The answer is lost, and before the caller asks again this happens there."""

        async def lose() -> None:
            for each in happen:
                self.shop.clock.advance(1)
                await each()
            raise OutcomeUnknown

        return lose


@pytest.fixture
async def both() -> Processes:
    store = Interrupted()
    shop = Shop(store=store)
    for name in "ab":
        await shop.agent(name, max_sessions=5)
    return Processes(shop, store, Desk(store=store, clock=shop.clock, random=Random(8)))


def is_binding(call: str) -> bool:
    return call == "commit BINDING#F"


async def test_a_binding_whose_answer_was_lost_does_not_come_back_after_it_was_deleted(both: Processes) -> None:
    await both.bind(both.here, "a", visitor="W")  # so that the agent is known here, and no token is needed
    both.store.behind(is_binding, both.lost_and(lambda: both.unbind(both.there)))
    await both.bind(both.here, "a")
    assert await both.bound() == ""


async def test_a_binding_whose_answer_was_lost_is_told_as_made_though_its_agent_left_since(both: Processes) -> None:
    await both.bind(both.here, "a", visitor="W")
    both.store.behind(is_binding, both.lost_and(lambda: delete_agent(both.there, CALL, "a")))
    await both.bind(both.here, "a")
    assert await both.bound() == "a"


async def test_of_two_processes_that_bind_the_same_in_a_millisecond_one_is_refused(both: Processes) -> None:
    await both.bind(both.there, "a")
    with pytest.raises(Declined, match="is bound to a"):
        await both.bind(both.here, "a")


async def test_of_two_processes_that_unbind_in_a_millisecond_one_finds_nothing(both: Processes) -> None:
    await both.bind(both.here, "a")
    await both.unbind(both.there)
    with pytest.raises(NotFound):
        await both.unbind(both.here)


async def test_a_deletion_whose_answer_was_lost_does_not_end_a_later_binding(both: Processes) -> None:
    await both.bind(both.here, "a")
    both.store.behind(is_binding, both.lost_and(lambda: both.bind(both.there, "b")))
    await both.unbind(both.here)
    assert await both.bound() == "b"


async def test_an_agent_is_not_refused_by_a_binding_that_was_replaced_elsewhere(both: Processes) -> None:
    await both.bind(both.here, "a")
    await both.unbind(both.there)
    await both.bind(both.there, "b")
    await both.shop.write("V", agentUsername="b")
    agent = replace(PARTNER, role=Role.AGENT, user_name="b")
    await delete_binding(both.here, Call(by=agent), FV)
    assert await both.bound() == ""


async def test_who_was_bound_to_on_trust_is_not_thereby_seen(both: Processes) -> None:
    await both.bind(both.here, "a", visitor="W")
    await delete_agent(both.there, CALL, "a")
    both.shop.clock.advance(AGENT_KNOWN_FOR_MS - SECOND)
    await both.bind(both.here, "a", visitor="X")
    both.shop.clock.advance(AGENT_KNOWN_FOR_MS - SECOND)
    with pytest.raises(NotFound):
        await both.bind(both.here, "a")


async def test_half_a_minute_after_he_was_seen_an_agent_is_looked_for(both: Processes) -> None:
    await both.bind(both.here, "a", visitor="W")
    await delete_agent(both.there, CALL, "a")
    both.shop.clock.advance(AGENT_KNOWN_FOR_MS)
    with pytest.raises(NotFound):
        await both.bind(both.here, "a")


async def test_an_older_read_does_not_bring_a_deleted_agent_back(both: Processes) -> None:
    both.store.behind(lambda call: call.startswith("get AGENT#a"), lambda: delete_agent(both.here, CALL, "a"))
    await load_agents(both.here, TENANT, ["a"])
    with pytest.raises(NotFound):
        await both.bind(both.here, "a")


async def test_an_agent_who_was_made_anew_can_be_bound_to_at_once(both: Processes) -> None:
    await delete_agent(both.here, CALL, "a")
    await save_agent(both.here, CALL, AgentChange(user_name="a"))
    await both.bind(both.here, "a")
    assert await both.bound() == "a"


async def a_crowd(shop: Shop) -> None:
    """Twelve who are equally good."""
    for name in "ab":
        await shop.turn(name, OFFLINE)
    for number in range(12):
        await shop.agent(f"c{number:02d}")


async def test_after_a_lost_claim_the_next_request_spreads_for_a_second(both: Processes) -> None:
    await a_crowd(both.shop)
    both.store.refuses = 1
    await both.shop.write("V")
    soon = [(await both.shop.reasons(await both.shop.write(f"W{number}")))[-1] for number in range(4)]
    both.shop.clock.advance(SECOND)
    later = [(await both.shop.reasons(await both.shop.write(f"X{number}")))[-1] for number in range(4)]
    assert DispatchReason.EQUAL_UNDER_CONTENTION in soon
    assert set(later) == {DispatchReason.BEST_FREE_AGENT}


async def test_a_dry_run_decides_as_if_no_claim_had_been_lost(both: Processes) -> None:
    await a_crowd(both.shop)
    both.store.refuses = 1
    await both.shop.write("V")
    decision = await explain_route(both.here, PARTNER, visitor="W", channel=Channel.APP, ext=None)
    assert decision.steps[-1].reason is DispatchReason.BEST_FREE_AGENT


async def test_a_conflict_over_a_visitors_own_records_is_no_lost_claim(both: Processes) -> None:
    await a_crowd(both.shop)
    message = IncomingMessage(visitor="V", ext=card("V at home", agentUsername="a"), channel=Channel.WECHAT)
    both.store.before(lambda call: "LOG#" in call, lambda: ingest_message(both.there, CALL, message))
    await both.shop.ingest("V", ext=card("V"))
    reasons = [(await both.shop.reasons(await both.shop.write(f"W{number}")))[-1] for number in range(6)]
    assert set(reasons) == {DispatchReason.BEST_FREE_AGENT}


def card(nickname: str, **keys: object) -> dict[str, object]:
    return {"weichat": {"visitor": {"userNickname": nickname}, **keys}}


async def test_an_agent_who_moves_while_a_query_reads_is_found(both: Processes) -> None:
    group = await both.shop.group("G1")
    change = AgentChange(user_name="a", groups=(group,))
    both.store.before(lambda call: call.startswith("get AGENT#a"), lambda: save_agent(both.here, CALL, change))
    found = await load_agent(both.there.for_one_query(), TENANT, "a")
    assert found is not None
    assert found.value.groups == (group,)


async def test_who_has_unbound_is_not_told_that_nothing_was_done(both: Processes) -> None:
    await both.bind(both.here, "a")
    both.store.throttles = lambda call: call.startswith("scan SESSION#")
    await both.unbind(both.here)
    assert await both.bound() == ""
