"""Working hours by the routing design: step 1, the row DECLINE of "States", P25, and messages left meanwhile."""

import asyncio
from dataclasses import replace

import pytest
from shop import OFFLINE, ONLINE, PARTNER, TENANT, Shop

from kefu.bots.port import BotFailed
from kefu.desk.call import Call, Caller, Role
from kefu.desk.directory import GroupChange, save_group
from kefu.desk.explain import explain_route
from kefu.desk.left_messages import MessageToLeave, leave_message
from kefu.desk.request_human import request_human
from kefu.desk.sweep import looks_of, sweep
from kefu.domain.bot import BotAnswer, BotQuestion
from kefu.domain.channel import Channel
from kefu.domain.decision import DispatchOutcome, DispatchReason, DispatchRule, DispatchTrigger
from kefu.domain.directory import ChannelSettings
from kefu.domain.instants import HOUR, MINUTE
from kefu.domain.log import EventKind as Kind
from kefu.domain.message import MessageSender
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.working_hours import WorkingHours
from kefu.records import sessions
from kefu.records.sweep_places import START, Part
from left_behind import left_by

# The shop's clock begins with 2026, a Thursday, at midnight UTC.
DAY_SHIFT = WorkingHours(zone="Etc/UTC", weekly=(((9 * 60, 18 * 60),),) * 7)
NIGHT_SHIFT = WorkingHours(zone="Etc/UTC", weekly=(((20 * 60, 30 * 60),),) * 7)
DECLINED = [Kind.BOT_MESSAGE, Kind.DECLINED, Kind.SESSION_END]


@pytest.fixture
async def shop(g1_and_presales: Shop) -> Shop:
    """By night: it opens at nine."""
    await g1_and_presales.settings(working_hours=DAY_SHIFT)
    return g1_and_presales


def opens(shop: Shop) -> None:
    shop.clock.advance(9 * HOUR)


async def own_hours(shop: Shop, group: str, hours: WorkingHours) -> None:
    change = GroupChange(id=shop.groups[group], name=group, working_hours=hours)
    await shop.step(save_group(shop.desk, shop.call(), change))


async def leave(shop: Shop, visitor: str, text: str = "请回电", channel: Channel = Channel.APP) -> str:
    call = Call(by=Caller(tenant=TENANT, role=Role.VISITOR, user_name=visitor))
    message = MessageToLeave(visitor=visitor, channel=channel, phone="138", text=text)
    return (await shop.step(leave_message(shop.desk, call, message))).id


async def newest(shop: Shop, visitor: str, channel: Channel = Channel.APP) -> SessionRef:
    loaded = await sessions.newest(shop.desk.store, TENANT, visitor, channel)
    assert loaded is not None
    return loaded.value.session.ref


async def swept(shop: Shop) -> None:
    await shop.step(sweep(shop.desk, TENANT))


async def comes_to(shop: Shop, message: str) -> list[str]:
    """Ids of the sessions whose logs have the message."""
    found = []
    for visitor in ("V", "W", "X"):
        for each in await sessions.of_visitor(shop.desk.store, TENANT, visitor, 50):
            log = await shop.log(each.ref)
            found += [each.id for entry in log if entry.message and entry.message.id == message]
    return found


async def test_outside_the_tenants_working_hours_a_session_is_declined(shop: Shop) -> None:
    ref = await shop.write("V")
    session = await shop.session(ref)
    assert (session.state, session.end_reason) == (SessionState.CLOSED, Kind.DECLINED)
    decision = await shop.decision(ref)
    assert (decision.outcome, decision.agent) == (DispatchOutcome.DECLINE, None)
    assert decision.steps[-1].reason is DispatchReason.OUTSIDE_HOURS
    assert (await shop.agent_now("c")).active_sessions == 0


async def test_the_session_is_opened_told_why_and_closed_with_that_reason(shop: Shop) -> None:
    ref = await shop.write("V")
    log = await shop.log(ref)
    assert [entry.kind for entry in log] == [Kind.SESSION_BEGIN, Kind.USER_MESSAGE, *DECLINED]
    told = log[2].message
    assert told is not None
    assert told.sender is MessageSender.SYSTEM
    assert "2026-01-01 09:00 (Etc/UTC)" in told.text


async def test_a_tenants_own_text_tells_when_the_desk_opens(shop: Shop) -> None:
    await shop.settings(working_hours=replace(DAY_SHIFT, outside_text="Back at {opening}. {x}"))
    told = (await shop.log(await shop.write("V")))[2].message
    assert told is not None
    assert told.text == "Back at 2026-01-01 09:00 (Etc/UTC). {x}"


async def test_within_the_working_hours_the_rules_apply_and_the_decision_says_so(shop: Shop) -> None:
    opens(shop)
    ref = await shop.write("V")
    assert await shop.where(ref) == "with c"
    assert DispatchReason.WITHIN_HOURS in await shop.reasons(ref)


async def test_without_working_hours_the_desk_is_always_open(shop: Shop) -> None:
    await shop.settings(working_hours=None)
    ref = await shop.write("V")
    assert await shop.where(ref) == "with c"
    assert DispatchRule.HOURS not in [step.rule for step in (await shop.decision(ref)).steps]


async def test_a_groups_own_hours_go_before_the_tenants(shop: Shop) -> None:
    await own_hours(shop, "售前", NIGHT_SHIFT)
    assert await shop.where(await shop.write("V", queueName="售前")) == "with d"
    assert await shop.where(await shop.write("W", queueName="G1")) == "CLOSED"
    opens(shop)
    assert await shop.where(await shop.write("X", queueName="售前")) == "CLOSED"
    assert await shop.where(await shop.write("Y", queueName="G1")) in {"with a", "with b"}


async def test_for_a_designated_agent_the_tenants_hours_count(shop: Shop) -> None:
    await own_hours(shop, "售前", NIGHT_SHIFT)
    assert await shop.where(await shop.write("V", agentUsername="a", queueName="售前")) == "CLOSED"
    assert await shop.where(await shop.write("W", agentUsername="nobody", queueName="售前")) == "with d"


async def test_a_binding_does_not_open_the_desk(shop: Shop) -> None:
    await shop.bind("F", "V", "a")
    assert await shop.where(await shop.write("V", businessFlag="F")) == "CLOSED"


async def test_the_next_message_opens_a_session_of_its_own(shop: Shop) -> None:
    first, second = await shop.write("V"), await shop.write("V")
    assert (first.ordinal, second.ordinal) == (1, 2)
    opens(shop)
    assert await shop.where(await shop.write("V")) == "with c"


async def test_the_same_message_again_is_declined_once(shop: Shop) -> None:
    first = await shop.ingest("V", client_message_id="m")
    second = await shop.ingest("V", client_message_id="m")
    assert (second.session, second.is_duplicate) == (first.session, True)


async def test_who_waits_when_the_desk_closes_is_served_still(shop: Shop) -> None:
    opens(shop)
    busy, waits = await shop.write("V"), await shop.write("W")
    shop.clock.advance(12 * HOUR)
    await shop.turn("c", OFFLINE)
    await shop.turn("c", ONLINE)
    await shop.close(busy)
    assert await shop.where(waits) == "with c"


async def test_a_dry_run_shows_that_the_desk_is_closed_and_writes_nothing(shop: Shop) -> None:
    before = await shop.desk.store.position()
    decision = await explain_route(shop.desk, PARTNER, visitor="V", channel=Channel.APP, ext=None)
    assert (decision.outcome, decision.trigger) == (DispatchOutcome.DECLINE, DispatchTrigger.DRY_RUN)
    assert (decision.steps[-1].rule, decision.steps[-1].detail) == (DispatchRule.HOURS, "2026-01-01 09:00 (Etc/UTC)")
    assert await shop.desk.store.position() == before


class Bot:
    def __init__(self, answer: BotAnswer | Exception) -> None:
        self._answer = answer

    async def answer(self, _question: BotQuestion) -> BotAnswer:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


async def with_bot(shop: Shop) -> Shop:
    await shop.settings(channels=(ChannelSettings(channel=Channel.WEB, has_bot=True),))
    return shop


async def test_the_bot_stands_before_the_hours_and_serves_at_night(shop: Shop) -> None:
    ref = (await (await with_bot(shop)).ingest("V", "你好", channel=Channel.WEB)).session
    assert await shop.where(ref) == "BOT"
    assert (await shop.kinds(ref))[-1] is Kind.BOT_MESSAGE


async def test_asking_the_bot_for_a_human_outside_hours_declines(shop: Shop) -> None:
    ref = (await (await with_bot(shop)).ingest("V", "你好", channel=Channel.WEB)).session
    await shop.ingest("V", "转人工", channel=Channel.WEB, ext={"weichat": {"queueName": "G1"}})
    assert (await shop.kinds(ref))[-4:] == [Kind.BOT_USER_MESSAGE, *DECLINED]
    assert (await shop.session(ref)).keys.queue_name == "G1"


async def test_a_command_for_a_human_outside_hours_declines(shop: Shop) -> None:
    ref = (await (await with_bot(shop)).ingest("V", "你好", channel=Channel.WEB)).session
    await shop.step(request_human(shop.desk, shop.call(), ref))
    assert (await shop.kinds(ref))[-3:] == DECLINED


@pytest.mark.parametrize("answer", [BotAnswer(hands_over=True), BotFailed("broken")], ids=["wish", "failure"])
async def test_a_bot_that_hands_over_outside_hours_declines(shop: Shop, answer: BotAnswer | Exception) -> None:
    shop.desk = replace(shop.desk, built_in_bot=Bot(answer))
    ref = (await (await with_bot(shop)).ingest("V", "你好", channel=Channel.WEB)).session
    assert (await shop.kinds(ref)) == [Kind.SESSION_BEGIN, Kind.BOT_USER_MESSAGE, *DECLINED]
    assert [step.rule for step in (await shop.decision(ref)).steps][-2:] == [DispatchRule.BOT, DispatchRule.HOURS]


async def test_a_left_message_opens_a_session_when_the_desk_opens(shop: Shop) -> None:
    declined = await shop.write("V", queueName="售前", tags=["vip"])
    await shop.turn("d", OFFLINE)
    message = await leave(shop, "V")
    left_at = shop.clock.now()
    await swept(shop)
    assert await newest(shop, "V") == declined
    opens(shop)
    await swept(shop)
    ref = await newest(shop, "V")
    session = await shop.session(ref)
    assert (ref.ordinal, await shop.where(ref)) == (declined.ordinal + 1, "queued in 售前")
    assert (session.started_at, session.is_vip) == (left_at, True)
    assert await shop.kinds(ref) == [
        Kind.SESSION_BEGIN, Kind.USER_MESSAGE, Kind.HUMAN_REQUESTED, Kind.NO_AGENT_ONLINE, Kind.QUEUED,
    ]  # fmt: skip
    entry = (await shop.log(ref))[1]
    assert entry.message is not None
    assert (entry.message.id, entry.message.text, entry.message.payload) == (message, "请回电", '{"phone":"138"}')
    assert (await shop.session(declined)).state is SessionState.CLOSED
    assert (await shop.decision(ref)).trigger is DispatchTrigger.MESSAGE_LEFT


async def test_a_left_message_opens_one_session_however_often_it_is_swept(shop: Shop) -> None:
    message = await leave(shop, "V")
    opens(shop)
    for _ in range(3):
        await swept(shop)
        shop.clock.advance(MINUTE)
    assert await comes_to(shop, message) == [(await newest(shop, "V")).id]
    [left] = await left_by(shop.desk.store, TENANT, "V", 10)
    assert left.session == await newest(shop, "V")


async def test_two_sweeps_and_a_new_message_at_once_bring_it_in_once(shop: Shop) -> None:
    message = await leave(shop, "V")
    opens(shop)
    await asyncio.gather(swept(shop), swept(shop), shop.write("V"))
    assert len(await comes_to(shop, message)) == 1
    assert (await newest(shop, "V")).ordinal == 1


async def test_the_oldest_left_message_is_served_first(shop: Shop) -> None:
    for visitor in ("V", "W", "X"):
        await leave(shop, visitor)
        shop.clock.advance(MINUTE)
    opens(shop)
    late = await shop.write("late")
    await swept(shop)
    served = [late]
    for _ in range(3):
        served += (await shop.close(served[-1])).assigned
    assert [ref.visitor for ref in served] == ["late", "V", "W", "X"]


async def test_a_left_message_goes_into_the_session_that_is_open_by_then(shop: Shop) -> None:
    message = await leave(shop, "V")
    opens(shop)
    ref = await shop.write("V")
    await swept(shop)
    assert await comes_to(shop, message) == [ref.id]
    assert (await shop.kinds(ref))[-1] is Kind.USER_MESSAGE


async def test_a_left_message_takes_the_session_from_the_bot(shop: Shop) -> None:
    await with_bot(shop)
    ref = (await shop.ingest("V", "你好", channel=Channel.WEB)).session
    message = await leave(shop, "V", channel=Channel.WEB)
    opens(shop)
    await swept(shop)
    assert await comes_to(shop, message) == [ref.id]
    assert await shop.where(ref) == "with c"


async def test_a_left_message_waits_for_the_hours_of_its_own_group(shop: Shop) -> None:
    await own_hours(shop, "售前", NIGHT_SHIFT)
    opens(shop)
    declined = await shop.write("V", queueName="售前")
    await leave(shop, "V")
    await swept(shop)
    assert await newest(shop, "V") == declined
    shop.clock.advance(12 * HOUR)
    await swept(shop)
    assert await shop.where(await newest(shop, "V")) == "with d"


async def test_a_left_message_for_one_agent_comes_in_by_the_tenants_hours(shop: Shop) -> None:
    await own_hours(shop, "售前", NIGHT_SHIFT)
    await shop.write("V", agentUsername="a", queueName="售前")
    await leave(shop, "V")
    await swept(shop)
    assert await shop.where(await newest(shop, "V")) == "CLOSED"
    opens(shop)
    await swept(shop)
    assert await shop.where(await newest(shop, "V")) == "with a"


async def test_what_is_left_while_the_desk_is_open_comes_in_at_the_next_sweep(shop: Shop) -> None:
    opens(shop)
    await leave(shop, "V")
    await swept(shop)
    assert await shop.where(await newest(shop, "V")) == "with c"


async def test_a_session_opened_for_a_left_message_is_the_visitors_one_open_session(shop: Shop) -> None:
    await leave(shop, "V")
    opens(shop)
    await swept(shop)
    assert await shop.write("V") == await newest(shop, "V")
    assert (await newest(shop, "V")).ordinal == 1


async def test_a_sweep_that_was_cut_among_left_messages_goes_on_behind_the_last(shop: Shop) -> None:
    for visitor in ("V", "W", "X"):
        await leave(shop, visitor)
        shop.clock.advance(MINUTE)
    opens(shop)
    everything = [place async for place, _ in looks_of(shop.desk, TENANT, START) if place.part is Part.LEFT]
    assert len(everything) == 3
    rest = [place async for place, _ in looks_of(shop.desk, TENANT, everything[0])]
    assert rest == everything[1:]
