"""Presence leases and the sweep: what only time brings about."""

from dataclasses import replace

import pytest
from shop import BUSY, OFFLINE, ONLINE, PARTNER, TENANT, Shop

from kefu.desk.call import Role
from kefu.desk.delete_agent import delete_agent
from kefu.desk.presence import show_presence
from kefu.desk.sweep import sweep
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.instants import MINUTE, SECOND
from kefu.domain.log import EventKind
from kefu.domain.refusals import Declined, RefusalCode

LEASE = 90 * SECOND
REASSIGN_AFTER = 120 * SECOND


async def shows_himself(shop: Shop, name: str) -> None:
    await shop.step(show_presence(shop.desk, replace(PARTNER, role=Role.AGENT, user_name=name)))


async def swept(shop: Shop) -> None:
    await shop.step(sweep(shop.desk, TENANT))


async def test_a_status_set_by_others_has_no_lease(shop: Shop) -> None:
    await shop.agent("c")
    shop.clock.advance(60 * MINUTE)
    assert await shop.where(await shop.write("V")) == "with c"


async def test_a_lapsed_lease_is_offline_at_once(shop: Shop) -> None:
    await shop.agent("c")
    await shows_himself(shop, "c")
    shop.clock.advance(LEASE)
    assert await shop.where(await shop.write("V")) == "queued in default"


async def test_a_lease_that_is_kept_up_does_not_lapse(shop: Shop) -> None:
    await shop.agent("c")
    for _ in range(5):
        await shows_himself(shop, "c")
        shop.clock.advance(LEASE // 2)
    assert await shop.where(await shop.write("V")) == "with c"


async def test_who_comes_back_takes_who_waits(shop: Shop) -> None:
    await shop.agent("c")
    await shows_himself(shop, "c")
    shop.clock.advance(LEASE)
    ref = await shop.write("V")
    await shows_himself(shop, "c")
    assert await shop.where(ref) == "with c"


async def test_the_sweep_stores_the_lapse(shop: Shop) -> None:
    await shop.agent("c")
    await shows_himself(shop, "c")
    shop.clock.advance(LEASE)
    await swept(shop)
    assert (await shop.agent_now("c")).status is OFFLINE


async def test_the_sweep_sends_on_who_waits_for_a_vanished_bound_agent(shop: Shop) -> None:
    await shop.agent("a", status=BUSY)
    await shop.agent("c")
    await shop.bind("F", "V", "a")
    await shows_himself(shop, "a")
    ref = await shop.write("V", businessFlag="F")
    assert await shop.where(ref) == "waits for a"
    shop.clock.advance(LEASE)
    await swept(shop)
    assert await shop.where(ref) == "with c"


async def test_the_sweep_sends_on_who_waits_by_an_expired_binding(shop: Shop) -> None:
    await shop.agent("a", status=BUSY)
    await shop.agent("c")
    await shop.bind("F", "V", "a", lasts=10 * MINUTE)
    ref = await shop.write("V", businessFlag="F")
    shop.clock.advance(10 * MINUTE)
    await swept(shop)
    assert await shop.where(ref) == "with c"


async def test_active_sessions_of_a_vanished_agent_go_back_to_their_group(shop: Shop) -> None:
    await shop.agent("a")
    ref = await shop.write("V")
    started_at = (await shop.session(ref)).started_at
    await shows_himself(shop, "a")
    shop.clock.advance(LEASE + REASSIGN_AFTER)
    await swept(shop)
    assert await shop.where(ref) == "queued in default"
    assert (await shop.session(ref)).started_at == started_at
    assert EventKind.OVERFLOWED in await shop.kinds(ref)


async def test_they_are_left_alone_before_their_time(shop: Shop) -> None:
    await shop.agent("a")
    ref = await shop.write("V")
    await shows_himself(shop, "a")
    shop.clock.advance(LEASE + REASSIGN_AFTER - SECOND)
    await swept(shop)
    assert await shop.where(ref) == "with a"


async def test_a_designated_session_goes_back_to_its_own_agents_line(shop: Shop) -> None:
    await shop.agent("a")
    ref = await shop.write("V", agentUsername="a")
    await shows_himself(shop, "a")
    shop.clock.advance(LEASE + REASSIGN_AFTER)
    await swept(shop)
    assert await shop.where(ref) == "waits for a"
    await shop.turn("a", ONLINE)
    assert await shop.where(ref) == "with a"


async def test_a_second_sweep_changes_nothing(shop: Shop) -> None:
    await shop.agent("a")
    await shop.write("V")
    await shows_himself(shop, "a")
    shop.clock.advance(LEASE + REASSIGN_AFTER)
    await swept(shop)
    position = await shop.desk.store.position()
    await swept(shop)
    assert await shop.desk.store.position() == position


async def test_a_lease_that_lapses_between_its_extensions_is_as_long_as_the_tenant_says(shop: Shop) -> None:
    await shop.settings(presence_lease_ms=5 * MINUTE)
    await shop.agent("c")
    await shows_himself(shop, "c")
    shop.clock.advance(5 * MINUTE - SECOND)
    assert await shop.where(await shop.write("V")) == "with c"
    shop.clock.advance(SECOND)
    assert await shop.where(await shop.write("W")) == "queued in default"


async def test_the_status_counts_as_offline_whatever_is_stored_until_the_sweep(shop: Shop) -> None:
    await shop.agent("c")
    await shows_himself(shop, "c")
    shop.clock.advance(LEASE)
    agent = await shop.agent_now("c")
    assert (agent.status, agent.status_at(shop.clock.now())) == (ONLINE, OFFLINE)


async def test_the_sweep_leaves_who_waits_for_a_vanished_designated_agent(shop: Shop) -> None:
    await shop.agent("a", status=BUSY)
    await shop.agent("c")
    await shows_himself(shop, "a")
    ref = await shop.write("V", agentUsername="a")
    shop.clock.advance(LEASE)
    await swept(shop)
    assert await shop.where(ref) == "waits for a"


async def test_the_sweep_sends_him_on_where_the_setting_says_so(shop: Shop) -> None:
    await shop.settings(designated_offline_overflow=True)
    await shop.agent("a", status=BUSY)
    await shop.agent("c")
    await shows_himself(shop, "a")
    ref = await shop.write("V", agentUsername="a")
    started_at = (await shop.session(ref)).started_at
    shop.clock.advance(LEASE)
    await swept(shop)
    assert (await shop.where(ref), (await shop.session(ref)).started_at) == ("with c", started_at)


async def test_the_sweep_sends_on_who_was_transferred_into_a_vanished_agents_line(shop: Shop) -> None:
    await shop.agent("a", status=BUSY)
    await shop.agent("c")
    await shows_himself(shop, "a")
    ref = await shop.write("V")
    target = TransferTarget(agent="a", force=True)
    await shop.step(transfer_session(shop.desk, shop.call(), ref, target))
    assert await shop.where(ref) == "waits for a"
    shop.clock.advance(LEASE)
    await swept(shop)
    assert await shop.where(ref) == "with c"


async def test_an_active_session_of_a_vanished_agent_goes_to_whoever_of_its_group_is_free(shop: Shop) -> None:
    await shop.group("G")
    await shop.agent("a", "G")
    ref = await shop.write("V", queueName="G")
    await shop.agent("b", "G")
    await shows_himself(shop, "a")
    shop.clock.advance(LEASE + REASSIGN_AFTER)
    await swept(shop)
    assert await shop.where(ref) == "with b"


async def test_when_they_are_returned_is_the_tenants_setting(shop: Shop) -> None:
    await shop.settings(reassign_after_offline_ms=10 * MINUTE)
    await shop.agent("a")
    ref = await shop.write("V")
    await shows_himself(shop, "a")
    shop.clock.advance(LEASE + REASSIGN_AFTER)
    await swept(shop)
    assert await shop.where(ref) == "with a"
    shop.clock.advance(10 * MINUTE - REASSIGN_AFTER)
    await swept(shop)
    assert await shop.where(ref) == "queued in default"


async def test_a_designated_active_session_goes_to_the_group_where_the_setting_says_so(shop: Shop) -> None:
    await shop.settings(designated_offline_overflow=True)
    await shop.agent("a")
    await shop.agent("c")
    ref = await shop.write("V", agentUsername="a")
    await shows_himself(shop, "a")
    shop.clock.advance(LEASE + REASSIGN_AFTER)
    await swept(shop)
    assert await shop.where(ref) == "with c"


async def test_deleting_an_agent_who_holds_sessions_is_refused(shop: Shop) -> None:
    await shop.agent("a")
    ref = await shop.write("V")
    with pytest.raises(Declined) as declined:
        await shop.step(delete_agent(shop.desk, shop.call(), "a"))
    assert (declined.value.code, await shop.where(ref)) == (RefusalCode.AGENT_HAS_SESSIONS, "with a")


async def test_forced_they_are_returned_the_same_way(shop: Shop) -> None:
    await shop.agent("a", max_sessions=2)
    refs = [await shop.write("V"), await shop.write("W", agentUsername="a")]
    started_at = [(await shop.session(ref)).started_at for ref in refs]
    await shop.step(delete_agent(shop.desk, shop.call(), "a", force=True))
    assert [await shop.where(ref) for ref in refs] == ["queued in default"] * 2
    assert [(await shop.session(ref)).started_at for ref in refs] == started_at
