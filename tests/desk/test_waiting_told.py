"""What who waits is told: his place, and how long it may take where that can be said."""

import pytest
from shop import OFFLINE, TENANT, Shop

from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.desk.waiting_estimate import estimated_wait_ms
from kefu.domain.bounds import PACE_KNOWN_FOR_MS
from kefu.domain.instants import MINUTE
from kefu.domain.line import group_line
from kefu.domain.log import EventKind
from kefu.domain.message import MessageSender
from kefu.domain.queueing import Queueing
from kefu.domain.refusals import Invalid
from kefu.domain.session_ref import SessionRef

TOLD = Queueing(announces_place=True, place_text="Place {position}.", wait_text=" About {minutes} min.")


@pytest.fixture
async def shop(g1_and_presales: Shop) -> Shop:
    """As in the examples; d is full, and his visitors are told where they stand."""
    await g1_and_presales.settings(queueing=TOLD)
    await g1_and_presales.write("W", queueName="售前")
    return g1_and_presales


async def told(shop: Shop, ref: SessionRef) -> list[str]:
    queued = [entry.message for entry in await shop.log(ref) if entry.kind is EventKind.QUEUED]
    assert all(message is None or message.sender is MessageSender.SYSTEM for message in queued)
    return [message.text if message else "" for message in queued]


async def served_in(shop: Shop, minutes: int, group: str = "G1") -> None:
    """Three visitors, each with an agent for so long."""
    for number in range(3):
        ref = await shop.write(f"served {number}", queueName=group)
        shop.clock.advance(minutes * MINUTE)
        await shop.close(ref)


async def test_who_joins_a_line_is_told_his_place(shop: Shop) -> None:
    assert [await told(shop, await shop.write(who, queueName="售前")) for who in "XY"] == [["Place 1."], ["Place 2."]]


async def test_a_vip_is_told_the_place_that_he_has(shop: Shop) -> None:
    await shop.write("X", queueName="售前")
    assert await told(shop, await shop.write("VIP", queueName="售前", tags=["vip"])) == ["Place 1."]


async def test_the_wait_is_told_where_it_can_be_estimated(shop: Shop) -> None:
    await served_in(shop, 4)
    for name in "ab":
        await shop.write(f"with {name}", agentUsername=name)
    assert await told(shop, await shop.write("X", queueName="G1")) == ["Place 1. About 2 min."]
    assert await told(shop, await shop.write("Y", queueName="G1")) == ["Place 2. About 4 min."]


async def test_without_the_setting_nothing_is_told(shop: Shop) -> None:
    await shop.settings(queueing=Queueing())
    assert await told(shop, await shop.write("X", queueName="售前")) == [""]


async def test_who_waits_for_one_agent_is_told_his_place_there(shop: Shop) -> None:
    await shop.write("busy", agentUsername="a")
    assert await told(shop, await shop.write("X", agentUsername="a")) == ["Place 1."]


async def test_who_is_handed_on_is_told_his_place_anew(shop: Shop) -> None:
    await shop.write("first", queueName="售前")
    ref = await shop.write("X", agentUsername="c")
    target = TransferTarget(skill_group=shop.groups["售前"])
    await shop.step(transfer_session(shop.desk, shop.call(), ref, target))
    assert await told(shop, ref) == ["Place 2."]


async def test_what_is_told_is_a_message_of_the_session_and_nobody_has_answered_by_it(shop: Shop) -> None:
    session = await shop.session(await shop.write("X", queueName="售前"))
    assert session.last_message_seq == session.last_seq
    assert (session.unread, session.last_agent_message_at) == (1, None)


async def test_the_wait_cannot_be_said_where_nobody_is_online(shop: Shop) -> None:
    await served_in(shop, 4)
    line = group_line(shop.groups["G1"])
    assert await estimated_wait_ms(shop.desk, shop.call().tenant, line, 1) == 2 * MINUTE
    for name in "ab":
        await shop.turn(name, OFFLINE)
    shop.clock.advance(PACE_KNOWN_FOR_MS)
    assert await estimated_wait_ms(shop.desk, shop.call().tenant, line, 1) is None


async def test_the_wait_cannot_be_said_where_nobody_was_served(shop: Shop) -> None:
    await served_in(shop, 4)
    line = group_line(shop.groups["售前"])
    assert await estimated_wait_ms(shop.desk, shop.call().tenant, line, 1) is None


async def test_how_fast_a_line_moves_is_asked_twice_a_minute_and_the_place_each_time(shop: Shop) -> None:
    await served_in(shop, 4)
    assert await estimated_minutes(shop, 1) == 2
    await shop.turn("b", OFFLINE)
    shop.clock.advance(PACE_KNOWN_FOR_MS - 2)
    assert await estimated_minutes(shop, 2) == 4
    shop.clock.advance(1)
    assert await estimated_minutes(shop, 2) == 8


async def estimated_minutes(shop: Shop, position: int) -> int | None:
    wait_ms = await estimated_wait_ms(shop.desk, TENANT, group_line(shop.groups["G1"]), position)
    return None if wait_ms is None else round(wait_ms / MINUTE)


@pytest.mark.parametrize(
    "wrong", [{"directed_wait_max_ms": -1}, {"place_text": " "}, {"wait_text": ""}, {"full_text": "x" * 201}]
)
async def test_what_can_never_be_right_is_refused(shop: Shop, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        await shop.settings(queueing=Queueing(**wrong))  # type: ignore[arg-type]
