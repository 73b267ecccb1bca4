"""The examples of the routing design, row by row."""

import asyncio

import pytest
from shop import AWAY, BUSY, HIDDEN, OFFLINE, ONLINE, Shop

from kefu.domain.agent import AgentStatus
from kefu.domain.decision import DispatchReason
from kefu.domain.directory import Precedence
from kefu.domain.session import SessionState


@pytest.fixture
async def shop(g1_and_presales: Shop) -> Shop:
    return g1_and_presales


async def test_p1_a_bound_visitor_goes_to_his_agent(shop: Shop) -> None:
    await shop.bind("F", "V", "a")
    assert await shop.where(await shop.write("V", businessFlag="F")) == "with a"


async def test_p2_a_full_bound_agent_is_waited_for(shop: Shop) -> None:
    await shop.bind("F", "V", "a")
    first = await shop.write("W", agentUsername="a")
    second = await shop.write("V", businessFlag="F")
    assert await shop.where(second) == "waits for a"
    assert (await shop.agent_now("b")).active_sessions == 0
    closed = await shop.close(first)
    assert closed.assigned == (second,)
    assert await shop.where(second) == "with a"


@pytest.mark.parametrize("status", [BUSY, AWAY, HIDDEN])
async def test_p3_a_bound_agent_who_is_not_online_is_waited_for(shop: Shop, status: AgentStatus) -> None:
    await shop.bind("F", "V", "a")
    await shop.turn("a", status)
    ref = await shop.write("V", businessFlag="F")
    assert await shop.where(ref) == "waits for a"
    await shop.turn("a", ONLINE)
    assert await shop.where(ref) == "with a"


async def test_p4_an_offline_bound_agent_overflows_to_the_skill_group(shop: Shop) -> None:
    await shop.bind("F", "V", "a")
    await shop.turn("a", OFFLINE)
    ref = await shop.write("V", businessFlag="F", queueName="售前")
    assert await shop.where(ref) == "with d"
    assert DispatchReason.BOUND_AGENT_OFFLINE in await shop.reasons(ref)


async def test_p5_a_bound_agent_who_goes_offline_later_overflows_too(shop: Shop) -> None:
    await shop.bind("F", "V", "a")
    await shop.turn("a", BUSY)
    ref = await shop.write("V", businessFlag="F", queueName="售前")
    started_at = (await shop.session(ref)).started_at
    await shop.turn("a", OFFLINE)
    assert await shop.where(ref) == "with d"
    assert (await shop.session(ref)).started_at == started_at


async def test_p6_after_overflow_a_session_does_not_return(shop: Shop) -> None:
    await shop.bind("F", "V", "a")
    await shop.write("X", queueName="售前")
    await shop.turn("a", OFFLINE)
    ref = await shop.write("V", businessFlag="F", queueName="售前")
    await shop.turn("a", ONLINE)
    assert await shop.where(ref) == "queued in 售前"


@pytest.mark.parametrize("keys", [{}, {"businessFlag": "unbound"}])
async def test_p7_without_a_binding_the_ordinary_rules_apply(shop: Shop, keys: dict[str, object]) -> None:
    await shop.bind("F", "V", "a")
    assert await shop.where(await shop.write("V", **keys)) == "with c"


@pytest.mark.parametrize("key", [" businessFlag ", "\u00a0businessFlag", "\u3000businessFlag\u200b"])
async def test_p8_padding_around_a_key_does_not_count(shop: Shop, key: str) -> None:
    await shop.bind("F", "V", "a")
    assert await shop.where(await shop.write("V", **{key: "F"})) == "with a"


async def test_p9_another_visitors_flag_binds_nobody(shop: Shop) -> None:
    await shop.bind("F", "V", "a")
    assert await shop.where(await shop.write("W", businessFlag="F")) == "with c"


async def test_p10_routing_first_prefers_the_rule(shop: Shop) -> None:
    await shop.rule("R", "售前")
    await shop.bind("F", "V", "a")
    await shop.source(Precedence.ROUTING_FIRST, flag="F")
    assert await shop.where(await shop.write("V", businessFlag="F", routingRuleFlag="R")) == "with d"


async def test_p10_routing_first_without_an_explicit_group_binds(shop: Shop) -> None:
    await shop.bind("F", "V", "a")
    await shop.source(Precedence.ROUTING_FIRST, flag="F")
    assert await shop.where(await shop.write("V", businessFlag="F")) == "with a"


async def test_p11_binding_first_prefers_the_binding(shop: Shop) -> None:
    await shop.rule("R", "售前")
    await shop.bind("F", "V", "a")
    assert await shop.where(await shop.write("V", businessFlag="F", routingRuleFlag="R")) == "with a"


async def test_p12_the_rule_beats_the_queue_name(shop: Shop) -> None:
    await shop.rule("R", "售前")
    assert await shop.where(await shop.write("V", routingRuleFlag="R", queueName="G1")) == "with d"


async def test_p13_an_unmapped_flag_falls_through_to_the_queue_name(shop: Shop) -> None:
    ref = await shop.write("V", routingRuleFlag="R", queueName="售前")
    assert await shop.where(ref) == "with d"
    assert DispatchReason.UNMATCHED_RULE_FLAG in await shop.reasons(ref)


@pytest.mark.parametrize("name", ["售前 ", " 售前", "g1", "售 前"])
async def test_p14_a_queue_name_matches_exactly_or_not_at_all(shop: Shop, name: str) -> None:
    ref = await shop.write("V", queueName=name)
    assert await shop.where(ref) == "with c"
    assert DispatchReason.UNMATCHED_QUEUE_NAME in await shop.reasons(ref)


async def test_p15_the_designated_agent_beats_the_queue_name(shop: Shop) -> None:
    ref = await shop.write("V", agentUsername="B", queueName="售前")
    assert await shop.where(ref) == "with b"
    assert [each.agent for each in (await shop.decision(ref)).candidates] == ["b"]


async def test_p16_a_full_designated_agent_is_waited_for(shop: Shop) -> None:
    await shop.write("W", agentUsername="b")
    ref = await shop.write("V", agentUsername="b")
    assert await shop.where(ref) == "waits for b"
    assert (await shop.agent_now("a")).active_sessions == 0


async def test_p16_an_offline_designated_agent_is_waited_for_too(shop: Shop) -> None:
    await shop.turn("b", OFFLINE)
    ref = await shop.write("V", agentUsername="b", queueName="售前")
    assert await shop.where(ref) == "waits for b"
    await shop.turn("b", ONLINE)
    assert await shop.where(ref) == "with b"


async def test_p17_an_unknown_designated_agent_leaves_it_to_the_groups(shop: Shop) -> None:
    ref = await shop.write("V", agentUsername="nobody@x.com", queueName="售前")
    assert await shop.where(ref) == "with d"
    assert DispatchReason.DESIGNATED_AGENT_UNKNOWN in await shop.reasons(ref)


async def test_p18_no_keys_lead_to_agents_without_a_group(shop: Shop) -> None:
    assert await shop.where(await shop.write("V")) == "with c"


async def test_p19_vips_first_then_first_come(shop: Shop) -> None:
    first = await shop.write("busy", queueName="售前")
    s1 = await shop.write("s1", queueName="售前")
    s2 = await shop.write("s2", queueName="售前", tags=["vip1", "vip2"])
    s3 = await shop.write("s3", queueName="售前", tags="gold")
    served = []
    for _ in range(3):
        [first] = (await shop.close(first)).assigned
        served.append(first)
    assert served == [s2, s3, s1]


@pytest.mark.parametrize("tags", [[], [""], ["  "], None])
async def test_p20_empty_tags_are_no_vip(shop: Shop, tags: object) -> None:
    first = await shop.write("busy", queueName="售前")
    s1 = await shop.write("s1", queueName="售前")
    await shop.ingest("s2", ext={"weichat": {"queueName": "售前", "visitor": {"tags": tags}}})
    assert (await shop.close(first)).assigned == (s1,)


async def test_p21_later_messages_never_re_route(shop: Shop) -> None:
    first = await shop.write("V")
    second = await shop.write("V", queueName="售前", agentUsername="a")
    assert first == second
    assert await shop.where(second) == "with c"


async def test_p22_fifty_at_once_at_one_agent_of_five(shop: Shop) -> None:
    await shop.group("busy")
    await shop.agent("e", "busy", max_sessions=5)
    refs = await asyncio.gather(*(shop.write(f"v{n:02d}", queueName="busy") for n in range(50)))
    states = [(await shop.session(ref)).state for ref in refs]
    assert states.count(SessionState.ACTIVE) == 5
    assert states.count(SessionState.WAITING) == 45
    assert len(set(refs)) == 50


async def test_p23_the_directed_session_goes_before_the_groups_older_one(shop: Shop) -> None:
    await shop.bind("F", "V", "a")
    busy = [await shop.write(f"busy{n}", queueName="G1") for n in range(2)]
    await shop.write("older", queueName="G1")
    directed = await shop.write("V", businessFlag="F")
    [of_a] = [ref for ref in busy if await shop.where(ref) == "with a"]
    assert (await shop.close(of_a)).assigned == (directed,)


async def test_p23_but_a_vip_in_the_group_goes_first(shop: Shop) -> None:
    await shop.bind("F", "V", "a")
    busy = [await shop.write(f"busy{n}", queueName="G1") for n in range(2)]
    await shop.write("V", businessFlag="F")
    vip = await shop.write("older", queueName="G1", tags=["vip"])
    [of_a] = [ref for ref in busy if await shop.where(ref) == "with a"]
    assert (await shop.close(of_a)).assigned == (vip,)
