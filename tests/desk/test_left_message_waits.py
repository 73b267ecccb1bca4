"""What becomes of a left message that waits: its visitor is away, so silence does not end it, and it goes on by time alone."""

from collections.abc import Sequence

import pytest
from shop import BUSY, OFFLINE, ONLINE, TENANT, Shop

from kefu.desk.call import Call, Caller, Role
from kefu.desk.deadlines import look_at_each_due
from kefu.desk.directory import GroupChange, save_group
from kefu.desk.left_messages import MessageToLeave, bring_in, leave_message
from kefu.desk.sweep import sweep
from kefu.domain.channel import Channel
from kefu.domain.instants import HOUR, MINUTE
from kefu.domain.log import EventKind as Kind
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.timeouts import Timeouts
from kefu.domain.working_hours import WorkingHours
from kefu.records import deadlines, left_messages, sessions
from kefu.store.port import Span

# The shop's clock begins with 2026, a Thursday, at midnight UTC.
DAY_SHIFT = WorkingHours(zone="Etc/UTC", weekly=(((9 * 60, 18 * 60),),) * 7)
PENDING_MS = 3 * MINUTE


@pytest.fixture
async def shop(g1_and_presales: Shop) -> Shop:
    """By night; by day nobody will be free, and who waits and is away is let go after three minutes."""
    shop = g1_and_presales
    await shop.settings(working_hours=DAY_SHIFT, timeouts=Timeouts(pending_ms=PENDING_MS))
    await turn(shop, "abcd", BUSY)
    return shop


async def turn(shop: Shop, names: Sequence[str], status: object) -> None:
    for name in names:
        await shop.turn(name, status)  # type: ignore[arg-type]


async def leave(shop: Shop, visitor: str, **keys: object) -> None:
    """He writes, is declined, and leaves a message."""
    if keys:
        await shop.write(visitor, **keys)
    call = Call(by=Caller(tenant=TENANT, role=Role.VISITOR, user_name=visitor))
    message = MessageToLeave(visitor=visitor, channel=Channel.APP, text="请回电")
    await shop.step(leave_message(shop.desk, call, message))


async def opens(shop: Shop) -> None:
    shop.clock.advance(9 * HOUR)
    await swept(shop)


async def swept(shop: Shop) -> None:
    await shop.step(sweep(shop.desk, TENANT))


async def passes(shop: Shop, milliseconds: int) -> None:
    for _ in range(milliseconds // MINUTE):
        shop.clock.advance(MINUTE)
        await shop.step(look_at_each_due(shop.desk))


async def newest(shop: Shop, visitor: str) -> SessionRef:
    loaded = await sessions.newest(shop.desk.store, TENANT, visitor, Channel.APP)
    assert loaded is not None
    return loaded.value.session.ref


async def test_a_left_message_waits_for_an_agent_however_long_its_visitor_is_away(shop: Shop) -> None:
    await leave(shop, "V")
    await opens(shop)
    await passes(shop, 4 * PENDING_MS)
    assert await shop.where(await newest(shop, "V")) == "queued in default"
    await shop.turn("c", ONLINE)
    assert await shop.where(await newest(shop, "V")) == "with c"


async def test_two_left_messages_of_one_visitor_wait_like_one(shop: Shop) -> None:
    for _ in range(2):
        await leave(shop, "V")
    await opens(shop)
    ref = await newest(shop, "V")
    assert (await shop.kinds(ref)).count(Kind.USER_MESSAGE) == 2
    await passes(shop, 2 * PENDING_MS)
    assert (await shop.session(ref)).state is SessionState.WAITING


async def test_a_visitor_who_comes_to_his_left_message_and_goes_again_is_let_go(shop: Shop) -> None:
    await leave(shop, "V")
    await opens(shop)
    ref = await shop.write("V")
    await passes(shop, PENDING_MS)
    assert (await shop.session(ref)).end_reason is Kind.PENDING_AUTO_END


async def test_a_message_left_beside_a_session_that_waits_keeps_nobody_in_line(shop: Shop) -> None:
    await leave(shop, "V")
    shop.clock.advance(9 * HOUR)
    ref = await shop.write("V")
    await swept(shop)
    assert (await shop.kinds(ref)).count(Kind.USER_MESSAGE) == 2
    await passes(shop, PENDING_MS + MINUTE)
    assert (await shop.session(ref)).end_reason is Kind.PENDING_AUTO_END


async def test_left_messages_of_an_agent_who_vanished_wait_on(shop: Shop) -> None:
    await leave(shop, "V")
    await shop.turn("c", ONLINE)
    await opens(shop)
    ref = await newest(shop, "V")
    assert await shop.where(ref) == "with c"
    await shop.turn("c", OFFLINE)
    shop.clock.advance(3 * MINUTE)
    await swept(shop)
    await passes(shop, 2 * PENDING_MS)
    assert await shop.where(ref) == "queued in default"


async def test_a_session_opened_for_a_left_message_has_its_deadline_in_the_same_commit(shop: Shop) -> None:
    await leave(shop, "V")
    shop.clock.advance(9 * HOUR)
    [left], _ = await left_messages.waiting(shop.desk.store, TENANT, Span(limit=10))
    await shop.step(bring_in(shop.desk, TENANT, left))
    [deadline] = await deadlines.load(shop.desk.store, TENANT, [(await newest(shop, "V")).id])
    assert deadline is not None
    assert (deadline.version, deadline.value.due_at) == (1, shop.clock.now() + PENDING_MS)


async def test_a_declined_session_has_no_deadline(shop: Shop) -> None:
    declined = await shop.write("V")
    assert (await shop.session(declined)).end_reason is Kind.DECLINED
    assert await deadlines.load(shop.desk.store, TENANT, [declined.id]) == [None]


async def chain(shop: Shop, name: str, *to: str, after: int | None = None, queue_length_max: int | None = None) -> None:
    change = GroupChange(
        id=shop.groups[name],
        name=name,
        overflow_groups=tuple(shop.groups[each] for each in to),
        overflow_after_ms=after,
        queue_length_max=queue_length_max,
    )
    await shop.step(save_group(shop.desk, shop.call(), change))


async def test_a_left_message_stays_with_its_group_until_the_agents_have_come(shop: Shop) -> None:
    await chain(shop, "G1", "售前")
    await turn(shop, "abd", OFFLINE)
    await leave(shop, "V", queueName="G1")
    await opens(shop)
    await swept(shop)
    assert await shop.where(await newest(shop, "V")) == "queued in G1"
    await turn(shop, "da", ONLINE)
    assert await shop.where(await newest(shop, "V")) == "with a"


async def test_a_left_message_goes_on_by_time(shop: Shop) -> None:
    await chain(shop, "G1", "售前", after=2 * MINUTE)
    await turn(shop, "ab", OFFLINE)
    await leave(shop, "V", queueName="G1")
    await opens(shop)
    assert await shop.where(await newest(shop, "V")) == "queued in G1"
    shop.clock.advance(2 * MINUTE)
    await swept(shop)
    assert await shop.where(await newest(shop, "V")) == "queued in 售前"


async def test_who_waits_himself_behind_a_left_message_goes_on_where_nobody_is_online(shop: Shop) -> None:
    await chain(shop, "G1", "售前")
    await turn(shop, "ab", OFFLINE)
    await leave(shop, "V", queueName="G1")
    await opens(shop)
    assert await shop.where(await shop.write("W", queueName="G1")) == "queued in 售前"
    assert await shop.where(await newest(shop, "V")) == "queued in G1"
    assert await shop.where(await shop.write("V")) == "queued in 售前"


async def where(shop: Shop, *visitors: str) -> list[str]:
    return [await shop.where(await newest(shop, each)) for each in visitors]


async def test_left_messages_take_half_of_a_limited_queue_and_leave_the_rest_to_who_is_there(shop: Shop) -> None:
    await chain(shop, "G1", queue_length_max=2)
    for visitor in ("V1", "V2", "V3"):
        await leave(shop, visitor, queueName="G1")
    await opens(shop)
    assert await where(shop, "V1", "V2", "V3") == ["queued in G1", "CLOSED", "CLOSED"]
    assert await shop.where(await shop.write("live", queueName="G1")) == "queued in G1"
    await shop.turn("a", ONLINE)
    assert await where(shop, "V1") == ["with a"]
    await shop.close(await newest(shop, "V1"))
    assert await where(shop, "live") == ["with a"]
    await swept(shop)
    assert await where(shop, "V2", "V3") == ["queued in G1", "CLOSED"]


@pytest.mark.parametrize("queue_length_max", [0, 1])
async def test_where_hardly_anybody_may_wait_a_left_message_comes_in_once_somebody_is_free(
    shop: Shop, queue_length_max: int
) -> None:
    await chain(shop, "G1", "售前", queue_length_max=queue_length_max)
    await leave(shop, "V", queueName="G1")
    await opens(shop)
    assert await where(shop, "V") == ["CLOSED"]
    await shop.turn("b", ONLINE)
    await swept(shop)
    assert await where(shop, "V") == ["with b"]
