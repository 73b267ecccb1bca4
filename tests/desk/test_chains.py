"""The sentences of the routing design about group overflow."""

import pytest
from shop import AWAY, BUSY, HIDDEN, OFFLINE, ONLINE, PARTNER, TENANT, Shop

from kefu.desk.call import Caller, Role
from kefu.desk.delete_agent import delete_agent
from kefu.desk.directory import GroupChange, delete_group, save_group
from kefu.desk.presence import show_presence
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.sweep import sweep
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.agent import AgentStatus
from kefu.domain.bounds import OVERFLOW_HOPS_MAX
from kefu.domain.decision import DispatchReason, DispatchTrigger
from kefu.domain.instants import HOUR, MINUTE, SECOND
from kefu.domain.log import EventKind
from kefu.domain.refusals import Declined, Invalid, RefusalCode
from kefu.domain.session_ref import SessionRef
from kefu.domain.working_hours import WorkingHours
from kefu.records.agents import is_anyone_online

AFTER = 2 * MINUTE


@pytest.fixture
async def shop(g1_and_presales: Shop) -> Shop:
    """As in the examples, and G1's visitors overflow to 售前."""
    await chain(g1_and_presales, "G1", "售前")
    return g1_and_presales


async def chain(shop: Shop, name: str, *to: str, after: int | None = None, queue_length_max: int | None = None) -> None:
    change = GroupChange(
        id=shop.groups[name],
        name=name,
        overflow_groups=tuple(shop.groups[each] for each in to),
        overflow_after_ms=after,
        queue_length_max=queue_length_max,
    )
    await shop.step(save_group(shop.desk, shop.call(), change))


async def opens(shop: Shop, name: str, hour: int) -> None:
    """From this hour of the first day on; it begins at midnight."""
    hours = WorkingHours(zone="Etc/UTC", weekly=(((hour * 60, 24 * 60),),) * 7)
    change = GroupChange(id=shop.groups[name], name=name, working_hours=hours)
    await shop.step(save_group(shop.desk, shop.call(), change))


async def nobody_in_g1(shop: Shop, status: AgentStatus = OFFLINE) -> None:
    for name in "ab":
        await shop.turn(name, status)


async def swept(shop: Shop) -> None:
    await shop.step(sweep(shop.desk, TENANT))


async def hops(shop: Shop, ref: SessionRef) -> int:
    return (await shop.kinds(ref)).count(EventKind.OVERFLOWED)


@pytest.mark.parametrize("status", [BUSY, AWAY, HIDDEN, OFFLINE])
async def test_nobody_online_in_g_and_a_chain_is_set_moves_to_the_next_group(shop: Shop, status: AgentStatus) -> None:
    await nobody_in_g1(shop, status)
    assert await shop.where(await shop.write("V", queueName="G1")) == "with d"


async def test_a_closed_group_of_the_chain_is_passed_over(shop: Shop) -> None:
    await shop.group("G3")
    await shop.agent("e", "G3")
    await opens(shop, "售前", 9)
    await chain(shop, "G1", "售前", "G3")
    await nobody_in_g1(shop)
    assert await shop.where(await shop.write("V", queueName="G1")) == "with e"


async def test_where_the_chain_is_closed_who_waits_stays_until_the_sweep_finds_it_open(shop: Shop) -> None:
    await opens(shop, "售前", 9)
    await nobody_in_g1(shop)
    ref = await shop.write("V", queueName="G1")
    assert await shop.where(ref) == "queued in G1"
    shop.clock.advance(9 * HOUR)
    await swept(shop)
    assert await shop.where(ref) == "with d"


async def test_somebody_online_in_g_though_full_keeps_it(shop: Shop) -> None:
    await shop.turn("b", OFFLINE)
    await shop.write("W", agentUsername="a")
    assert await shop.where(await shop.write("V", queueName="G1")) == "queued in G1"


async def test_without_a_chain_it_waits_where_nobody_is_online(shop: Shop) -> None:
    await shop.turn("d", OFFLINE)
    assert await shop.where(await shop.write("V", queueName="售前")) == "queued in 售前"


@pytest.mark.parametrize("status", [BUSY, OFFLINE])
async def test_when_the_last_one_online_goes_who_waits_moves_on(shop: Shop, status: AgentStatus) -> None:
    await nobody_in_g1(shop, BUSY)
    await shop.turn("a", ONLINE)
    await shop.write("W", agentUsername="a")
    first, second = await shop.write("V1", queueName="G1"), await shop.write("V2", queueName="G1")
    await shop.turn("a", status)
    assert [await shop.where(each) for each in (first, second)] == ["with d", "queued in 售前"]


async def test_when_the_last_one_online_is_deleted_who_waits_moves_on(shop: Shop) -> None:
    await shop.turn("b", OFFLINE)
    await shop.write("W", agentUsername="a")
    ref = await shop.write("V", queueName="G1")
    await shop.step(delete_agent(shop.desk, shop.call(), "a", force=True))
    assert await shop.where(ref) == "with d"


async def test_when_the_last_one_online_leaves_the_group_who_waits_moves_on(shop: Shop) -> None:
    await shop.turn("b", OFFLINE)
    await shop.write("W", agentUsername="a")
    ref = await shop.write("V", queueName="G1")
    await shop.step(save_agent(shop.desk, shop.call(), AgentChange(user_name="a", groups=())))
    assert await shop.where(ref) == "with d"


async def test_when_the_last_lease_lapses_the_sweep_moves_on_who_waits(shop: Shop) -> None:
    await shop.turn("b", OFFLINE)
    await shop.write("W", agentUsername="a")
    ref = await shop.write("V", queueName="G1")
    await show_presence(shop.desk, Caller(tenant=TENANT, role=Role.AGENT, user_name="a"))
    shop.clock.advance(91 * SECOND)
    await swept(shop)
    assert await shop.where(ref) == "with d"


async def test_a_chain_that_is_set_later_moves_on_who_waits(shop: Shop) -> None:
    await shop.group("G3")
    ref = await shop.write("V", queueName="G3")
    assert await shop.where(ref) == "queued in G3"
    await chain(shop, "G3", "售前")
    assert await shop.where(ref) == "with d"


async def test_a_longer_chain_moves_on_who_waits_at_its_end(shop: Shop) -> None:
    await nobody_in_g1(shop)
    await shop.turn("d", OFFLINE)
    ref = await shop.write("V", queueName="G1")
    assert await shop.where(ref) == "queued in 售前"
    await shop.group("G3")
    await shop.agent("e", "G3")
    await chain(shop, "G1", "售前", "G3")
    assert await shop.where(ref) == "with e"


async def test_the_head_has_waited_overflow_after_and_moves_to_the_next_group(shop: Shop) -> None:
    await chain(shop, "G1", "售前", after=AFTER)
    for name, visitor in (("a", "W1"), ("b", "W2"), ("d", "W3")):
        await shop.write(visitor, agentUsername=name)
    ref = await shop.write("V", queueName="G1")
    shop.clock.advance(AFTER - 2)
    await swept(shop)
    assert await shop.where(ref) == "queued in G1"
    shop.clock.advance(1)
    await swept(shop)
    assert await shop.where(ref) == "queued in 售前"
    assert DispatchReason.WAITED_TOO_LONG in await shop.reasons(ref)


async def test_only_the_head_moves_on_by_time(shop: Shop) -> None:
    await chain(shop, "G1", "售前", after=AFTER)
    for name, visitor in (("a", "W1"), ("b", "W2"), ("d", "W3")):
        await shop.write(visitor, agentUsername=name)
    waiting = await shop.write("V", queueName="G1")
    shop.clock.advance(AFTER)
    vip = await shop.write("VIP", queueName="G1", tags=["vip"])
    await swept(shop)
    assert [await shop.where(each) for each in (waiting, vip)] == ["queued in G1", "queued in G1"]


async def test_the_start_time_is_kept(shop: Shop) -> None:
    await shop.write("W", agentUsername="d")
    await shop.turn("a", BUSY)
    first = await shop.write("W1", agentUsername="b")
    moved = await shop.write("V", queueName="G1")
    started_at = (await shop.session(moved)).started_at
    later = await shop.write("L", queueName="售前")
    await shop.turn("b", BUSY)
    assert (await shop.session(moved)).started_at == started_at
    assert [await shop.where(each) for each in (moved, later)] == ["queued in 售前", "queued in 售前"]
    await shop.close(first)
    await shop.agent("e", "售前")
    assert [await shop.where(each) for each in (moved, later)] == ["with e", "queued in 售前"]


async def test_each_hop_is_a_decision_with_its_steps_and_an_event(shop: Shop) -> None:
    await shop.group("G3")
    await shop.agent("e", "G3")
    await chain(shop, "售前", "G3")
    await nobody_in_g1(shop)
    await shop.turn("d", AWAY)
    ref = await shop.write("V", queueName="G1")
    kinds = EventKind
    assert (await shop.kinds(ref))[3:] == [
        kinds.NO_AGENT_ONLINE, kinds.QUEUED,
        kinds.OVERFLOWED, kinds.NO_AGENT_ONLINE, kinds.QUEUED,
        kinds.OVERFLOWED, kinds.ASSIGNED,
    ]  # fmt: skip
    hop = [entry.decision for entry in await shop.log(ref) if entry.decision][1]
    assert [(step.reason, step.detail) for step in hop.steps] == [
        (DispatchReason.NOBODY_ONLINE, "G1"),
        (DispatchReason.NO_FREE_AGENT, "售前"),
    ]
    assert hop.trigger is DispatchTrigger.LOOK


async def long_chain(shop: Shop, length: int) -> None:
    for number in range(length):
        await shop.group(f"C{number}")
    for number in range(length - 1):
        await chain(shop, f"C{number}", f"C{number + 1}")


async def test_at_most_eight_hops(shop: Shop) -> None:
    await long_chain(shop, OVERFLOW_HOPS_MAX + 2)
    await shop.agent("e", f"C{OVERFLOW_HOPS_MAX + 1}")
    ref = await shop.write("V", queueName="C0")
    await swept(shop)
    assert (await shop.where(ref), await hops(shop, ref)) == (f"queued in C{OVERFLOW_HOPS_MAX}", OVERFLOW_HOPS_MAX)


async def test_a_transfer_begins_the_hops_anew(shop: Shop) -> None:
    await long_chain(shop, OVERFLOW_HOPS_MAX + 2)
    await shop.agent("e", f"C{OVERFLOW_HOPS_MAX + 1}")
    ref = await shop.write("V", queueName="C0")
    target = TransferTarget(skill_group=shop.groups["C5"])
    await shop.step(transfer_session(shop.desk, shop.call(PARTNER), ref, target))
    assert await shop.where(ref) == "with e"


async def test_cycles_are_refused_when_configured(shop: Shop) -> None:
    await shop.group("G3")
    await chain(shop, "售前", "G3")
    with pytest.raises(Declined) as refused:
        await chain(shop, "G3", "G1")
    assert refused.value.code is RefusalCode.OVERFLOW_CYCLE
    assert "G3 → G1 → 售前 → G3" in refused.value.message


async def test_more_than_eight_groups_to_take_over_are_refused(shop: Shop) -> None:
    change = GroupChange(id=shop.groups["G1"], name="G1", overflow_groups=(shop.groups["售前"],) * 9)
    with pytest.raises(Invalid):
        await shop.step(save_group(shop.desk, shop.call(), change))


async def test_a_chain_turned_round_while_it_waits_leads_nobody_in_a_circle(shop: Shop) -> None:
    await nobody_in_g1(shop)
    await shop.turn("d", OFFLINE)
    ref = await shop.write("V", queueName="G1")
    await chain(shop, "G1")
    await chain(shop, "售前", "G1")
    await swept(shop)
    assert (await shop.where(ref), await hops(shop, ref)) == ("queued in 售前", 1)


async def test_a_group_in_a_chain_cannot_be_removed(shop: Shop) -> None:
    await shop.group("G3")
    await chain(shop, "G1", "售前", "G3")
    with pytest.raises(Declined) as refused:
        await shop.step(delete_group(shop.desk, shop.call(), shop.groups["G3"]))
    assert refused.value.code is RefusalCode.SKILL_GROUP_IN_USE


async def test_the_chain_ends_in_the_default_group_if_it_is_named(shop: Shop) -> None:
    shop.groups["default"] = "default"
    await chain(shop, "G1", "default")
    await nobody_in_g1(shop)
    assert await shop.where(await shop.write("V", queueName="G1")) == "with c"


@pytest.mark.parametrize(("members_max", "is_found"), [(2, False), (1, True)])
async def test_where_members_are_too_many_to_look_through_somebody_counts_as_online(
    shop: Shop, members_max: int, *, is_found: bool
) -> None:
    """Agents a and b alone serve G1; b serves another group too, so each is in a profile of his own."""
    await shop.step(save_agent(shop.desk, shop.call(), AgentChange(user_name="b", groups=tuple(shop.groups.values()))))
    await nobody_in_g1(shop)
    directory = (await shop.desk.directories.load(shop.desk.store, TENANT)).directory
    group, now = shop.groups["G1"], shop.clock.now()
    found = await is_anyone_online(shop.desk.store, TENANT, directory, group, now, members_max=members_max)
    assert found is is_found
