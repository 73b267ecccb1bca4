"""Dead letters are sent again, in the order of their session."""

import pytest
from shop import PARTNER, TENANT

from kefu.desk.call import Call, Caller, Role
from kefu.desk.replay_deliveries import DeliveryName, replay_deliveries
from kefu.domain.bounds import DEAD_LETTERS_REPLAYED_MAX
from kefu.domain.delivery import DeliveryState
from kefu.domain.instants import HOUR, SECOND
from kefu.domain.refusals import Refusal, RefusalCode
from kefu.feed.webhook_claims import LEASE_MS
from webhooks.stage import Outlet

FIRST_MESSAGE = [1, 2, 3, 4]


@pytest.fixture
async def hook(outlet: Outlet) -> str:
    """A webhook that took nothing of a session until it was switched off; it is on again, and takes everything."""
    hook = await outlet.hook()
    outlet.receivers.takes = lambda _: False
    await outlet.shop.write("V")
    await outlet.publish()
    await outlet.change(hook, is_enabled=False)
    await outlet.tick(5 * SECOND)
    outlet.shop.clock.advance(HOUR)
    await outlet.change(hook, is_enabled=True)
    outlet.receivers.got.clear()
    outlet.receivers.takes = lambda _: True
    return hook


async def names(outlet: Outlet) -> list[DeliveryName]:
    return [DeliveryName(each.webhook, each.ref.id, each.seq) for each in await outlet.deliveries()]


async def replay(outlet: Outlet, *which: DeliveryName, by: Caller = PARTNER) -> None:
    await replay_deliveries(outlet.shop.desk, Call(by=by), which)


async def refused(outlet: Outlet, *which: DeliveryName) -> RefusalCode:
    with pytest.raises(Refusal) as refusal:
        await replay(outlet, *which)
    return refusal.value.code


def told(outlet: Outlet) -> list[int]:
    return [each.body["data"]["seq"] for each in outlet.receivers.taken]


async def test_dead_letters_are_told_in_the_order_of_their_session(outlet: Outlet, hook: str) -> None:
    await replay(outlet, *await names(outlet))
    await outlet.tick()
    assert told(outlet) == FIRST_MESSAGE


async def test_only_those_named_are_told(outlet: Outlet, hook: str) -> None:
    latest, _, third, _ = await names(outlet)
    await replay(outlet, third, latest)
    await outlet.tick()
    assert told(outlet) == [2, 4]


async def test_two_replays_of_one_session_keep_its_order(outlet: Outlet, hook: str) -> None:
    fourth, third, second, first = await names(outlet)
    await replay(outlet, third)
    await replay(outlet, fourth, first)
    await replay(outlet, second)
    await outlet.tick()
    assert told(outlet) == FIRST_MESSAGE


async def test_a_replay_that_begins_while_another_is_told_loses_nothing(outlet: Outlet, hook: str) -> None:
    fourth, _, second, first = await names(outlet)
    await replay(outlet, second, fourth)
    asked: list[DeliveryName] = [first]

    async def while_it_is_told() -> None:
        await replay(outlet, asked.pop())

    outlet.receivers.between = while_it_is_told
    await outlet.tick()
    await outlet.tick(LEASE_MS)
    assert set(told(outlet)) == {1, 2, 4}


async def test_a_replayed_event_has_the_id_and_body_that_it_had(outlet: Outlet, hook: str) -> None:
    ref = (await outlet.deliveries())[0].ref
    await replay(outlet, (await names(outlet))[0])
    await outlet.tick()
    [got] = outlet.receivers.got
    assert (got.message_id, got.body["data"]["session"]["agentUserName"]) == (f"{ref.id}-4", "a")


async def test_what_was_replayed_is_delivered(outlet: Outlet, hook: str) -> None:
    await replay(outlet, *await names(outlet))
    await outlet.tick()
    assert {each.state for each in await outlet.deliveries()} == {DeliveryState.DELIVERED}


async def test_what_fails_again_is_tried_by_the_schedule(outlet: Outlet, hook: str) -> None:
    outlet.receivers.takes = lambda _: len(outlet.receivers.got) > 0
    await replay(outlet, (await names(outlet))[0])
    await outlet.tick()
    before = await outlet.deliveries()
    await outlet.tick(5 * SECOND)
    assert (before[0].state, before[0].attempts, told(outlet)) == (DeliveryState.RETRYING, 1, [4])


async def test_what_is_no_dead_letter_is_not_replayed(outlet: Outlet, hook: str) -> None:
    [latest, *_] = await names(outlet)
    await replay(outlet, latest)
    assert await refused(outlet, latest) is RefusalCode.WEBHOOK_DELIVERY_NOT_FOUND
    nobodys = DeliveryName(hook, latest.session, 99)
    assert await refused(outlet, nobodys) is RefusalCode.WEBHOOK_DELIVERY_NOT_FOUND


async def test_nothing_is_replayed_to_a_webhook_that_is_off(outlet: Outlet, hook: str) -> None:
    await outlet.change(hook, is_enabled=False)
    assert await refused(outlet, (await names(outlet))[0]) is RefusalCode.WEBHOOK_DISABLED


async def test_one_that_cannot_be_replayed_keeps_all_back(outlet: Outlet, hook: str) -> None:
    [latest, *_] = await names(outlet)
    await refused(outlet, latest, DeliveryName(hook, latest.session, 99))
    await outlet.tick()
    assert told(outlet) == []


@pytest.mark.parametrize("count", [0, DEAD_LETTERS_REPLAYED_MAX + 1])
async def test_too_few_or_too_many_are_refused(outlet: Outlet, hook: str, count: int) -> None:
    which = [DeliveryName(hook, "s", number) for number in range(count)]
    assert await refused(outlet, *which) is RefusalCode.INVALID_INPUT


async def test_an_agent_replays_nothing(outlet: Outlet, hook: str) -> None:
    with pytest.raises(Refusal, match="role AGENT"):
        await replay(outlet, *await names(outlet), by=Caller(tenant=TENANT, role=Role.AGENT, user_name="a"))
