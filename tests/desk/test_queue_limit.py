"""`queueLengthMax`, and how long one waits for one agent: what becomes of who is one too many, or waits too long."""

import asyncio

import pytest
from shop import BUSY, OFFLINE, TENANT, Shop

from kefu.desk.directory import GroupChange, save_group
from kefu.desk.explain import explain_route
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.request_human import request_human
from kefu.desk.sweep import sweep
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.bounds import LINE_COUNT_MAX
from kefu.domain.channel import Channel
from kefu.domain.decision import DispatchOutcome, DispatchReason, DispatchRule
from kefu.domain.directory import ChannelSettings
from kefu.domain.instants import MINUTE
from kefu.domain.log import EventKind
from kefu.domain.message import MessageSender
from kefu.domain.queueing import FULL_TEXT, Queueing
from kefu.domain.refusals import Invalid
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.working_hours import WorkingHours

KINDS = EventKind


@pytest.fixture
async def shop(g1_and_presales: Shop) -> Shop:
    """As in the examples; in G1 one may wait, and its agents are full."""
    shop = g1_and_presales
    await limit(shop, "G1", 1)
    for name in "ab":
        await shop.write(f"with {name}", agentUsername=name)
    return shop


async def limit(shop: Shop, name: str, queue_length_max: int, *to: str) -> None:
    groups = tuple(shop.groups[each] for each in to)
    change = GroupChange(id=shop.groups[name], name=name, queue_length_max=queue_length_max, overflow_groups=groups)
    await shop.step(save_group(shop.desk, shop.call(), change))


async def closes(shop: Shop, name: str) -> None:
    change = GroupChange(id=shop.groups[name], name=name, working_hours=WorkingHours(zone="Etc/UTC"))
    await shop.step(save_group(shop.desk, shop.call(), change))


async def arrive(shop: Shop, *visitors: str) -> list[SessionRef]:
    return [await shop.write(visitor, queueName="G1") for visitor in visitors]


async def test_who_comes_to_a_full_queue_is_told_why_and_closed(shop: Shop) -> None:
    _, declined = await arrive(shop, "V1", "V2")
    assert await shop.kinds(declined) == [
        KINDS.SESSION_BEGIN, KINDS.USER_MESSAGE, KINDS.BOT_MESSAGE, KINDS.DECLINED, KINDS.SESSION_END,
    ]  # fmt: skip
    told = (await shop.log(declined))[2].message
    assert told
    assert (told.sender, told.text) == (MessageSender.SYSTEM, FULL_TEXT)
    session = await shop.session(declined)
    assert (session.state, session.end_reason) == (SessionState.CLOSED, KINDS.DECLINED)
    assert (session.unread, session.last_agent_message_at) == (1, None)


async def test_the_decision_says_that_the_queue_was_full(shop: Shop) -> None:
    _, declined = await arrive(shop, "V1", "V2")
    decision = await shop.decision(declined)
    assert decision.outcome is DispatchOutcome.DECLINE
    assert [step.reason for step in decision.steps[-2:]] == [DispatchReason.QUEUE_FULL, DispatchReason.QUEUE_FULL]


async def test_his_own_words_are_said_where_the_tenant_has_some(shop: Shop) -> None:
    await shop.settings(queueing=Queueing(full_text="Full."))
    _, declined = await arrive(shop, "V1", "V2")
    told = (await shop.log(declined))[2].message
    assert told
    assert told.text == "Full."


async def test_his_next_message_opens_a_session_when_there_is_room(shop: Shop) -> None:
    waiting, _ = await arrive(shop, "V1", "V2")
    await shop.close(waiting)
    [again] = await arrive(shop, "V2")
    assert await shop.where(again) == "queued in G1"


async def test_a_full_queue_overflows_to_the_next_group_of_the_chain(shop: Shop) -> None:
    await limit(shop, "G1", 1, "售前")
    _, turned_away = await arrive(shop, "V1", "V2")
    assert await shop.where(turned_away) == "with d"
    assert (await shop.kinds(turned_away))[2:] == [KINDS.HUMAN_REQUESTED, KINDS.OVERFLOWED, KINDS.ASSIGNED]
    assert DispatchReason.QUEUE_FULL in await shop.reasons(turned_away)


async def test_full_groups_of_the_chain_are_passed_over(shop: Shop) -> None:
    await shop.group("G3")
    await shop.agent("e", "G3")
    await limit(shop, "售前", 0)
    await limit(shop, "G1", 1, "售前", "G3")
    await shop.turn("d", BUSY)
    _, turned_away = await arrive(shop, "V1", "V2")
    assert await shop.where(turned_away) == "with e"


async def test_where_the_whole_chain_is_full_who_comes_is_declined(shop: Shop) -> None:
    await limit(shop, "售前", 0)
    await limit(shop, "G1", 1, "售前")
    await shop.turn("d", BUSY)
    _, declined = await arrive(shop, "V1", "V2")
    assert await shop.where(declined) == "CLOSED"


async def test_closed_groups_of_the_chain_are_passed_over(shop: Shop) -> None:
    await shop.group("G3")
    await shop.agent("e", "G3")
    await limit(shop, "G1", 1, "售前", "G3")
    await closes(shop, "售前")
    _, turned_away = await arrive(shop, "V1", "V2")
    assert await shop.where(turned_away) == "with e"
    steps = (await shop.decision(turned_away)).steps
    assert (DispatchRule.OVERFLOW, DispatchReason.OUTSIDE_HOURS) in [(step.rule, step.reason) for step in steps]


async def test_where_the_rest_of_the_chain_is_closed_who_comes_is_declined(shop: Shop) -> None:
    await limit(shop, "G1", 1, "售前")
    await closes(shop, "售前")
    _, declined = await arrive(shop, "V1", "V2")
    assert await shop.where(declined) == "CLOSED"
    assert (await shop.reasons(declined))[-1] is DispatchReason.QUEUE_FULL


async def test_where_nobody_may_wait_who_can_be_served_is(shop: Shop) -> None:
    await limit(shop, "售前", 0)
    assert await shop.where(await shop.write("V", queueName="售前")) == "with d"
    assert await shop.where(await shop.write("W", queueName="售前")) == "CLOSED"


async def test_who_already_waits_is_never_declined(shop: Shop) -> None:
    """He is handed on to a group that admits him, or stays."""
    await limit(shop, "售前", 0)
    await limit(shop, "G1", 1, "售前")
    await shop.turn("d", BUSY)
    [waiting] = await arrive(shop, "V1")
    for name in "ab":
        await shop.turn(name, BUSY)
    await limit(shop, "G1", 0, "售前")
    assert await shop.where(waiting) == "queued in G1"


async def test_a_transfer_is_not_held_back_by_the_limit(shop: Shop) -> None:
    await arrive(shop, "V1")
    ref = await shop.write("V2", queueName="售前")
    target = TransferTarget(skill_group=shop.groups["G1"])
    await shop.step(transfer_session(shop.desk, shop.call(), ref, target))
    assert await shop.where(ref) == "queued in G1"


async def test_out_of_the_bot_stage_a_full_queue_declines_too(shop: Shop) -> None:
    channel = ChannelSettings(channel=Channel.WEB, has_bot=True, skill_group=shop.groups["G1"])
    await shop.settings(channels=(channel,))
    await arrive(shop, "V1")
    ref = (await shop.ingest("V2", channel=Channel.WEB)).session
    await shop.step(request_human(shop.desk, shop.call(), ref))
    assert (await shop.session(ref)).end_reason is KINDS.DECLINED


async def test_a_dry_run_says_that_it_would_be_declined(shop: Shop) -> None:
    await arrive(shop, "V1")
    ext = {"weichat": {"queueName": "G1"}}
    decision = await explain_route(shop.desk, shop.call().by, visitor="V2", channel=Channel.APP, ext=ext)
    assert decision.outcome is DispatchOutcome.DECLINE


async def test_a_crowd_at_once_never_leaves_less_than_the_limit_waiting(shop: Shop) -> None:
    """Those under way at once do not see each other: more may wait than the limit, never fewer."""
    await limit(shop, "G1", 3)
    messages = [IncomingMessage(visitor=f"V{n}", ext={"weichat": {"queueName": "G1"}}) for n in range(8)]
    came = await asyncio.gather(*(shop.step(ingest_message(shop.desk, shop.call(), each)) for each in messages))
    where = [await shop.where(each.session) for each in came]
    assert where.count("queued in G1") >= 3
    [later] = await arrive(shop, "later")
    assert await shop.where(later) == "CLOSED"


@pytest.mark.parametrize("queue_length_max", [-1, LINE_COUNT_MAX + 1])
async def test_a_limit_that_cannot_be_counted_is_refused(shop: Shop, queue_length_max: int) -> None:
    with pytest.raises(Invalid):
        await limit(shop, "G1", queue_length_max)


@pytest.mark.parametrize("keys", [{"agentUsername": "a", "queueName": "售前"}, {"businessFlag": "F"}])
async def test_directed_wait_max_overflows_by_time_to_the_group(shop: Shop, keys: dict[str, str]) -> None:
    await shop.settings(queueing=Queueing(directed_wait_max_ms=5 * MINUTE))
    await shop.bind("F", "V", "a")
    ref = await shop.write("V", **{"queueName": "售前", **keys})
    assert await shop.where(ref) == "waits for a"
    started_at = (await shop.session(ref)).started_at
    shop.clock.advance(5 * MINUTE)
    await shop.step(sweep(shop.desk, TENANT))
    assert await shop.where(ref) == "with d"
    assert (await shop.session(ref)).started_at == started_at
    assert DispatchReason.WAITED_TOO_LONG in await shop.reasons(ref)


async def test_without_directed_wait_max_one_waits_as_long_as_it_takes(shop: Shop) -> None:
    ref = await shop.write("V", agentUsername="a")
    shop.clock.advance(24 * 60 * MINUTE)
    await shop.step(sweep(shop.desk, TENANT))
    assert await shop.where(ref) == "waits for a"


async def test_a_shorter_directed_wait_max_counts_for_those_who_wait(shop: Shop) -> None:
    ref = await shop.write("V", agentUsername="a", queueName="售前")
    shop.clock.advance(5 * MINUTE)
    await shop.settings(queueing=Queueing(directed_wait_max_ms=MINUTE))
    assert await shop.where(ref) == "with d"


async def test_a_directed_session_that_overflowed_by_time_goes_on_down_the_chain(shop: Shop) -> None:
    await limit(shop, "G1", 1, "售前")
    await shop.settings(queueing=Queueing(directed_wait_max_ms=MINUTE))
    ref = await shop.write("V", agentUsername="a", queueName="G1")
    for name in "ab":
        await shop.turn(name, OFFLINE)
    shop.clock.advance(MINUTE)
    await shop.step(sweep(shop.desk, TENANT))
    assert await shop.where(ref) == "with d"
