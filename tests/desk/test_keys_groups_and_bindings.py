"""The sentences of the routing design about keys, resolve_group, and steps 2 to 5, that no example speaks of."""

from dataclasses import replace

import pytest
from shop import AWAY, BUSY, OFFLINE, ONLINE, Shop, weichat

from kefu.desk.delete_agent import delete_agent
from kefu.desk.directory import delete_group, save_rule
from kefu.desk.request_human import request_human
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.domain.agent import Agent
from kefu.domain.binding import Binding
from kefu.domain.channel import Channel
from kefu.domain.decision import DispatchOutcome, DispatchReason, DispatchRule
from kefu.domain.directory import ChannelSettings, Directory, Precedence, RoutingRule
from kefu.domain.dispatch import AgentFacts, DispatchFacts, GroupFacts, decide
from kefu.domain.instants import MINUTE
from kefu.domain.log import EventKind
from kefu.domain.refusals import Declined, NotFound, RefusalCode
from kefu.domain.routing_keys import NO_KEYS
from kefu.store.memory import MemoryStore
from kefu.store.port import Store
from kefu.testing.clocks import ManualClock

FREE = Agent(user_name="a", status=ONLINE, status_changed_at=0, idle_since=0, max_sessions=1)
BINDING = Binding(business_flag="F", visitor="V", agent="a")
AT_REST = DispatchFacts(directory=Directory(), channel=Channel.APP, keys=NO_KEYS)


@pytest.fixture
def store(clock: ManualClock) -> Store:
    """Memory alone: the same procedure runs on every store, as the examples do."""
    return MemoryStore(clock.now)


@pytest.fixture
async def shop(g1_and_presales: Shop) -> Shop:
    return g1_and_presales


async def moved(shop: Shop, name: str, *groups: str) -> None:
    ids = tuple(shop.groups[group] for group in groups)
    await shop.step(save_agent(shop.desk, shop.call(), AgentChange(user_name=name, groups=ids)))


async def test_a_login_is_compared_without_regard_to_case(shop: Shop) -> None:
    await shop.bind("F", "V", "A")
    assert await shop.where(await shop.write("V", businessFlag="F")) == "with a"
    assert await shop.where(await shop.write("W", agentUsername="B")) == "with b"


async def test_who_joins_a_group_is_in_the_default_group_no_more(shop: Shop) -> None:
    await moved(shop, "c", "G1")
    assert await shop.where(await shop.write("V")) == "queued in default"


async def test_who_leaves_his_last_group_is_in_the_default_group(shop: Shop) -> None:
    await shop.turn("c", OFFLINE)
    await moved(shop, "d")
    assert await shop.where(await shop.write("V")) == "with d"


async def test_an_agent_may_serve_several_groups(shop: Shop) -> None:
    await moved(shop, "a", "G1", "售前")
    await shop.turn("d", OFFLINE)
    assert await shop.where(await shop.write("V", queueName="售前")) == "with a"


@pytest.mark.parametrize("key", ["agentUsername", "businessFlag", "routingRuleFlag", "queueName"])
@pytest.mark.parametrize("value", [["售前"], {"is": "售前"}, True, " "], ids=["list", "object", "bool", "blank"])
async def test_a_key_that_is_not_one_text_is_absent_and_recorded(shop: Shop, key: str, value: object) -> None:
    ref = await shop.write("V", **{key: value})
    [invalid] = [step for step in (await shop.decision(ref)).steps if step.reason is DispatchReason.INVALID_KEY]
    assert (await shop.where(ref), invalid.rule, invalid.detail) == ("with c", DispatchRule.KEYS, key)


async def test_a_number_becomes_its_text(shop: Shop) -> None:
    await shop.rule("7", "售前")
    assert await shop.where(await shop.write("V", routingRuleFlag=7)) == "with d"


async def test_the_keys_of_the_first_message_count_if_the_one_that_asks_for_a_human_has_none(shop: Shop) -> None:
    await shop.settings(channels=(ChannelSettings(channel=Channel.APP, has_bot=True),))
    ref = await shop.write("V", queueName="售前")
    await shop.step(request_human(shop.desk, shop.call(), ref))
    assert await shop.where(ref) == "with d"


async def test_without_keys_the_entry_channels_group_serves(shop: Shop) -> None:
    await shop.settings(channels=(ChannelSettings(channel=Channel.WEB, skill_group=shop.groups["售前"]),))
    on_the_web = (await shop.ingest("V", channel=Channel.WEB)).session
    assert (await shop.where(on_the_web), await shop.where(await shop.write("V"))) == ("with d", "with c")


async def test_an_unmapped_flag_and_an_unknown_name_fall_through_to_the_channels_group(shop: Shop) -> None:
    await shop.settings(channels=(ChannelSettings(channel=Channel.APP, skill_group=shop.groups["售前"]),))
    ref = await shop.write("V", routingRuleFlag="R", queueName="none")
    assert await shop.where(ref) == "with d"
    missed = {DispatchReason.UNMATCHED_RULE_FLAG, DispatchReason.UNMATCHED_QUEUE_NAME}
    assert missed < set(await shop.reasons(ref))


async def test_a_flag_is_mapped_to_an_existing_group_only(shop: Shop) -> None:
    with pytest.raises(NotFound):
        await save_rule(shop.desk, shop.call(), RoutingRule(routing_rule_flag="R", skill_group="none"))
    await shop.rule("R", "售前")
    await moved(shop, "d")
    with pytest.raises(Declined) as declined:
        await delete_group(shop.desk, shop.call(), shop.groups["售前"])
    assert declined.value.code is RefusalCode.SKILL_GROUP_IN_USE


async def test_for_a_designated_agent_queue_name_rule_and_business_flag_are_ignored(shop: Shop) -> None:
    await shop.rule("R", "售前")
    await shop.bind("F", "V", "a")
    await shop.turn("b", AWAY)
    ref = await shop.write("V", agentUsername="b", queueName="G1", routingRuleFlag="R", businessFlag="F")
    assert await shop.where(ref) == "waits for b"
    ignored = {DispatchRule.ROUTING_RULE, DispatchRule.QUEUE_NAME, DispatchRule.BINDING}
    assert ignored.isdisjoint(step.rule for step in (await shop.decision(ref)).steps)


async def test_the_setting_sends_who_designates_an_offline_agent_to_the_groups(shop: Shop) -> None:
    await shop.settings(designated_offline_overflow=True)
    await shop.turn("b", OFFLINE)
    ref = await shop.write("V", agentUsername="b", queueName="售前")
    assert await shop.where(ref) == "with d"
    assert DispatchReason.DESIGNATED_AGENT_OFFLINE in await shop.reasons(ref)
    assert EventKind.OVERFLOWED not in await shop.kinds(ref)


async def test_the_setting_is_of_offline_agents_alone(shop: Shop) -> None:
    await shop.settings(designated_offline_overflow=True)
    await shop.turn("b", AWAY)
    assert await shop.where(await shop.write("V", agentUsername="b", queueName="售前")) == "waits for b"


async def test_a_deleted_designated_agent_leaves_it_to_the_groups(shop: Shop) -> None:
    await shop.step(delete_agent(shop.desk, shop.call(), "b"))
    ref = await shop.write("V", agentUsername="b", queueName="售前")
    assert await shop.where(ref) == "with d"
    assert DispatchReason.DESIGNATED_AGENT_UNKNOWN in await shop.reasons(ref)


def test_a_disabled_designated_agent_leaves_it_to_the_groups() -> None:
    disabled = AgentFacts(agent=replace(FREE, is_disabled=True), someone_waits=False)
    decision = decide(replace(AT_REST, keys=replace(NO_KEYS, agent_username="a"), designated=disabled), now=1)
    assert (decision.outcome, decision.skill_group) == (DispatchOutcome.QUEUE, "default")
    assert DispatchReason.DESIGNATED_AGENT_UNKNOWN in [step.reason for step in decision.steps]


@pytest.mark.parametrize("someone_waits", [False, True])
def test_a_free_designated_agent_takes_it_if_nobody_is_ahead_in_his_line(someone_waits: bool) -> None:  # noqa: FBT001
    designated = AgentFacts(agent=FREE, someone_waits=someone_waits)
    decision = decide(replace(AT_REST, keys=replace(NO_KEYS, agent_username="a"), designated=designated), now=1)
    assert decision.outcome is (DispatchOutcome.WAIT_FOR_AGENT if someone_waits else DispatchOutcome.ASSIGN)


@pytest.mark.parametrize("someone_waits", [False, True])
def test_a_free_bound_agent_takes_it_if_nobody_is_ahead_in_his_line(someone_waits: bool) -> None:  # noqa: FBT001
    bound = AgentFacts(agent=FREE, someone_waits=someone_waits)
    keys = replace(NO_KEYS, business_flag="F")
    decision = decide(replace(AT_REST, keys=keys, binding=BINDING, bound=bound), now=1)
    assert decision.outcome is (DispatchOutcome.WAIT_FOR_AGENT if someone_waits else DispatchOutcome.ASSIGN)


@pytest.mark.parametrize("someone_waits", [False, True])
def test_a_free_agent_of_the_group_takes_it_if_nobody_waits_there(someone_waits: bool) -> None:  # noqa: FBT001
    group = GroupFacts(someone_waits=someone_waits, agents=(FREE,))
    decision = decide(replace(AT_REST, group=group), now=1)
    assert decision.outcome is (DispatchOutcome.QUEUE if someone_waits else DispatchOutcome.ASSIGN)


@pytest.mark.parametrize(
    ("of_flag", "of_channel", "of_tenant", "expected"),
    [
        (None, None, None, "with a"),
        (None, None, Precedence.ROUTING_FIRST, "with d"),
        (None, Precedence.BINDING_FIRST, Precedence.ROUTING_FIRST, "with a"),
        (None, Precedence.ROUTING_FIRST, None, "with d"),
        (Precedence.BINDING_FIRST, Precedence.ROUTING_FIRST, Precedence.ROUTING_FIRST, "with a"),
        (Precedence.ROUTING_FIRST, Precedence.BINDING_FIRST, None, "with d"),
    ],
    ids=["default", "tenant's", "channel's before it", "channel's", "flag's before both", "flag's"],
)
async def test_precedence_is_the_flags_else_the_channels_else_the_tenants(
    shop: Shop,
    of_flag: Precedence | None,
    of_channel: Precedence | None,
    of_tenant: Precedence | None,
    expected: str,
) -> None:
    await shop.bind("F", "V", "a")
    if of_tenant:
        await shop.settings(precedence=of_tenant)
    if of_channel:
        await shop.source(of_channel, channel=Channel.APP)
    if of_flag:
        await shop.source(of_flag, flag="F")
    assert await shop.where(await shop.write("V", businessFlag="F", queueName="售前")) == expected


async def test_routing_first_without_group_and_binding_queues_in_the_default_group(shop: Shop) -> None:
    await shop.settings(precedence=Precedence.ROUTING_FIRST)
    assert await shop.where(await shop.write("V", businessFlag="F")) == "with c"


async def test_a_channels_group_is_not_explicit_so_routing_first_still_binds(shop: Shop) -> None:
    await shop.settings(
        precedence=Precedence.ROUTING_FIRST,
        channels=(ChannelSettings(channel=Channel.APP, skill_group=shop.groups["售前"]),),
    )
    await shop.bind("F", "V", "a")
    assert await shop.where(await shop.write("V", businessFlag="F")) == "with a"


async def test_p29_without_the_entitlement_the_ordinary_rules_apply(shop: Shop) -> None:
    await shop.bind("F", "V", "a")
    await shop.settings(bindings_entitled=False)
    ref = await shop.write("V", businessFlag="F")
    assert await shop.where(ref) == "with c"
    assert DispatchReason.NOT_ENTITLED in await shop.reasons(ref)


async def test_an_expired_binding_binds_nobody(shop: Shop) -> None:
    await shop.bind("F", "V", "a", lasts=MINUTE)
    shop.clock.advance(MINUTE)
    ref = await shop.write("V", businessFlag="F")
    assert await shop.where(ref) == "with c"
    assert DispatchReason.BINDING_EXPIRED in await shop.reasons(ref)


async def test_a_binding_to_a_removed_agent_queues_in_the_group_and_is_recorded(shop: Shop) -> None:
    await shop.bind("F", "V", "a")
    await shop.step(delete_agent(shop.desk, shop.call(), "a"))
    ref = await shop.write("V", businessFlag="F", queueName="售前")
    assert await shop.where(ref) == "with d"
    assert DispatchReason.BOUND_AGENT_OFFLINE in await shop.reasons(ref)


def test_a_binding_to_a_disabled_agent_queues_in_the_group_and_is_recorded() -> None:
    bound = AgentFacts(agent=replace(FREE, is_disabled=True), someone_waits=False)
    keys = replace(NO_KEYS, business_flag="F")
    decision = decide(replace(AT_REST, keys=keys, binding=BINDING, bound=bound), now=1)
    assert decision.outcome is DispatchOutcome.QUEUE
    assert DispatchReason.BOUND_AGENT_OFFLINE in [step.reason for step in decision.steps]


async def test_one_visitor_is_bound_to_another_agent_under_another_flag(shop: Shop) -> None:
    await shop.bind("F", "V", "a")
    await shop.bind("G", "V", "b")
    first = await shop.write("V", businessFlag="F")
    assert await shop.where(first) == "with a"
    await shop.close(first)
    assert await shop.where(await shop.write("V", businessFlag="G")) == "with b"


async def test_when_an_agent_goes_offline_every_bound_session_overflows_and_designated_ones_stay(shop: Shop) -> None:
    await shop.turn("a", BUSY)
    for visitor in ("V", "W"):
        await shop.bind("F", visitor, "a")
    bound = [await shop.write(visitor, businessFlag="F", queueName="售前") for visitor in ("V", "W")]
    designated = await shop.write("X", agentUsername="a")
    started_at = [(await shop.session(ref)).started_at for ref in bound]
    await shop.turn("a", OFFLINE)
    assert [await shop.where(ref) for ref in bound] == ["with d", "queued in 售前"]
    assert [(await shop.session(ref)).started_at for ref in bound] == started_at
    assert await shop.where(designated) == "waits for a"


async def test_when_an_agent_goes_offline_designated_ones_overflow_where_the_setting_says_so(shop: Shop) -> None:
    await shop.settings(designated_offline_overflow=True)
    await shop.turn("a", BUSY)
    ref = await shop.write("V", agentUsername="a", queueName="售前")
    assert await shop.where(ref) == "waits for a"
    await shop.turn("a", OFFLINE)
    assert await shop.where(ref) == "with d"


async def test_a_bare_tag_is_a_list_of_one(shop: Shop) -> None:
    ref = (await shop.ingest("V", ext=weichat(tags="gold"))).session
    assert (await shop.session(ref)).is_vip
