"""Reports of what happened at a desk, whatever lies under it."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest
from shop import BUSY, OFFLINE, ONLINE, TENANT, Shop

from kefu.desk.directory import GroupChange, save_group
from kefu.desk.sweep import sweep
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.channel import Channel
from kefu.domain.directory import ChannelSettings
from kefu.domain.instants import DAY, HOUR, MINUTE, SECOND, Instant
from kefu.domain.report_grouping import ReportGrouping as By
from kefu.domain.service_course import Course
from kefu.records.service_courses import TooMuchToRead, courses
from kefu.store.port import Store
from kefu.testing.clocks import NEW_YEAR_2026
from kefu.testing.ledger import read_ledger
from kefu.testing.report_recomputed import Asked, Rows, recomputed, told


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


@pytest.fixture
async def shop(g1_and_presales: Shop) -> Shop:
    return g1_and_presales


async def report(shop: Shop, by: By, length: int = HOUR, since: Instant = NEW_YEAR_2026) -> Rows:
    """From the beginning until now, held against the raw entries."""
    now = shop.clock.now()
    asked = Asked(by, [*range(since, now, length), now + 1], 20 * SECOND, now)
    rows = await told(shop.desk.store, TENANT, asked)
    assert rows == recomputed(await read_ledger(shop.desk.store, TENANT), asked)
    return rows


async def read(shop: Shop, since: Instant, until: Instant, logs_max: int = 100) -> list[Course]:
    async with aclosing(courses(shop.desk.store, TENANT, since, until, logs_max)) as found:
        return [course async for course in found]


async def overflows(shop: Shop) -> None:
    """Bound to b, who is busy and then goes; G1 takes over."""
    await shop.bind("F", "V", "b")
    await shop.turn("b", BUSY)
    ref = await shop.write("V", businessFlag="F", queueName="G1")
    shop.clock.advance(30 * SECOND)
    await shop.turn("b", OFFLINE)
    await shop.close(ref)


async def transfers(shop: Shop) -> None:
    ref = await shop.write("V", queueName="G1")
    target = TransferTarget(skill_group=shop.groups["售前"])
    shop.clock.advance(MINUTE)
    await shop.step(transfer_session(shop.desk, shop.call(), ref, target))
    await shop.close(ref)


async def abandons(shop: Shop) -> None:
    for visitor in "VWX":
        await shop.write(visitor, queueName="G1")
    shop.clock.advance(MINUTE)
    await shop.turn("a", OFFLINE)


async def vanishes(shop: Shop) -> None:
    """Agent d goes with a session in his hands, and it is handed on by the sweep."""
    await shop.write("V", queueName="售前")
    await shop.turn("d", OFFLINE)
    shop.clock.advance(5 * MINUTE)
    await shop.step(sweep(shop.desk, TENANT))
    await shop.turn("d", ONLINE)


async def asks_the_bot(shop: Shop) -> None:
    await shop.settings(channels=(ChannelSettings(channel=Channel.WEB, has_bot=True),))
    await shop.ingest("V", "hm", channel=Channel.WEB)
    shop.clock.advance(MINUTE)
    await shop.ingest("V", "转人工", channel=Channel.WEB)


async def waits_for_one(shop: Shop) -> None:
    first = await shop.write("V", agentUsername="a")
    await shop.write("W", agentUsername="a")
    shop.clock.advance(2 * HOUR)
    await shop.close(first)


async def is_passed_on(shop: Shop) -> None:
    """One may wait in G1, and one does: 售前 takes over."""
    change = GroupChange(id=shop.groups["G1"], name="G1", queue_length_max=1, overflow_groups=(shop.groups["售前"],))
    await shop.step(save_group(shop.desk, shop.call(), change))
    for name in "ab":
        await shop.write(f"with {name}", agentUsername=name)
    for visitor in "VW":
        await shop.write(visitor, queueName="G1")


async def rests(_shop: Shop) -> None:
    pass


@pytest.mark.parametrize(
    "happening", [overflows, transfers, abandons, vanishes, asks_the_bot, waits_for_one, is_passed_on, rests]
)
async def test_a_report_says_what_the_raw_entries_do(shop: Shop, happening: Callable[[Shop], Awaitable[None]]) -> None:
    await happening(shop)
    told_by = {by: await report(shop, by) for by in By}
    assert all(told_by.values()) == (happening is not rests)


async def test_an_overflow_from_a_bound_agent_is_charged_to_him_and_the_answer_to_who_took_over(shop: Shop) -> None:
    await overflows(shop)
    rows = await report(shop, By.AGENT)
    assert {name: (row["passed on"], row["answered"], row["overflowed out"]) for (_, name), row in rows.items()} == {
        "a": (0, 1, 0), "b": (1, 0, 1),
    }  # fmt: skip


async def test_to_the_tenant_a_session_that_overflowed_was_offered_once(shop: Shop) -> None:
    await overflows(shop)
    [row] = (await report(shop, By.NONE)).values()
    assert (row["offered"], row["answered"], row["answer"]) == (1, 1, (30_001,) * 4)


async def test_whom_a_full_queue_passed_on_was_offered_to_the_tenant(shop: Shop) -> None:
    await is_passed_on(shop)
    [row] = (await report(shop, By.NONE)).values()
    assert (row["offered"], row["answered"], row["waiting"]) == (4, 3, 1)


async def test_more_sessions_than_are_read_side_by_side_are_all_read(shop: Shop) -> None:
    for number in range(20):
        await shop.write(f"V{number}", queueName="G1")
    [row] = (await report(shop, By.NONE)).values()
    assert (row["offered"], row["answered"], row["waiting"]) == (20, 2, 18)


async def test_a_session_of_the_bot_alone_is_not_read(shop: Shop) -> None:
    await shop.settings(channels=(ChannelSettings(channel=Channel.WEB, has_bot=True),))
    await shop.ingest("V", "hm", channel=Channel.WEB)
    assert await read(shop, 0, shop.clock.now() + 1) == []


async def test_a_session_that_ended_before_the_span_is_not_read(shop: Shop) -> None:
    await shop.close(await shop.write("V"))
    now = shop.clock.now()
    assert await read(shop, now + 1, now + DAY) == []


async def test_a_session_that_begins_with_the_end_of_the_span_is_not_read(shop: Shop) -> None:
    await shop.write("V")
    now = shop.clock.now()
    assert (await read(shop, 0, now), len(await read(shop, 0, now + 1))) == ([], 1)


async def test_a_session_that_began_a_week_before_the_span_is_read(shop: Shop) -> None:
    ref = await shop.write("V")
    begun_at = shop.clock.now()
    shop.clock.advance(7 * DAY)
    await shop.close(ref)
    assert len(await read(shop, begun_at + 7 * DAY, begun_at + 8 * DAY)) == 1


async def test_a_session_that_began_earlier_than_that_is_not_read_once_it_has_ended(shop: Shop) -> None:
    ref = await shop.write("V")
    begun_at = shop.clock.now()
    shop.clock.advance(8 * DAY)
    span = begun_at + 7 * DAY + 1, begun_at + 9 * DAY
    assert len(await read(shop, *span)) == 1
    await shop.close(ref)
    assert await read(shop, *span) == []


async def test_more_sessions_than_a_report_is_made_of_are_refused(shop: Shop) -> None:
    await shop.write("V")
    await shop.write("W")
    assert len(await read(shop, 0, shop.clock.now() + 1, logs_max=2)) == 2
    with pytest.raises(TooMuchToRead):
        await read(shop, 0, shop.clock.now() + 1, logs_max=1)


async def test_nothing_of_another_tenant_is_read(shop: Shop) -> None:
    await shop.write("V")
    async with aclosing(courses(shop.desk.store, "another", 0, shop.clock.now() + 1)) as found:
        assert [course async for course in found] == []
