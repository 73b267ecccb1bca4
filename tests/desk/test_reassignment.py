"""A supervisor, or the tenant's back end, hands sessions on that are not theirs: those who wait, and those who are served."""

from dataclasses import replace

import pytest
from shop import OFFLINE, PARTNER, Shop

from kefu.desk.call import Call, Role
from kefu.desk.directory import GroupChange, save_group
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.decision import DispatchTrigger
from kefu.domain.log import EventKind
from kefu.domain.refusals import Declined, Invalid, NotFound, RefusalCode
from kefu.domain.session_ref import SessionRef

KINDS = EventKind
BOSSES = [PARTNER, replace(PARTNER, role=Role.SUPERVISOR, user_name="boss")]


@pytest.fixture
async def shop(g1_and_presales: Shop) -> Shop:
    return g1_and_presales


@pytest.fixture(params=BOSSES, ids=lambda boss: boss.role)
def boss(request: pytest.FixtureRequest) -> Call:
    return Call(by=request.param)


async def waiting(shop: Shop) -> SessionRef:
    await shop.write("busy", queueName="售前")
    return await shop.write("V", queueName="售前")


async def to(shop: Shop, boss: Call, ref: SessionRef, target: TransferTarget) -> None:
    await shop.step(transfer_session(shop.desk, boss, ref, target))


async def test_who_waits_is_given_to_a_free_agent(shop: Shop, boss: Call) -> None:
    ref = await waiting(shop)
    await to(shop, boss, ref, TransferTarget(agent="a"))
    assert await shop.where(ref) == "with a"
    entry = (await shop.log(ref))[-1]
    assert (entry.kind, entry.agent, entry.from_agent) == (KINDS.TRANSFERRED, "a", None)


async def test_who_waits_is_given_to_another_group(shop: Shop, boss: Call) -> None:
    ref = await waiting(shop)
    started_at = (await shop.session(ref)).started_at
    await to(shop, boss, ref, TransferTarget(skill_group=shop.groups["G1"]))
    assert await shop.where(ref) in {"with a", "with b"}
    assert (await shop.session(ref)).started_at == started_at


async def test_who_waits_is_not_given_to_a_full_agent(shop: Shop, boss: Call) -> None:
    ref = await waiting(shop)
    await shop.write("W", agentUsername="a")
    with pytest.raises(Declined) as refused:
        await to(shop, boss, ref, TransferTarget(agent="a"))
    assert refused.value.code is RefusalCode.AGENT_FULL
    assert await shop.where(ref) == "queued in 售前"


async def test_forced_he_waits_for_the_full_agent(shop: Shop, boss: Call) -> None:
    ref = await waiting(shop)
    busy = await shop.write("W", agentUsername="a")
    await to(shop, boss, ref, TransferTarget(agent="a", force=True))
    assert await shop.where(ref) == "waits for a"
    await shop.close(busy)
    assert await shop.where(ref) == "with a"


async def test_who_is_served_is_given_to_another_agent(shop: Shop, boss: Call) -> None:
    ref = await shop.write("V", agentUsername="a")
    await to(shop, boss, ref, TransferTarget(agent="b"))
    entry = (await shop.log(ref))[-1]
    assert (entry.kind, entry.agent, entry.from_agent) == (KINDS.TRANSFERRED, "b", "a")
    assert (await shop.decision(ref)).trigger is DispatchTrigger.TRANSFER


async def test_who_is_served_is_parked_with_a_full_agent_by_force(shop: Shop, boss: Call) -> None:
    ref = await shop.write("V", agentUsername="a")
    await shop.write("W", agentUsername="b")
    await to(shop, boss, ref, TransferTarget(agent="b", force=True))
    assert await shop.where(ref) == "waits for b"
    assert (await shop.kinds(ref))[-2:] == [KINDS.TRANSFERRED, KINDS.QUEUED]


async def test_who_is_served_by_an_agent_who_is_gone_is_given_to_a_group(shop: Shop, boss: Call) -> None:
    ref = await shop.write("V", agentUsername="a")
    await shop.turn("a", OFFLINE)
    await to(shop, boss, ref, TransferTarget(skill_group=shop.groups["售前"]))
    assert await shop.where(ref) == "with d"


async def test_forced_on_an_agent_who_is_offline_he_overflows_to_his_group(shop: Shop, boss: Call) -> None:
    ref = await shop.write("V", queueName="G1")
    await shop.turn("d", OFFLINE)
    await to(shop, boss, ref, TransferTarget(agent="d", force=True))
    assert await shop.where(ref) in {"with a", "with b"}


async def test_given_to_a_group_without_anybody_he_goes_on_down_its_chain(shop: Shop, boss: Call) -> None:
    change = GroupChange(id=shop.groups["G1"], name="G1", overflow_groups=(shop.groups["售前"],))
    await shop.step(save_group(shop.desk, shop.call(), change))
    ref = await shop.write("V", agentUsername="c")
    for name in "ab":
        await shop.turn(name, OFFLINE)
    await to(shop, boss, ref, TransferTarget(skill_group=shop.groups["G1"]))
    assert await shop.where(ref) == "with d"


async def test_who_has_gone_is_not_handed_on(shop: Shop, boss: Call) -> None:
    ref = await waiting(shop)
    await shop.close(ref)
    with pytest.raises(Declined) as refused:
        await to(shop, boss, ref, TransferTarget(agent="a", force=True))
    assert refused.value.code is RefusalCode.SESSION_CLOSED


async def test_an_agent_does_not_hand_on_who_waits_for_others(shop: Shop) -> None:
    ref = await waiting(shop)
    agent = Call(by=replace(PARTNER, role=Role.AGENT, user_name="a"))
    with pytest.raises((NotFound, Declined)):
        await to(shop, agent, ref, TransferTarget(agent="a"))
    assert await shop.where(ref) == "queued in 售前"


async def test_two_targets_at_once_are_refused(shop: Shop, boss: Call) -> None:
    ref = await waiting(shop)
    with pytest.raises(Invalid):
        await to(shop, boss, ref, TransferTarget(agent="a", skill_group=shop.groups["G1"], force=True))
