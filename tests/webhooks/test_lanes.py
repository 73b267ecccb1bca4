"""From the log to a receiver: in order, at the times of the schedule, once where all goes well."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
from shop import TENANT

from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.webhooks import delete_webhook
from kefu.domain.delivery import DeliveryState
from kefu.domain.instants import DAY, HOUR, MINUTE, SECOND
from kefu.domain.log import EventKind
from kefu.domain.session_ref import SessionRef
from kefu.feed.outgoing import Outgoing
from kefu.feed.webhook_claims import LEASE_MS
from kefu.feed.webhooks import tell, tell_due
from kefu.records import deliveries
from kefu.records.deliveries import LaneKey
from webhooks.stage import MESSAGES, Outlet

FIRST_MESSAGE = ["session.session_begin", "session.user_message", "session.human_requested", "session.assigned"]
END = ["session.agent_end", "session.session_end"]


async def answer(outlet: Outlet, session: SessionRef, text: str = "您好") -> None:
    message = OutgoingMessage(session=session, text=text)
    await outlet.shop.step(send_message(outlet.shop.desk, outlet.shop.call(), message))


async def test_what_happens_is_told_in_order(outlet: Outlet) -> None:
    await outlet.hook()
    session = await outlet.shop.write("V")
    await outlet.shop.close(session)
    await outlet.publish()
    assert outlet.told() == FIRST_MESSAGE + END


async def test_what_was_taken_is_not_told_again(outlet: Outlet) -> None:
    await outlet.hook()
    await outlet.shop.write("V")
    await outlet.publish()
    await outlet.tick(DAY)
    assert outlet.told() == FIRST_MESSAGE


async def test_a_change_that_comes_again_is_told_once(outlet: Outlet) -> None:
    await outlet.hook()
    start = outlet.position
    await outlet.shop.write("V")
    await outlet.publish()
    outlet.position = start
    await outlet.publish()
    assert outlet.told() == FIRST_MESSAGE


async def test_a_change_that_comes_again_writes_nothing(outlet: Outlet) -> None:
    hook, start = await outlet.hook(), outlet.position
    session = await outlet.shop.write("V")
    await outlet.publish()
    lane = LaneKey(tenant=TENANT, webhook=hook, session=session.id)
    before = await deliveries.load_lane(outlet.shop.desk.store, lane)
    outlet.position = start
    await outlet.publish()
    assert await deliveries.load_lane(outlet.shop.desk.store, lane) == before


async def test_what_happened_before_the_webhook_is_not_told(outlet: Outlet) -> None:
    session = await outlet.shop.write("V")
    await outlet.hook()
    await outlet.shop.close(session)
    await outlet.publish()
    assert outlet.told() == END


async def test_only_the_kinds_asked_for_are_told(outlet: Outlet) -> None:
    await outlet.hook(kinds=MESSAGES)
    session = await outlet.shop.write("V")
    await answer(outlet, session)
    await outlet.shop.close(session)
    await outlet.publish()
    assert outlet.told() == ["session.user_message", "session.agent_message"]


async def test_attempts_come_at_the_times_of_the_schedule_and_not_before(outlet: Outlet) -> None:
    await outlet.hook(kinds=(EventKind.SESSION_BEGIN,))
    outlet.receivers.takes = lambda _: False
    await outlet.shop.write("V")
    await outlet.publish()
    made = [len(outlet.receivers.got)]
    for wait in (5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR, 10 * HOUR):
        await outlet.tick(wait - 1)
        made.append(len(outlet.receivers.got))
        await outlet.tick(1)
        made.append(len(outlet.receivers.got))
    assert made == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 8]


async def test_every_attempt_has_the_same_id_and_a_fresh_signature(outlet: Outlet) -> None:
    await outlet.hook(kinds=(EventKind.SESSION_BEGIN,))
    outlet.receivers.takes = lambda _: len(outlet.receivers.got) == 1
    await outlet.shop.write("V")
    await outlet.publish()
    await outlet.tick(5 * SECOND)
    first, second = outlet.receivers.got
    assert first.message_id == second.message_id
    assert first.outgoing.body == second.outgoing.body
    assert first.outgoing.headers["webhook-signature"] != second.outgoing.headers["webhook-signature"]


async def test_a_later_event_waits_for_the_earlier_one(outlet: Outlet) -> None:
    await outlet.hook()
    outlet.receivers.takes = lambda _: False
    session = await outlet.shop.write("V")
    await outlet.publish()
    outlet.receivers.takes = lambda _: True
    await outlet.shop.close(session)
    await outlet.publish()
    assert outlet.told() == []
    await outlet.tick(5 * SECOND)
    assert outlet.told() == FIRST_MESSAGE + END


async def test_another_session_does_not_wait(outlet: Outlet) -> None:
    await outlet.hook(kinds=(EventKind.SESSION_BEGIN,))
    outlet.receivers.takes = lambda outgoing: b'"W"' in outgoing.body
    await outlet.shop.write("V")
    await outlet.shop.write("W")
    await outlet.publish()
    await outlet.tick()
    assert [each.body["data"]["session"]["visitorUserName"] for each in outlet.receivers.taken] == ["W"]


async def test_one_webhook_does_not_wait_for_another(outlet: Outlet) -> None:
    await outlet.hook(url="https://down.example/")
    await outlet.hook(url="https://up.example/")
    outlet.receivers.takes = lambda outgoing: "up.example" in outgoing.url
    await outlet.shop.write("V")
    await outlet.publish()
    assert outlet.told() == FIRST_MESSAGE


async def dead_letter(outlet: Outlet) -> None:
    """The first event of a session becomes one."""
    outlet.receivers.takes = lambda outgoing: b"session_begin" not in outgoing.body
    await outlet.shop.write("V")
    await outlet.publish()
    for wait in (5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR):
        await outlet.tick(wait)


async def test_a_dead_letter_lets_the_lane_go_on(outlet: Outlet) -> None:
    await outlet.hook()
    await dead_letter(outlet)
    assert outlet.told() == FIRST_MESSAGE[1:]


async def test_a_dead_letter_is_listed_with_what_came_back_last(outlet: Outlet) -> None:
    hook = await outlet.hook()
    await dead_letter(outlet)
    [letter] = await outlet.deliveries()
    assert (letter.webhook, letter.seq, letter.kind) == (hook, 1, EventKind.SESSION_BEGIN)
    assert (letter.state, letter.attempts, letter.answer) == (DeliveryState.DEAD, 8, "HTTP 500")


async def test_an_event_that_waits_for_its_next_attempt_is_listed(outlet: Outlet) -> None:
    await outlet.hook(kinds=(EventKind.SESSION_BEGIN,))
    outlet.receivers.takes = lambda _: False
    await outlet.shop.write("V")
    await outlet.publish()
    [waiting] = await outlet.deliveries()
    assert (waiting.state, waiting.attempts) == (DeliveryState.RETRYING, 1)
    assert waiting.due_at == waiting.tried_at + 5 * SECOND


async def test_an_event_that_was_taken_at_last_is_listed_as_delivered(outlet: Outlet) -> None:
    await outlet.hook(kinds=(EventKind.SESSION_BEGIN,))
    outlet.receivers.takes = lambda _: len(outlet.receivers.got) > 0
    await outlet.shop.write("V")
    await outlet.publish()
    await outlet.tick(5 * SECOND)
    assert [(each.state, each.attempts) for each in await outlet.deliveries()] == [(DeliveryState.DELIVERED, 2)]


async def test_two_who_take_up_what_is_due_tell_it_once(outlet: Outlet) -> None:
    await outlet.hook()
    await outlet.shop.write("V")
    claims = await outlet.take()
    outlet.shop.clock.advance(LEASE_MS)
    await outlet.tick()
    await tell(outlet.courier, claims[0])
    assert outlet.told() == FIRST_MESSAGE


async def test_while_somebody_has_a_lane_nobody_else_tells_it(outlet: Outlet) -> None:
    await outlet.hook()
    await outlet.shop.write("V")
    await outlet.take()
    assert await outlet.tick(LEASE_MS - 1) == 0


async def test_two_who_find_the_same_lane_due_tell_it_once(outlet: Outlet) -> None:
    await outlet.hook()
    outlet.receivers.takes = lambda _: len(outlet.receivers.got) > 0
    await outlet.shop.write("V")
    await outlet.publish()
    outlet.shop.clock.advance(5 * SECOND)
    await asyncio.gather(outlet.tick(), outlet.tick())
    assert outlet.told() == FIRST_MESSAGE


async def test_what_happens_while_a_lane_is_told_is_told_behind_it(outlet: Outlet) -> None:
    await outlet.hook()
    session = await outlet.shop.write("V")
    [claimed] = await outlet.take()
    await outlet.shop.close(session)
    assert await outlet.take() == []
    await tell(outlet.courier, claimed)
    assert outlet.told() == FIRST_MESSAGE + END


async def test_a_long_log_is_told_whole(outlet: Outlet) -> None:
    hook = await outlet.hook()
    session = await outlet.shop.write("V")
    for number in range(90):
        await answer(outlet, session, str(number))
    await outlet.changes()
    lane = LaneKey(tenant=TENANT, webhook=hook, session=session.id)
    await outlet.publish()
    await answer(outlet, session, "90")
    await outlet.publish()
    loaded = await deliveries.load_lane(outlet.shop.desk.store, lane)
    assert loaded is not None
    assert (len(outlet.told()), loaded.value.due_at) == (len(FIRST_MESSAGE) + 91, None)


async def test_a_deleted_webhook_is_told_nothing_more(outlet: Outlet) -> None:
    hook = await outlet.hook()
    await outlet.shop.write("V")
    claims = await outlet.take()
    await delete_webhook(outlet.shop.desk, outlet.shop.call(), hook)
    await tell(outlet.courier, claims[0])
    await outlet.tick(DAY)
    assert outlet.receivers.got == []


@pytest.mark.parametrize("days", [4, 5])
async def test_an_endpoint_that_took_nothing_for_five_days_is_switched_off(outlet: Outlet, days: int) -> None:
    hook = await outlet.hook()
    outlet.receivers.takes = lambda _: False
    for _ in range(days + 1):
        await outlet.shop.write("V")
        await outlet.publish()
        await outlet.tick()
        outlet.shop.clock.advance(DAY)
    webhook = await outlet.webhook(hook)
    assert (webhook.is_enabled, webhook.switched_off_at is not None) == (days < 5, days >= 5)


async def test_one_success_in_five_days_keeps_an_endpoint_on(outlet: Outlet) -> None:
    hook = await outlet.hook()
    for day in range(8):
        outlet.receivers.takes = lambda _, day=day: day == 4  # type: ignore[misc]
        await outlet.shop.write("V")
        await outlet.publish()
        await outlet.tick()
        outlet.shop.clock.advance(DAY)
    assert (await outlet.webhook(hook)).is_enabled


async def test_what_waits_when_a_webhook_is_switched_off_becomes_dead_letters(outlet: Outlet) -> None:
    hook = await outlet.hook()
    outlet.receivers.takes = lambda _: False
    await outlet.shop.write("V")
    await outlet.publish()
    await outlet.change(hook, is_enabled=False)
    await outlet.tick(5 * SECOND)
    assert [each.seq for each in await outlet.deliveries() if each.state is DeliveryState.DEAD] == [4, 3, 2, 1]
    assert len(outlet.receivers.got) == 1


async def test_what_waits_when_a_webhook_is_switched_off_and_on_becomes_a_dead_letter(outlet: Outlet) -> None:
    hook = await outlet.hook(kinds=(EventKind.SESSION_BEGIN,))
    outlet.receivers.takes = lambda _: False
    await outlet.shop.write("V")
    await outlet.publish()
    await outlet.change(hook, is_enabled=False)
    outlet.shop.clock.advance(3 * SECOND)
    await outlet.change(hook, is_enabled=True)
    await outlet.tick(5 * SECOND)
    assert [each.state for each in await outlet.deliveries()] == [DeliveryState.DEAD]


async def test_how_far_a_slow_receiver_came_is_known_though_the_sender_is_cut_off(outlet: Outlet) -> None:
    await outlet.hook()
    await outlet.shop.write("V")
    came = 0

    def slowly(_: Outgoing) -> bool:
        nonlocal came
        came += 1
        outlet.shop.clock.advance(4 * SECOND)
        if came == 3:
            raise asyncio.CancelledError
        return True

    outlet.receivers.takes = slowly
    with suppress(asyncio.CancelledError):
        await outlet.publish()
    outlet.receivers.takes = lambda _: True
    await outlet.tick(MINUTE)
    assert outlet.told() == FIRST_MESSAGE


async def test_a_webhook_that_is_enabled_again_is_told_what_happens_from_then_on(outlet: Outlet) -> None:
    hook = await outlet.hook()
    session = await outlet.shop.write("V")
    await outlet.publish()
    await outlet.change(hook, is_enabled=False)
    await answer(outlet, session)
    await outlet.publish()
    outlet.shop.clock.advance(10 * SECOND)
    await outlet.change(hook, is_enabled=True)
    await outlet.shop.close(session)
    await outlet.publish()
    assert outlet.told() == FIRST_MESSAGE + END


async def test_a_lane_in_trouble_is_not_the_next_ones(outlet: Outlet, caplog: pytest.LogCaptureFixture) -> None:
    await outlet.hook(url="https://broken.example/")
    await outlet.hook()
    outlet.receivers.takes = lambda _: False
    await outlet.shop.write("V")
    await outlet.publish()
    outlet.receivers.takes = trouble_at_broken
    await outlet.tick(5 * SECOND)
    assert outlet.told() == FIRST_MESSAGE
    assert "broke off" in caplog.text


def trouble_at_broken(outgoing: Outgoing) -> bool:
    if "broken.example" in outgoing.url:
        raise RuntimeError("a fault of ours")
    return True


async def test_many_lanes_of_a_dead_receiver_do_not_go_before_one_of_another(outlet: Outlet) -> None:
    dead, other = "https://dead.example/hooks", "https://other.example/hooks"
    outlet.receivers.takes = lambda _: False
    await outlet.hook(url=dead)
    for number in range(3):
        await outlet.shop.write(f"V{number}")
    await outlet.publish()
    await outlet.hook(url=other)
    await outlet.shop.write("W")
    await outlet.publish()
    outlet.shop.clock.advance(MINUTE)
    tried = len(outlet.receivers.got)
    await tell_due(outlet.courier, has_time_for(1), limit=2)
    assert {each.outgoing.url for each in outlet.receivers.got[tried:]} == {dead, other}


def has_time_for(rounds: int) -> Callable[[], bool]:
    left = iter([True] * rounds)
    return lambda: next(left, False)
