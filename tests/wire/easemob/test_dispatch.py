"""Where a visitor's message leads to, bound and sent over the vendor's own doors; rows E10 to E20 and X4 to X8."""

import pytest
from shop import AWAY, BUSY, HIDDEN, OFFLINE, ONLINE

from kefu.domain.agent import AgentStatus
from kefu.domain.decision import DispatchReason
from kefu.domain.directory import Precedence
from wire.easemob.vendor import FVA, Vendor, text

NO_ONE_VALUE = [["F"], ["F", "G"], {"F": 1}, True, "", " \u3000"]


@pytest.fixture
async def bound(vendor: Vendor) -> Vendor:
    """V is bound to a under F."""
    await vendor.bind()
    return vendor


async def test_e10_the_flag_of_the_first_message_leads_to_the_bound_agent(bound: Vendor) -> None:
    assert await bound.where(text(businessFlag="F")) == "with a"


@pytest.mark.parametrize("keys", [{}, {"businessFlag": "G"}, {"businessFlag": "f"}])
async def test_e10_without_the_flag_or_its_binding_the_rules_apply(bound: Vendor, keys: dict[str, str]) -> None:
    assert await bound.where(text(**keys)) == "with c"


async def test_e10_another_visitors_binding_leads_nowhere(bound: Vendor) -> None:
    assert await bound.where(text(businessFlag="F"), "W") == "with c"


@pytest.mark.parametrize("key", [" businessFlag ", "businessFlag\u200b", "\u3000businessFlag"])
async def test_c02_the_flags_key_may_be_padded_as_the_example_is(bound: Vendor, key: str) -> None:
    assert await bound.where(text(**{key: "F"})) == "with a"


@pytest.mark.parametrize("value", NO_ONE_VALUE)
async def test_e11_a_flag_is_one_value(bound: Vendor, value: object) -> None:
    ref = await bound.write(text(businessFlag=value))
    assert await bound.shop.where(ref) == "with c"
    assert DispatchReason.INVALID_KEY in await bound.shop.reasons(ref)


async def test_e12_a_bound_agent_with_room_gets_the_session_without_a_queue(bound: Vendor) -> None:
    await bound.told()
    await bound.write(text(businessFlag="F"))
    names = [each["ext"]["weichat"]["event"]["eventName"] for each in await bound.told()]
    assert names == ["ServiceSessionCreatedEvent", "ServiceSessionOpenedEvent"]


@pytest.mark.parametrize("status", [BUSY, AWAY, HIDDEN])
async def test_e13_a_bound_agent_who_is_away_is_waited_for_until_he_is_back(bound: Vendor, status: AgentStatus) -> None:
    await bound.shop.turn("a", status)
    ref = await bound.write(text(businessFlag="F"))
    assert await bound.shop.where(ref) == "waits for a"
    await bound.shop.turn("a", ONLINE)
    assert await bound.shop.where(ref) == "with a"


async def test_e13_a_bound_agent_who_is_full_is_waited_for_until_he_has_room(bound: Vendor) -> None:
    first = await bound.write(text(agentUsername="a"), "W")
    ref = await bound.write(text(businessFlag="F"))
    assert await bound.shop.where(ref) == "waits for a"
    await bound.shop.close(first)
    assert await bound.shop.where(ref) == "with a"


async def test_e14_a_bound_agent_who_is_offline_overflows_to_the_sessions_group(bound: Vendor) -> None:
    await bound.shop.turn("a", OFFLINE)
    assert await bound.where(text(businessFlag="F", queueName="售前")) == "with d"


async def test_e14_so_he_does_when_he_leaves_while_he_is_waited_for(bound: Vendor) -> None:
    await bound.shop.turn("a", BUSY)
    ref = await bound.write(text(businessFlag="F", queueName="售前"))
    await bound.shop.turn("a", OFFLINE)
    assert await bound.shop.where(ref) == "with d"


@pytest.mark.parametrize(
    ("precedence", "place"), [(Precedence.BINDING_FIRST, "with a"), (Precedence.ROUTING_FIRST, "with d")]
)
async def test_e15_each_business_source_says_what_goes_first(bound: Vendor, precedence: Precedence, place: str) -> None:
    await bound.shop.source(precedence, flag="F")
    assert await bound.where(text(businessFlag="F", queueName="售前")) == place


async def test_e15_two_sources_of_one_visitor_may_differ(bound: Vendor) -> None:
    await bound.bind(FVA | {"businessFlag": "G", "visitUserName": "W"})
    await bound.shop.source(Precedence.ROUTING_FIRST, flag="G")
    assert await bound.where(text(businessFlag="G", queueName="售前"), "W") == "with d"
    assert await bound.where(text(businessFlag="F", queueName="售前"), "V") == "with a"


async def test_e16_a_mapped_flag_leads_to_its_group(vendor: Vendor) -> None:
    await vendor.shop.rule("R", "售前")
    assert await vendor.where(text(routingRuleFlag="R")) == "with d"


async def test_e16_an_unmapped_flag_leaves_it_to_the_rules(vendor: Vendor) -> None:
    ref = await vendor.write(text(routingRuleFlag="R"))
    assert await vendor.shop.where(ref) == "with c"
    assert DispatchReason.UNMATCHED_RULE_FLAG in await vendor.shop.reasons(ref)


async def test_e16_the_map_is_edited_without_a_change_of_the_client(vendor: Vendor) -> None:
    message = text(routingRuleFlag="R")
    await vendor.shop.rule("R", "售前")
    assert await vendor.where(message, "V") == "with d"
    await vendor.shop.rule("R", "G1")
    assert await vendor.where(message, "W") in {"with a", "with b"}


@pytest.mark.parametrize("value", NO_ONE_VALUE)
async def test_e17_a_routing_flag_is_one_value(vendor: Vendor, value: object) -> None:
    await vendor.shop.rule("F", "售前")
    assert await vendor.where(text(routingRuleFlag=value)) == "with c"


async def test_e18_a_designated_agent_goes_before_binding_and_group(bound: Vendor) -> None:
    await bound.shop.rule("R", "售前")
    keys = {"businessFlag": "F", "routingRuleFlag": "R", "queueName": "售前", "agentUsername": "b"}
    assert await bound.where(text(**keys)) == "with b"


async def test_e18_the_mapped_flag_goes_before_the_groups_name(vendor: Vendor) -> None:
    await vendor.shop.rule("R", "售前")
    assert await vendor.where(text(routingRuleFlag="R", queueName="G1")) == "with d"


async def test_e20_without_the_entitlement_bindings_are_not_looked_at(bound: Vendor) -> None:
    await bound.shop.settings(bindings_entitled=False)
    ref = await bound.write(text(businessFlag="F"))
    assert await bound.shop.where(ref) == "with c"
    assert DispatchReason.NOT_ENTITLED in await bound.shop.reasons(ref)


async def test_x04_a_designated_agent_is_the_only_one_ever(vendor: Vendor) -> None:
    first = await vendor.write(text(agentUsername="b"), "W")
    ref = await vendor.write(text(agentUsername="b"))
    assert await vendor.shop.where(ref) == "waits for b"
    await vendor.shop.turn("b", OFFLINE)
    assert await vendor.shop.where(ref) == "waits for b"
    await vendor.shop.turn("b", ONLINE)
    await vendor.shop.close(first)
    assert await vendor.shop.where(ref) == "with b"


async def test_x05_a_group_is_named_byte_for_byte(vendor: Vendor) -> None:
    assert await vendor.where(text(queueName="售前")) == "with d"


@pytest.mark.parametrize("name", ["售前 ", " 售前", "g1", "售\u200b前", "售前\u3000"])
async def test_x05_c24_what_is_not_quite_its_name_is_recorded_and_passed_over(vendor: Vendor, name: str) -> None:
    ref = await vendor.write(text(queueName=name))
    assert await vendor.shop.where(ref) == "with c"
    assert DispatchReason.UNMATCHED_QUEUE_NAME in await vendor.shop.reasons(ref)


async def test_x06_the_agent_beats_the_group(vendor: Vendor) -> None:
    assert await vendor.where(text(agentUsername="b", queueName="售前")) == "with b"


async def test_x07_c23_without_a_group_agents_in_no_group_serve(vendor: Vendor) -> None:
    await vendor.where(text(), "W")
    assert await vendor.where(text()) == "queued in default"


async def test_x08_vips_go_first_and_among_them_who_came_first(vendor: Vendor) -> None:
    last = await vendor.write(text(queueName="售前"), "busy")
    plain = await vendor.write(text(queueName="售前"), "plain")
    vips = [
        await vendor.write(text(queueName="售前", visitor={"tags": tags}), f"vip{place}")
        for place, tags in enumerate((["vip1", "vip2"], ["gold"]))
    ]
    served = []
    for _ in range(3):
        [last] = (await vendor.shop.close(last)).assigned
        served.append(last)
    assert served == [*vips, plain]


@pytest.mark.parametrize("tags", ["gold", ["", "gold"], [None, 5, "gold"]])
async def test_c22_one_tag_that_is_not_blank_makes_a_vip(vendor: Vendor, tags: object) -> None:
    await vendor.write(text(visitor={"tags": tags}))
    assert (await vendor.newest()).is_vip


@pytest.mark.parametrize("tags", [[], None, [""], ["  "], "", 5, {}])
async def test_c22_no_tag_makes_none(vendor: Vendor, tags: object) -> None:
    await vendor.write(text(visitor={"tags": tags}))
    assert not (await vendor.newest()).is_vip


async def test_vector_x15_a_later_message_does_not_move_an_open_session(vendor: Vendor) -> None:
    first = await vendor.write(text(queueName="G1"))
    place = await vendor.shop.where(first)
    assert await vendor.write(text(queueName="售前", agentUsername="c")) == first
    assert await vendor.shop.where(first) == place
