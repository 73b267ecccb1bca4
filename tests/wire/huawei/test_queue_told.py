"""What a page is told of its place in the queue, and of a queue that is full."""

import pytest

from kefu.desk.directory import GroupChange, save_group
from kefu.domain.channel import Channel
from kefu.domain.directory import ChannelSettings
from kefu.domain.instants import MINUTE
from kefu.domain.queueing import FULL_TEXT, Queueing
from wire.huawei.office import Office, Page

TOLD = Queueing(announces_place=True, place_text="第 {position} 位。", wait_text="约 {minutes} 分钟。")


async def served_for_four_minutes(office: Office) -> None:
    for number in range(3):
        ref = await office.shop.write(f"served {number}")
        office.shop.clock.advance(4 * MINUTE)
        await office.shop.close(ref)


@pytest.fixture
async def full(office: Office) -> Office:
    """The channel leads to a group in which nobody is, and nobody may wait."""
    group = await office.shop.group("G")
    change = GroupChange(id=group, name="G", queue_length_max=0)
    await office.shop.step(save_group(office.shop.desk, office.shop.call(), change))
    await office.shop.settings(channels=(ChannelSettings(channel=Channel.WEB, skill_group=group),))
    return office


async def test_the_queue_notice_says_the_place_and_the_wait(office: Office) -> None:
    await served_for_four_minutes(office)
    page = await office.page()
    await office.shop.settings(queueing=TOLD)
    for visitor in ("first", "second"):
        await office.shop.write(visitor)
    await page.connect()
    [item] = await page.poll()
    assert item["content"] == "正在排队… 第 1 位。约 2 分钟。"
    assert (item["sourceType"], item["mediaType"], item["controlType"], item["queueFlag"]) == (
        "SYSTEM", "TEXT", "CHAT", True,
    )  # fmt: skip


async def test_query_queue_info_estimates_the_wait(office: Office) -> None:
    await served_for_four_minutes(office)
    page = await office.page()
    for visitor in ("first", "second"):
        await office.shop.write(visitor)
    await page.connect()
    assert (await page.queue())["estimateWaitTime"] == 2 * 60


async def test_where_little_is_known_who_waits_longest_is_the_estimate(crowded: Office, page: Page) -> None:
    await page.connect()
    crowded.shop.clock.advance(MINUTE)
    queue = await page.queue()
    assert queue["estimateWaitTime"] == queue["longestWaitTime"] == 60


async def test_at_a_full_queue_connect_fails_and_says_why(full: Office, page: Page) -> None:
    answered = await page.connect()
    assert (answered["resultCode"], answered["resultDesc"]) == ("13", "No ccucs address available!")
    why, end = await page.poll()
    assert (why["sourceType"], why["content"]) == ("SYSTEM", FULL_TEXT)
    assert (end["controlType"], end["sourceType"]) == ("DISCONNECT", "SYSTEM")
    assert (await page.queue())["resultCode"] == "5"


async def test_from_the_robot_into_a_full_queue_the_transfer_fails(full: Office, page: Page) -> None:
    channel = ChannelSettings(channel=Channel.WEB, skill_group=full.shop.groups["G"], has_bot=True)
    await full.shop.settings(channels=(channel,))
    await page.connect()
    assert (await page.send("TRANS2AGENT"))["resultCode"] == "13"
