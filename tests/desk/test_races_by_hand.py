"""Races that took a third request, or many records, to be found: each played once, at the very moment it needs."""

from collections.abc import Awaitable
from dataclasses import replace

import pytest
from interrupted import Interrupted
from shop import BUSY, OFFLINE, ONLINE, PARTNER, TENANT, Shop, weichat

from kefu.desk.call import Role
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.presence import show_presence
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.sweep import sweep
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.agent import Agent
from kefu.domain.directory import Precedence, Ranking, TenantSettings
from kefu.domain.instants import MINUTE
from kefu.domain.log import EventKind
from kefu.domain.ranking import choose_agent


@pytest.fixture
def store() -> Interrupted:
    return Interrupted()


@pytest.fixture
def shop(store: Interrupted) -> Shop:
    return Shop(store=store)


def arrives(shop: Shop, visitor: str, **keys: object) -> Awaitable[object]:
    return ingest_message(shop.desk, shop.call(), IncomingMessage(visitor=visitor, ext=weichat(**keys)))


async def test_an_agent_read_twice_is_not_filled_over_his_room(shop: Shop, store: Interrupted) -> None:
    await shop.group("G1")
    await shop.agent("a", "G1")
    await shop.rule("R", "G1")
    await shop.bind("F", "V", "a")
    await shop.settings(precedence=Precedence.ROUTING_FIRST)
    store.before(lambda call: call.startswith("get AGENT#a"), lambda: arrives(shop, "W", agentUsername="a"))
    await shop.write("V", businessFlag="F", routingRuleFlag="R")
    assert (await shop.agent_now("a")).active_sessions == 1


async def test_a_look_whose_agent_was_taken_tries_the_next(shop: Shop, store: Interrupted) -> None:
    await shop.group("G1")
    for name in "xy":
        await shop.agent(name, "G1", status=BUSY)

    async def both_come_online_and_one_is_taken() -> None:
        for name in "xy":
            await set_agent_status(shop.desk, shop.call(), name, ONLINE)
        store.before(lambda call: "SEAT" in call, lambda: arrives(shop, "W", agentUsername="x"))

    store.before(lambda call: "LOG#" in call, both_come_online_and_one_is_taken)
    assert await shop.where(await shop.write("V", queueName="G1")) == "with y"


async def test_an_id_that_moves_while_it_is_looked_for_is_found(shop: Shop, store: Interrupted) -> None:
    for number in range(16):
        await shop.ingest("V", client_message_id=f"m{number}")
    message = IncomingMessage(visitor="V", client_message_id="m16")
    store.before(lambda call: call.startswith("scan SESSION#"), lambda: ingest_message(shop.desk, shop.call(), message))
    assert (await shop.ingest("V", client_message_id="m0")).is_duplicate


async def test_who_was_accepted_is_not_told_that_nothing_was_done(shop: Shop, store: Interrupted) -> None:
    await shop.agent("a", status=BUSY)

    async def comes_online_and_then_every_commit_is_refused() -> None:
        await set_agent_status(shop.desk, shop.call(), "a", ONLINE)
        store.before(lambda call: "SEAT" in call, refuse)

    async def refuse() -> None:
        store.refuses = 1_000

    store.before(lambda call: "LOG#" in call, comes_online_and_then_every_commit_is_refused)
    accepted = await ingest_message(shop.desk, shop.call(), IncomingMessage(visitor="V"))
    assert await shop.where(accepted.session) == "queued in default"


async def test_an_agent_who_moves_to_and_fro_loses_no_session(shop: Shop, store: Interrupted) -> None:
    for name in ("G1", "G2"):
        await shop.group(name)
    await shop.agent("a", "G1", max_sessions=5)

    async def to_and_fro() -> None:
        for group in ("G2", "G1"):
            change = AgentChange(user_name="a", groups=(shop.groups[group],))
            await save_agent(shop.desk, shop.call(), change)
        await arrives(shop, "W", queueName="G1")

    store.before(lambda call: "LOG#" in call, to_and_fro)
    await shop.write("V", queueName="G1")
    assert (await shop.agent_now("a")).active_sessions == 2


async def test_an_agent_who_comes_back_during_the_sweep_keeps_his_sessions(shop: Shop, store: Interrupted) -> None:
    await shop.agent("a")
    ref = await shop.write("V")
    await shop.turn("a", OFFLINE)
    shop.clock.advance(3 * MINUTE)
    store.before(
        lambda call: call.startswith("get SESSION#"), lambda: set_agent_status(shop.desk, shop.call(), "a", ONLINE)
    )
    await shop.step(sweep(shop.desk, TENANT))
    assert EventKind.OVERFLOWED not in await shop.kinds(ref)


async def test_a_transferred_session_does_not_go_back_to_whom_its_visitor_once_designated(shop: Shop) -> None:
    for name in ("G1", "G2"):
        await shop.group(name)
    await shop.agent("b", "G1")
    await shop.agent("d", "G2")
    ref = await shop.write("V", agentUsername="b")
    target = TransferTarget(skill_group=shop.groups["G2"])
    await shop.step(transfer_session(shop.desk, shop.call(), ref, target))
    await shop.turn("d", OFFLINE)
    shop.clock.advance(3 * MINUTE)
    await shop.step(sweep(shop.desk, TENANT))
    assert await shop.where(ref) == "queued in G2"


async def test_a_free_agent_is_found_behind_fifty_who_lapsed(shop: Shop) -> None:
    for number in range(50):
        await shop.agent(f"a{number:02d}")
        caller = replace(PARTNER, role=Role.AGENT, user_name=f"a{number:02d}")
        await show_presence(shop.desk, caller)
    shop.clock.advance(2 * MINUTE)
    await shop.agent("z")
    assert await shop.where(await shop.write("V")) == "with z"


async def test_who_waits_by_an_ended_binding_does_not_go_before_others(shop: Shop) -> None:
    await shop.agent("a", status=BUSY)
    await shop.bind("F", "V", "a", lasts=1_000)
    older = await shop.write("older")
    await shop.write("V", businessFlag="F")
    shop.clock.advance(2_000)
    await set_agent_status(shop.desk, shop.call(), "a", ONLINE)
    assert await shop.where(older) == "with a"


async def test_who_stands_behind_an_ended_binding_still_goes_before_the_group(shop: Shop) -> None:
    await shop.agent("a", status=BUSY)
    await shop.write("older")
    await shop.bind("F", "V", "a", lasts=1_000)
    await shop.write("V", businessFlag="F")
    designated = await shop.write("W", agentUsername="a")
    shop.clock.advance(2_000)
    await set_agent_status(shop.desk, shop.call(), "a", ONLINE)
    assert await shop.where(designated) == "with a"


async def test_who_is_online_but_full_counts_behind_twenty_who_are_not(shop: Shop) -> None:
    for number in range(20):
        await shop.agent(f"a{number:02d}", status=OFFLINE)
    await shop.agent("z", max_sessions=0)
    assert EventKind.NO_AGENT_ONLINE not in await shop.kinds(await shop.write("V"))


def test_under_contention_only_the_equally_good_are_taken() -> None:
    free = [
        Agent(user_name=name, status=ONLINE, status_changed_at=0, idle_since=idle, max_sessions=9)
        for name, idle in (("x", 1), ("y", 5), ("z", 1))
    ]
    settings = TenantSettings(ranking=Ranking.LONGEST_IDLE)
    taken = {choice.login for seed in range(30) if (choice := choose_agent(free, settings, now=9, seed=seed).agent)}
    assert taken == {"x", "z"}


def test_who_gave_it_up_is_taken_only_if_nobody_else_is_free() -> None:
    free = [Agent(user_name=name, status=ONLINE, status_changed_at=0, idle_since=0) for name in ("giver", "other")]
    taken = {
        choice.login
        for seed in range(30)
        if (choice := choose_agent(free, TenantSettings(), now=9, seed=seed, last="giver").agent)
    }
    assert taken == {"other"}
