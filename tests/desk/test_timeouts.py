"""Ends for silence, sentence by sentence of the routing design: states, ends and deadlines, P27 and P28."""

from dataclasses import replace

import pytest
from shop import BUSY, OFFLINE, ONLINE, PARTNER, TENANT, Shop

from kefu.desk.call import Call, Caller, Role
from kefu.desk.deadlines import look_at_each_due
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.request_human import request_human
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.sweep import sweep
from kefu.desk.tenant_settings import update_settings
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.desk.visitor_presence import note_visitor, topics_of_visitor
from kefu.desk.web_clients import claim_poll
from kefu.domain.bounds import DEADLINES_PAGE, SWEEP_PAGE
from kefu.domain.channel import Channel
from kefu.domain.directory import ChannelSettings
from kefu.domain.instants import DAY, MINUTE, SECOND
from kefu.domain.log import EventKind as Kind
from kefu.domain.message import MessageType
from kefu.domain.refusals import Invalid, Refusal
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.timeouts import NO_TIMEOUTS, Timeouts
from kefu.feed.topics import SessionsOf
from kefu.gateway.registry import SocketSubscription, write_subscription
from kefu.records import deadlines, keys
from kefu.store.port import Expect

VISITOR_MS, AGENT_MS, PENDING_MS = 10 * MINUTE, 5 * MINUTE, 3 * MINUTE
ALL = Timeouts(visitor_ms=VISITOR_MS, agent_ms=AGENT_MS, pending_ms=PENDING_MS)
VISITOR = replace(PARTNER, role=Role.VISITOR, user_name="V")


@pytest.fixture
async def shop(shop: Shop) -> Shop:
    await shop.settings(timeouts=ALL)
    return shop


async def with_bot(shop: Shop) -> SessionRef:
    await shop.settings(channels=(ChannelSettings(channel=Channel.APP, has_bot=True),))
    return await shop.write("V")


async def served(shop: Shop) -> SessionRef:
    """V wrote; c has the session and has not answered."""
    await shop.agent("c")
    return await shop.write("V")


async def answers(shop: Shop, ref: SessionRef) -> None:
    await shop.step(send_message(shop.desk, shop.call(), OutgoingMessage(session=ref, text="您好")))


async def passes(shop: Shop, milliseconds: int) -> None:
    """Time passes, and every second of it somebody looks at what is due."""
    left = milliseconds
    while left > 0:
        due_in = await _next_due_in(shop)
        leap = min(left, due_in)
        shop.clock.advance(leap - 1)
        left -= leap
        await shop.step(look_at_each_due(shop.desk))


async def _next_due_in(shop: Shop) -> int:
    """Nothing can happen before: so long stretches are not looked at second by second."""
    page, _ = await deadlines.due(shop.desk.store, shop.clock.now() + DAY, behind=None, limit=100)
    return max(SECOND, min((each.deadline.due_at - shop.clock.now() for each in page), default=DAY))


async def due_at(shop: Shop, ref: SessionRef) -> int:
    [loaded] = await deadlines.load(shop.desk.store, TENANT, [ref.id])
    assert loaded is not None
    return loaded.value.due_at


async def last_kinds(shop: Shop, ref: SessionRef, count: int = 2) -> list[Kind]:
    return (await shop.kinds(ref))[-count:]


async def test_p27_a_waiting_visitor_who_is_gone_ends_it_and_no_slot_is_touched(shop: Shop) -> None:
    await shop.agent("c", status=BUSY)
    ref = await shop.write("V")
    await passes(shop, PENDING_MS)
    assert await last_kinds(shop, ref) == [Kind.PENDING_AUTO_END, Kind.SESSION_END]
    assert (await shop.agent_now("c")).active_sessions == 0
    assert (await shop.session(ref)).end_reason is Kind.PENDING_AUTO_END


async def test_p27_a_visitor_who_polls_waits_on(shop: Shop) -> None:
    await shop.agent("c", status=BUSY)
    ref = await shop.write("V")
    await claim_poll(shop.desk, VISITOR, Channel.APP)
    await passes(shop, PENDING_MS - SECOND)
    await claim_poll(shop.desk, VISITOR, Channel.APP)
    await passes(shop, PENDING_MS - SECOND)
    assert (await shop.session(ref)).state is SessionState.WAITING
    await passes(shop, 2 * SECOND)
    assert (await shop.session(ref)).end_reason is Kind.PENDING_AUTO_END


async def test_p27_a_poll_on_another_channel_does_not_keep_it(shop: Shop) -> None:
    await shop.agent("c", status=BUSY)
    ref = await shop.write("V")
    await passes(shop, PENDING_MS - SECOND)
    await claim_poll(shop.desk, VISITOR, Channel.WEB)
    await passes(shop, SECOND)
    assert (await shop.session(ref)).end_reason is Kind.PENDING_AUTO_END


async def test_p27_a_visitor_who_writes_waits_on(shop: Shop) -> None:
    await shop.agent("c", status=BUSY)
    ref = await shop.write("V")
    await passes(shop, PENDING_MS - SECOND)
    await shop.write("V")
    await passes(shop, PENDING_MS - SECOND)
    assert (await shop.session(ref)).state is SessionState.WAITING


async def test_p27_a_visitor_with_an_open_socket_behind_a_gateway_waits_on(shop: Shop) -> None:
    await shop.agent("c", status=BUSY)
    ref = await shop.write("V")
    await subscribes(shop, VISITOR, ref, shop.clock.now() + 2 * PENDING_MS)
    await passes(shop, 2 * PENDING_MS)
    assert (await shop.session(ref)).state is SessionState.WAITING
    await passes(shop, PENDING_MS)
    assert (await shop.session(ref)).end_reason is Kind.PENDING_AUTO_END


async def test_p27_an_agents_socket_that_follows_the_session_does_not_keep_it(shop: Shop) -> None:
    await shop.agent("c", status=BUSY)
    ref = await shop.write("V")
    await subscribes(shop, replace(PARTNER, role=Role.SUPERVISOR, user_name="V"), ref, shop.clock.now() + DAY)
    await passes(shop, PENDING_MS)
    assert (await shop.session(ref)).end_reason is Kind.PENDING_AUTO_END


async def subscribes(shop: Shop, by: Caller, ref: SessionRef, ends_at: int) -> None:
    topic = SessionsOf(session=ref.id).topic
    subscription = SocketSubscription(
        connection_id="k", query="", variables="", caller=by, operation_id="1", ends_at=ends_at
    )
    key = keys.subscription(TENANT, topic, "k", "1", "f")
    await shop.desk.store.commit([write_subscription(key, subscription, Expect.ABSENT)], token=None)


def test_topics_of_a_visitor_are_those_that_subscriptions_stand_under() -> None:
    ref = SessionRef("V", Channel.APP, 1, "s")
    assert topics_of_visitor(ref) == (SessionsOf(session="s", visitor="V").topic, SessionsOf(visitor="V").topic)


async def test_p27_a_visitor_who_is_noted_to_be_there_waits_on(shop: Shop) -> None:
    await shop.agent("c", status=BUSY)
    ref = await shop.write("V")
    await passes(shop, PENDING_MS - SECOND)
    await note_visitor(shop.desk, VISITOR)
    await passes(shop, PENDING_MS - SECOND)
    assert (await shop.session(ref)).state is SessionState.WAITING


async def test_p28_an_agent_silent_after_the_visitors_message_ends_it(shop: Shop) -> None:
    ref = await served(shop)
    await passes(shop, AGENT_MS)
    assert await last_kinds(shop, ref) == [Kind.AGENT_TIMEOUT_END, Kind.SESSION_END]
    assert (await shop.agent_now("c")).active_sessions == 0


async def test_p28_a_visitor_silent_after_the_agents_message_ends_it(shop: Shop) -> None:
    ref = await served(shop)
    await answers(shop, ref)
    await passes(shop, VISITOR_MS)
    assert await last_kinds(shop, ref) == [Kind.USER_TIMEOUT_END, Kind.SESSION_END]
    assert (await shop.agent_now("c")).active_sessions == 0


async def test_neither_is_ended_a_moment_before_its_time(shop: Shop) -> None:
    ref = await served(shop)
    await passes(shop, AGENT_MS - SECOND)
    assert (await shop.session(ref)).is_open
    await answers(shop, ref)
    await passes(shop, VISITOR_MS - SECOND)
    assert (await shop.session(ref)).is_open


async def test_a_visitor_silent_in_the_bot_stage_ends_it_too(shop: Shop) -> None:
    ref = await with_bot(shop)
    assert (await shop.session(ref)).state is SessionState.BOT
    await passes(shop, VISITOR_MS)
    assert await last_kinds(shop, ref) == [Kind.USER_TIMEOUT_END, Kind.SESSION_END]


async def test_a_command_between_programs_is_nothing_that_the_agent_has_to_answer(shop: Shop) -> None:
    ref = await served(shop)
    await answers(shop, ref)
    await shop.ingest("V", text="", type_=MessageType.COMMAND, payload={"action": "typing"})
    assert (await shop.session(ref)).unread == 0
    await passes(shop, VISITOR_MS - SECOND)
    assert (await shop.session(ref)).is_open
    await passes(shop, SECOND)
    assert (await shop.session(ref)).end_reason is Kind.USER_TIMEOUT_END


async def test_a_command_shows_that_the_visitor_is_there(shop: Shop) -> None:
    ref = await served(shop)
    await answers(shop, ref)
    await passes(shop, VISITOR_MS - MINUTE)
    await shop.ingest("V", text="", type_=MessageType.COMMAND, payload={"action": "typing"})
    await passes(shop, VISITOR_MS - SECOND)
    assert (await shop.session(ref)).is_open


async def test_a_visitor_who_goes_on_with_the_bot_is_left_there(shop: Shop) -> None:
    ref = await with_bot(shop)
    await passes(shop, VISITOR_MS - SECOND)
    await shop.write("V")
    await passes(shop, VISITOR_MS - SECOND)
    assert (await shop.session(ref)).state is SessionState.BOT


async def test_an_agent_who_gets_a_session_has_his_time_from_then(shop: Shop) -> None:
    await shop.settings(timeouts=replace(ALL, pending_ms=None))
    await shop.agent("c", status=BUSY)
    ref = await shop.write("V")
    await passes(shop, AGENT_MS + MINUTE)
    await shop.turn("c", ONLINE)
    await passes(shop, AGENT_MS - SECOND)
    assert await shop.where(ref) == "with c"
    await passes(shop, SECOND)
    assert (await shop.session(ref)).end_reason is Kind.AGENT_TIMEOUT_END


async def test_whoever_a_session_is_transferred_to_is_to_say_something(shop: Shop) -> None:
    ref = await served(shop)
    await shop.agent("d")
    await answers(shop, ref)
    await shop.step(transfer_session(shop.desk, shop.call(), ref, TransferTarget(agent="d")))
    await passes(shop, AGENT_MS)
    assert (await shop.session(ref)).end_reason is Kind.AGENT_TIMEOUT_END


async def test_who_presses_the_button_and_gets_an_agent_is_not_the_silent_one(shop: Shop) -> None:
    await shop.agent("c")
    ref = await with_bot(shop)
    await shop.step(request_human(shop.desk, shop.call(), ref))
    await passes(shop, AGENT_MS)
    assert (await shop.session(ref)).end_reason is Kind.AGENT_TIMEOUT_END


async def test_who_is_sent_back_to_a_line_is_not_gone_for_having_listened(shop: Shop) -> None:
    ref = await served(shop)
    await answers(shop, ref)
    await passes(shop, VISITOR_MS - MINUTE)
    await shop.group("G")
    target = TransferTarget(skill_group=shop.groups["G"])
    await shop.step(transfer_session(shop.desk, shop.call(), ref, target))
    await passes(shop, PENDING_MS - SECOND)
    assert await shop.where(ref) == "queued in G"


async def test_the_slot_that_an_end_frees_goes_to_the_next_in_the_same_commit(shop: Shop) -> None:
    ref = await served(shop)
    waiting = await shop.write("W")
    await passes(shop, PENDING_MS - SECOND)
    await shop.write("W")
    await passes(shop, AGENT_MS - PENDING_MS + SECOND)
    [ended] = [each for each in await shop.log(ref) if each.kind is Kind.SESSION_END]
    [assigned] = [each for each in await shop.log(waiting) if each.kind is Kind.ASSIGNED]
    assert (await shop.where(waiting), assigned.at) == ("with c", ended.at)


async def test_the_end_asks_for_a_rating_where_a_close_would(shop: Shop) -> None:
    await shop.settings(invites_rating_at_close=True)
    ref = await served(shop)
    await passes(shop, AGENT_MS)
    assert await last_kinds(shop, ref, 3) == [Kind.RATING_INVITED, Kind.AGENT_TIMEOUT_END, Kind.SESSION_END]


async def test_who_ended_waiting_is_asked_for_no_rating(shop: Shop) -> None:
    await shop.settings(invites_rating_at_close=True)
    await shop.agent("c", status=BUSY)
    ref = await shop.write("V")
    await passes(shop, PENDING_MS)
    assert Kind.RATING_INVITED not in await shop.kinds(ref)


async def test_a_deadline_that_fires_too_early_moves_itself_to_the_new_due_time(shop: Shop) -> None:
    ref = await served(shop)
    opened_at = shop.clock.now()
    assert await due_at(shop, ref) == opened_at + PENDING_MS
    await passes(shop, PENDING_MS)
    assert await due_at(shop, ref) == (await shop.session(ref)).assigned_at + AGENT_MS  # type: ignore[operator]


async def test_messages_do_not_touch_the_deadline(shop: Shop) -> None:
    ref = await served(shop)
    [before] = await deadlines.load(shop.desk.store, TENANT, [ref.id])
    await answers(shop, ref)
    await shop.write("V")
    assert await deadlines.load(shop.desk.store, TENANT, [ref.id]) == [before]


async def test_one_session_has_one_deadline(shop: Shop) -> None:
    await served(shop)
    await shop.write("V")
    page, has_more = await deadlines.due(shop.desk.store, shop.clock.now() + DAY, behind=None, limit=100)
    assert (len(page), has_more) == (1, False)


async def test_a_deadline_goes_with_its_session(shop: Shop) -> None:
    closed, ended = await served(shop), await shop.write("W")
    await shop.close(closed)
    await passes(shop, AGENT_MS + PENDING_MS)
    assert not (await shop.session(ended)).is_open
    assert await deadlines.load(shop.desk.store, TENANT, [closed.id, ended.id]) == [None, None]


async def test_without_time_outs_nothing_is_written_and_nothing_ends(shop: Shop) -> None:
    await shop.settings(timeouts=Timeouts())
    ref = await served(shop)
    assert await deadlines.load(shop.desk.store, TENANT, [ref.id]) == [None]
    await passes(shop, 2 * DAY)
    assert (await shop.session(ref)).is_open


async def test_time_outs_that_are_switched_on_hold_for_who_is_there(shop: Shop) -> None:
    await shop.settings(timeouts=Timeouts())
    ref = await served(shop)
    await shop.settings(timeouts=ALL)
    await passes(shop, AGENT_MS)
    assert (await shop.session(ref)).end_reason is Kind.AGENT_TIMEOUT_END


async def test_time_outs_that_are_switched_off_hold_for_nobody(shop: Shop) -> None:
    ref = await served(shop)
    await shop.settings(timeouts=Timeouts())
    await passes(shop, DAY)
    assert (await shop.session(ref)).is_open
    assert await deadlines.load(shop.desk.store, TENANT, [ref.id]) == [None]


async def test_a_time_out_made_shorter_holds_at_once(shop: Shop) -> None:
    await shop.settings(timeouts=Timeouts(agent_ms=DAY))
    ref = await served(shop)
    await shop.settings(timeouts=Timeouts(agent_ms=MINUTE))
    await passes(shop, MINUTE)
    assert (await shop.session(ref)).end_reason is Kind.AGENT_TIMEOUT_END


async def test_a_new_text_alone_arms_nobody(shop: Shop) -> None:
    ref = await served(shop)
    await forgets_deadline(shop, ref)
    worded = replace(ALL, warning_text="Are you there?")
    await update_settings(shop.desk, shop.call(), lambda known: replace(known, timeouts=worded))
    assert await deadlines.load(shop.desk.store, TENANT, [ref.id]) == [None]


async def test_what_is_saved_arms_a_page_of_sessions_and_the_sweep_the_rest(shop: Shop) -> None:
    await shop.settings(timeouts=NO_TIMEOUTS)
    for number in range(SWEEP_PAGE + 1):
        await ingest_message(shop.desk, shop.call(), IncomingMessage(visitor=f"V{number}"))
    await update_settings(shop.desk, shop.call(), lambda known: replace(known, timeouts=ALL))
    assert await _armed(shop) == SWEEP_PAGE
    await shop.step(sweep(shop.desk, TENANT))
    assert await _armed(shop) == SWEEP_PAGE + 1


async def _armed(shop: Shop) -> int:
    """Page by page: a store may give less than it was asked for."""
    found, behind, has_more = 0, None, True
    while has_more:
        page, has_more = await deadlines.due(
            shop.desk.store, shop.clock.now() + DAY, behind=behind, limit=DEADLINES_PAGE
        )
        found, behind = found + len(page), page[-1] if page else behind
    return found


async def forgets_deadline(shop: Shop, ref: SessionRef) -> None:
    [loaded] = await deadlines.load(shop.desk.store, TENANT, [ref.id])
    assert loaded
    await shop.desk.store.commit([deadlines.delete(TENANT, ref.id, loaded.version)], token=None)


async def test_the_sweep_finds_a_session_that_has_no_deadline(shop: Shop) -> None:
    refs = [await served(shop), await shop.write("W")]
    for ref in refs:
        await forgets_deadline(shop, ref)
    await shop.step(sweep(shop.desk, TENANT))
    await passes(shop, AGENT_MS)
    assert [(await shop.session(ref)).is_open for ref in refs] == [False, False]


async def test_a_vanished_agents_session_goes_back_and_his_visitors_time_begins_there(shop: Shop) -> None:
    ref = await served(shop)
    await shop.turn("c", OFFLINE)
    await passes(shop, 2 * MINUTE)
    await shop.step(sweep(shop.desk, TENANT))
    assert await shop.where(ref) == "queued in default"
    await passes(shop, PENDING_MS - SECOND)
    assert (await shop.session(ref)).is_open
    await passes(shop, SECOND)
    assert (await shop.session(ref)).end_reason is Kind.PENDING_AUTO_END


async def test_where_configured_a_warning_comes_before_the_end(shop: Shop) -> None:
    await shop.settings(timeouts=replace(ALL, warning_ms=MINUTE, warning_text="还在吗？"))
    ref = await served(shop)
    await answers(shop, ref)
    await passes(shop, VISITOR_MS - MINUTE)
    [warned] = [each for each in await shop.log(ref) if each.kind is Kind.TIMEOUT_WARNED]
    assert warned.message is not None
    assert (warned.warns_of, warned.message.text) == (Kind.USER_TIMEOUT_END, "还在吗？")
    await passes(shop, MINUTE)
    assert await last_kinds(shop, ref, 3) == [Kind.TIMEOUT_WARNED, Kind.USER_TIMEOUT_END, Kind.SESSION_END]


async def test_who_writes_after_a_warning_is_warned_again_before_his_end(shop: Shop) -> None:
    await shop.settings(timeouts=replace(ALL, warning_ms=MINUTE))
    ref = await served(shop)
    for _ in range(2):
        await answers(shop, ref)
        await passes(shop, VISITOR_MS - MINUTE)
        await shop.write("V")
    await answers(shop, ref)
    await passes(shop, VISITOR_MS + SECOND)
    kinds = await shop.kinds(ref)
    assert (kinds.count(Kind.TIMEOUT_WARNED), kinds.count(Kind.SESSION_END)) == (3, 1)


async def test_a_warning_that_comes_late_puts_the_end_off(shop: Shop) -> None:
    await shop.settings(timeouts=replace(ALL, warning_ms=MINUTE))
    ref = await served(shop)
    shop.clock.advance(DAY)
    await shop.step(look_at_each_due(shop.desk))
    await passes(shop, MINUTE - SECOND)
    assert await last_kinds(shop, ref, 1) == [Kind.TIMEOUT_WARNED]
    await passes(shop, SECOND)
    assert (await shop.session(ref)).end_reason is Kind.AGENT_TIMEOUT_END


async def test_that_the_agent_is_late_is_no_message_to_the_visitor(shop: Shop) -> None:
    await shop.settings(timeouts=replace(ALL, warning_ms=MINUTE))
    ref = await served(shop)
    await passes(shop, AGENT_MS - MINUTE)
    [warned] = [each for each in await shop.log(ref) if each.kind is Kind.TIMEOUT_WARNED]
    assert (warned.message, warned.warns_of) == (None, Kind.AGENT_TIMEOUT_END)


@pytest.mark.parametrize(
    ("timeouts", "field"),
    [
        (Timeouts(visitor_ms=9 * SECOND), "visitorTimeout"),
        (Timeouts(agent_ms=8 * DAY), "agentTimeout"),
        (Timeouts(pending_ms=59 * SECOND), "pendingTimeout"),
        (Timeouts(agent_ms=-1), "agentTimeout"),
        (Timeouts(agent_ms=MINUTE, warning_ms=31 * SECOND), "timeoutWarning"),
        (Timeouts(agent_ms=MINUTE, warning_ms=0), "timeoutWarning"),
        (Timeouts(agent_ms=MINUTE, warning_text=" "), "timeoutWarningText"),
    ],
)
async def test_time_outs_that_make_no_sense_are_refused(shop: Shop, timeouts: Timeouts, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await shop.settings(timeouts=timeouts)
    assert refused.value.field == (field,)


async def test_what_is_closed_for_silence_is_closed_to_its_agent(shop: Shop) -> None:
    ref = await served(shop)
    await passes(shop, AGENT_MS)
    with pytest.raises(Refusal):
        await send_message(shop.desk, Call(by=PARTNER), OutgoingMessage(session=ref, text="您好"))
