"""The brief's own client drives a whole chat: what it would show is what happened."""

import base64

from kefu.domain.agent import AgentStatus
from kefu.domain.message import MessageType
from wire.huawei.demo_client import DemoClient
from wire.huawei.office import PNG, Office


async def test_the_briefs_client_is_connected_and_hears_the_agent(office: Office) -> None:
    client = DemoClient(page=await office.page())
    await client.send_connect()
    await office.say("您好")
    await client.push_agent_messages()
    assert (client.to_agent, client.talks_to) == (True, "Alice")
    assert client.records == [(0, "已接通座席。", "系统"), (0, "您好", "Alice")]


async def test_the_briefs_client_shows_the_queue_tip_until_an_agent_writes(crowded: Office) -> None:
    client = DemoClient(page=await crowded.page())
    await client.send_connect()
    await client.push_agent_messages()
    assert (client.tips_shown, client.queue_positions) == (True, [1])
    await crowded.shop.agent("carol", status=AgentStatus.ONLINE)
    await crowded.say("轮到您了")
    await client.push_agent_messages()
    assert (client.tips_shown, client.talks_to) == (False, "carol")


async def test_the_briefs_client_draws_a_picture(office: Office) -> None:
    page = await office.page()
    client = DemoClient(page=page)
    await client.send_connect()
    key = (await page.upload(PNG, "png"))["objectKey"]
    await office.say("", type_=MessageType.IMAGE, objectKey=key, fileType="png")
    await client.push_agent_messages()
    assert client.records[-1] == (1, "data:image/jpeg;base64," + base64.b64encode(PNG).decode(), "Alice")


async def test_the_briefs_client_stops_when_the_agent_ends(office: Office) -> None:
    client = DemoClient(page=await office.page())
    await client.send_connect()
    await office.end()
    await client.push_agent_messages()
    assert not client.is_chatting


async def test_the_briefs_client_shows_nothing_twice(office: Office) -> None:
    client = DemoClient(page=await office.page())
    await client.send_connect()
    for number in range(5):
        await office.say(f"{number}")
        await client.push_agent_messages()
        await client.push_agent_messages()
    assert [text for _, text, _ in client.records] == ["已接通座席。", "0", "1", "2", "3", "4"]
