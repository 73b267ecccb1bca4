"""Outside working hours by the vendor's table: result 12, and a message that can be left."""

from dataclasses import replace

import pytest
from shop import TENANT

from kefu.desk.sweep import sweep
from kefu.domain.instants import HOUR
from kefu.domain.log import EventKind
from kefu.domain.session import SessionState
from kefu.domain.working_hours import WorkingHours
from wire.huawei.office import Office

OFF_HOURS = ("12", "The current time is not within the working time of the service agents")
LEFT = {"callId": "xiaoming", "caller": "13800000000", "leaveMessage": "请回电", "channel": "WEB"}
# The office's clock begins with 2026 at midnight UTC.
DAY_SHIFT = WorkingHours(zone="Etc/UTC", weekly=(((9 * 60, 18 * 60),),) * 7, outside_text="明天见")


@pytest.fixture
async def closed(office: Office) -> Office:
    await office.shop.settings(working_hours=DAY_SHIFT)
    return office


async def opens(office: Office) -> None:
    office.shop.clock.advance(9 * HOUR)
    await office.shop.step(sweep(office.shop.desk, TENANT))


async def test_p25_outside_hours_connect_is_12_and_a_left_message_is_accepted(closed: Office) -> None:
    page = await closed.page()
    answer = await page.connect()
    assert (answer["resultCode"], answer["resultDesc"]) == OFF_HOURS
    assert (await page.ask("doLeaveMessage", **LEFT))["resultCode"] == "0"


async def test_within_hours_connect_is_0(closed: Office) -> None:
    await opens(closed)
    assert (await (await closed.page()).connect())["resultCode"] == "0"


async def test_the_async_twin_says_12_too(closed: Office) -> None:
    page = await closed.page()
    assert (await page.ask("sendAsync", **page.sent("CONNECT", "hello")))["resultCode"] == "12"


async def test_outside_hours_connect_reaches_the_robot(closed: Office, with_bot: Office) -> None:
    answer = await (await closed.page()).connect()
    assert (answer["resultCode"], answer["resultDesc"]) == ("0", "connect to robot successfully.")


async def test_trans2agent_outside_hours_is_12(closed: Office, with_bot: Office) -> None:
    page = await closed.page()
    await page.connect()
    answer = await page.send("TRANS2AGENT")
    assert (answer["resultCode"], answer["resultDesc"]) == OFF_HOURS
    assert (await closed.session()).end_reason is EventKind.DECLINED


async def test_a_page_that_polls_is_told_why_by_the_system_and_then_disconnected(closed: Office) -> None:
    page = await closed.page()
    await page.connect()
    why, end = await page.poll()
    assert (why["sourceType"], why["controlType"], why["mediaType"], why["content"], why["senderNickname"]) == (
        "SYSTEM", "CHAT", "TEXT", "明天见", "系统",
    )  # fmt: skip
    assert (end["sourceType"], end["controlType"], end["content"]) == ("SYSTEM", "DISCONNECT", None)


async def test_the_next_morning_nobody_is_told_that_the_desk_is_closed(closed: Office) -> None:
    page = await closed.page()
    await page.connect()
    await opens(closed)
    page = await page.enter()
    await page.connect()
    assert "明天见" not in [each["content"] for each in await page.poll()]


async def test_queue_info_of_a_declined_session_says_that_it_has_ended(closed: Office) -> None:
    page = await closed.page()
    await page.connect()
    assert (await page.queue())["resultCode"] == "5"


async def test_chat_is_not_taken_after_12(closed: Office) -> None:
    page = await closed.page()
    await page.connect()
    assert (await page.send("CHAT", "hello?"))["resultCode"] == "13"


async def test_the_history_says_that_the_system_spoke(closed: Office) -> None:
    page = await closed.page()
    await page.connect()
    assert [each["sourceType"] for each in (await page.history())["messageList"]] == ["SYSTEM"]


async def test_a_message_left_after_12_waits_for_an_agent_when_the_desk_opens(closed: Office) -> None:
    page = await closed.page()
    await page.connect()
    await page.ask("doLeaveMessage", **LEFT)
    await opens(closed)
    session = await closed.session()
    assert (session.ref.ordinal, session.state) == (2, SessionState.ACTIVE)
    await closed.say("您好")
    page = await page.enter()
    assert [each["content"] for each in await page.poll()] == ["已接通座席。", "您好"]


async def test_a_page_that_connects_again_goes_on_in_the_session_of_its_left_message(closed: Office) -> None:
    page = await closed.page()
    await page.ask("doLeaveMessage", **LEFT)
    await opens(closed)
    page = await page.enter()
    assert (await page.connect())["resultCode"] == "0"
    assert (await closed.session()).ref.ordinal == 1


async def test_a_text_that_asks_the_robot_for_a_human_is_declined_to_the_poll(closed: Office, with_bot: Office) -> None:
    page = await closed.page()
    await page.connect()
    await page.poll()
    await closed.shop.settings(working_hours=replace(DAY_SHIFT, outside_text="later"))
    assert (await page.send("CHAT", "转人工"))["resultCode"] == "0"
    assert [(each["content"], each["controlType"]) for each in await page.poll()] == [
        ("later", "CHAT"), (None, "DISCONNECT"),
    ]  # fmt: skip
