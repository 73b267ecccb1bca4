"""H4 to H9: what a page is told, once and in order, whoever answers the poll."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest
from shop import BUSY, ONLINE, TENANT, Shop
from starlette.applications import Starlette

from kefu.blobs.memory import MemoryBlobs
from kefu.desk.call import Caller, Role
from kefu.desk.deadlines import look_at_each_due
from kefu.desk.tenants import create_tenant
from kefu.desk.web_clients import claim_poll, tell
from kefu.domain.channel import Channel
from kefu.domain.instants import MINUTE, SECOND
from kefu.domain.message import MessageType
from kefu.domain.timeouts import Timeouts
from kefu.records import web_clients
from kefu.store.sqlite import SqliteStore
from kefu.testing.clocks import ManualClock
from kefu.testing.faults import FaultyStore
from kefu.wire.huawei import routes
from kefu.wire.huawei.downlink import is_told
from wire.huawei.conftest import LONG_POLL_S, client_of
from wire.huawei.office import CLIENT_ID, ENTRY, PNG, SECRET, SECRET_ID, Office, Page

SECONDS_LONG = 120
"""Only a test that has failed waits so long; a poll would wait longer still."""


def gist(told: list[dict[str, Any]]) -> list[tuple[str, str, object]]:
    return [(each["sourceType"], each["controlType"], each["content"]) for each in told]


CONNECTED = ("SYSTEM", "CHAT", "已接通座席。")


async def test_w01_connect_then_poll(office: Office, page: Page) -> None:
    await page.connect()
    await office.say("您好")
    assert gist(await page.poll()) == [CONNECTED, ("AGENT", "CHAT", "您好")]


async def test_h04_a_poll_says_so_in_the_vendors_words(page: Page) -> None:
    answered = (await page.get("poll", receiverId=page.user, channel="WEB", isNeedRead="true")).json()
    assert answered == {
        "resultCode": "0",
        "resultDesc": "query user messages success.",
        "downlinkMessages": [],
    }


async def test_w02_nothing_then_one_text_then_nothing(office: Office, page: Page) -> None:
    await page.connect()
    await page.poll()
    assert await page.poll() == []
    await office.say("您好")
    assert gist(await page.poll()) == [("AGENT", "CHAT", "您好")]
    assert await page.poll() == []


async def test_h04_every_message_is_told_once_and_in_order(office: Office, page: Page) -> None:
    await page.connect()
    await page.poll()
    told = []
    for number in range(130):
        await office.say(f"{number}")
        if number % 60 == 59:
            told += await page.poll()
    while more := await page.poll():
        told += more
    assert [each["content"] for each in told] == [f"{number}" for number in range(130)]


async def test_h04_what_is_not_for_the_page_does_not_end_its_poll(office: Office) -> None:
    page = await office.page(is_patient=True)
    await page.connect()
    await page.poll()
    async with asyncio.timeout(SECONDS_LONG):
        waiting, _ = await _waiting(office, page)
        await page.send("CHAT", "are you there?")
        await office.shop.write("somebody else")
        await office.say("您好")
        assert gist(await waiting) == [("AGENT", "CHAT", "您好")]


async def test_h04_what_came_after_the_page_hung_up_is_kept_for_its_next_poll(office: Office) -> None:
    page = await office.page(is_patient=True)
    await page.connect()
    await page.poll()
    before, hung_up = await _turn(office, page), asyncio.Event()
    app = Starlette(routes=routes.routes(office.shop.desk, SECRET, office.blobs, poll_wait_s=LONG_POLL_S))
    async with asyncio.timeout(SECONDS_LONG):
        waiting = asyncio.create_task(_abandoned_poll(app, page, hung_up))
        await _polling(office, page, but=before)
        hung_up.set()
        await office.say("您好")
        await waiting
        assert gist(await page.poll()) == [("AGENT", "CHAT", "您好")]


async def _abandoned_poll(app: Starlette, page: Page, hung_up: asyncio.Event) -> None:
    """As a server calls the app for a page that hangs up while its poll waits."""
    request = page.http.build_request("GET", "/apiaccess/ccmessaging/poll", headers=dict(page.headers))

    async def receive() -> dict[str, object]:
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(_message: object) -> None: ...

    scope = {
        "type": "http",
        "method": "GET",
        "path": request.url.path,
        "query_string": f"receiverId={page.user}&channel=WEB".encode(),
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
    }
    await app(scope, receive, send)


async def test_h04_the_newer_of_two_polls_wins(office: Office) -> None:
    page = await office.page(is_patient=True)
    await page.connect()
    await page.poll()
    async with asyncio.timeout(SECONDS_LONG):
        older, name = await _waiting(office, page)
        newer = asyncio.create_task(page.poll())
        assert await older == []
        await _polling(office, page, but=name)
        await office.say("您好")
        assert gist(await newer) == [("AGENT", "CHAT", "您好")]


async def test_h04_a_poll_at_another_process_wins_as_well(office: Office) -> None:
    blobs = MemoryBlobs()
    other = Shop(store=office.shop.desk.store, clock=office.shop.clock)
    page = await office.page(is_patient=True)
    await page.connect()
    await page.poll()
    async with client_of(other, blobs, LONG_POLL_S) as http, asyncio.timeout(SECONDS_LONG):
        older, name = await _waiting(office, page)
        elsewhere = Page(http=http, headers=page.headers)
        newer = asyncio.create_task(elsewhere.poll())
        assert await older == []
        await _polling(office, page, but=name)
        await office.say("您好")
        assert gist(await newer) == [("AGENT", "CHAT", "您好")]


async def test_h04_each_of_two_processes_over_one_file_tells_what_the_other_did_not(tmp_path: Path) -> None:
    stores = [await SqliteStore.open(str(tmp_path / "kefu.db")) for _ in range(2)]
    async with AsyncExitStack() as stack:
        for store in stores:
            stack.push_async_callback(store.close)
        first, second = (Shop(store=store, clock=ManualClock()) for store in stores)
        http = [
            await stack.enter_async_context(client_of(shop, MemoryBlobs(), LONG_POLL_S)) for shop in (first, second)
        ]
        office = Office(shop=first, http=http[0], patient=http[0], blobs=MemoryBlobs())
        await create_tenant(first.desk, TENANT, "Shop", client_id=CLIENT_ID, secret_id=SECRET_ID)
        await first.agent("alice")
        here = await office.page()
        there = Page(http=http[1], headers=here.headers)
        async with asyncio.timeout(SECONDS_LONG):
            await here.connect()
            assert gist(await there.poll()) == [CONNECTED]
            waiting, _ = await _waiting(office, there)
            await office.say("您好")
            assert gist(await waiting) == [("AGENT", "CHAT", "您好")]


async def test_h04_many_polls_at_once_are_told_everything_once(office: Office, page: Page) -> None:
    await page.connect()
    for number in range(20):
        await office.say(f"{number}")
    polls = await asyncio.gather(*(page.poll() for _ in range(8)))
    polls.append(await page.poll())
    told = [each["content"] for poll in polls for each in poll if each["sourceType"] == "AGENT"]
    assert sorted(told, key=int) == [f"{number}" for number in range(20)]


async def test_h04_what_was_told_is_known_to_the_next_process(office: Office, page: Page) -> None:
    await page.connect()
    await office.say("first")
    await page.poll()
    await office.say("second")
    restarted = Shop(store=office.shop.desk.store, clock=office.shop.clock)
    async with client_of(restarted, MemoryBlobs(), 0.02) as http:
        assert gist(await Page(http=http, headers=page.headers).poll()) == [("AGENT", "CHAT", "second")]


async def test_h04_a_page_that_applies_again_goes_on_where_it_was(office: Office, page: Page) -> None:
    await page.connect()
    await page.poll()
    await office.say("while the page was reloaded")
    assert gist(await (await office.page()).poll()) == [("AGENT", "CHAT", "while the page was reloaded")]


async def test_h04_long_silence_of_the_agent_costs_no_message(office: Office, page: Page) -> None:
    await page.connect()
    await page.poll()
    for number in range(60):
        await page.send("CHAT", f"{number}")
        if number % 12 == 0:
            await page.poll()
    await office.say("at last")
    assert gist(await page.poll()) == [("AGENT", "CHAT", "at last")]


async def test_h04_after_many_sessions_without_a_poll_the_newest_is_told(office: Office, page: Page) -> None:
    for _ in range(23):
        await page.connect()
        await page.send("DISCONNECT")
    await page.connect()
    assert gist(await page.poll()) == [CONNECTED]


@pytest.mark.parametrize("pages", [3, 5, 7])
async def test_h04_what_lies_behind_more_pages_than_are_read_at_once_is_told_by_one_look(
    office: Office, page: Page, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    monkeypatch.setattr("kefu.desk.web_clients.PAGES_TOLD_MAX", pages)
    monkeypatch.setattr("kefu.desk.web_clients.ENTRIES_TOLD_MAX", 2)
    monkeypatch.setattr("kefu.desk.web_clients.SESSIONS_TOLD_PAGE", 2)
    await page.connect()
    await page.poll()
    for _ in range(3):
        for number in range(6):
            await page.send("CHAT", f"{number}")
        await page.send("DISCONNECT")
        await page.connect()
    visitor = Caller(tenant=TENANT, role=Role.VISITOR, user_name=page.user)
    poll = await claim_poll(office.shop.desk, visitor, Channel.WEB)
    told = await tell(office.shop.desk, visitor, Channel.WEB, poll, is_told)
    assert [each.session for each in told] == [await office.session()]


async def test_h04_what_is_not_for_the_page_is_not_read_for_ever(office: Office, page: Page) -> None:
    await page.connect()
    await page.poll()
    for number in range(30):
        await page.send("CHAT", f"{number}")
    await page.poll()
    loaded = await web_clients.load(office.shop.desk.store, TENANT, page.user, Channel.WEB)
    assert loaded is not None
    assert loaded.value.told_seq == (await office.session()).last_seq


@pytest.mark.parametrize("seed", range(4))
async def test_h04_over_a_store_in_trouble_everything_is_told_once_and_in_order(
    office: Office, page: Page, seed: int
) -> None:
    rough = Shop(clock=office.shop.clock, store=FaultyStore(office.shop.desk.store, Random(seed)))
    told: list[str] = []
    async with client_of(rough, MemoryBlobs(), 0.001) as http:
        there = Page(http=http, headers=page.headers)
        for _ in range(4):
            await page.connect()
            for number in range(len(told), len(told) + 12):
                await office.say(f"{number}")
                told += await _said_to(there)
            await page.send("DISCONNECT")
            while more := await _said_to(there):
                told += more
    assert told == [f"{number}" for number in range(48)]


async def _said_to(page: Page) -> list[str]:
    """What agents said, by one poll that got through."""
    while (answered := await page.get("poll", receiverId=page.user, channel="WEB")).status_code != 200:
        assert answered.json()["resultCode"] == "500"
    items = answered.json()["downlinkMessages"]
    return [item["content"] for item in items if item["sourceType"] == "AGENT" and item["content"]]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"receiverId": "xiaoming"},
        {"channel": "WEB"},
        {"receiverId": "another", "channel": "WEB"},
        {"receiverId": "xiaoming", "channel": "web chat"},
        {"receiverId": "xiaoming", "channel": "WEB", "isNeedRead": "perhaps"},
        {"receiverId": "x" * 33, "channel": "WEB"},
    ],
)
async def test_h04_a_poll_that_is_not_asked_rightly_is_told_nothing(
    office: Office, page: Page, params: dict[str, str]
) -> None:
    await page.connect()
    answered = await page.get("poll", **params)
    assert (answered.status_code, answered.json()["resultCode"]) == (200, "1")
    assert await page.poll()


async def test_h05_the_first_message_of_an_agent_carries_his_name(office: Office, page: Page) -> None:
    await page.connect()
    await office.say("您好")
    [_, said] = await page.poll()
    assert (said["sourceType"], said["senderNickname"], said["mediaType"]) == ("AGENT", "Alice", "TEXT")


async def test_h05_after_a_transfer_the_new_name_is_told(office: Office, page: Page) -> None:
    await page.connect()
    await page.poll()
    await office.hand_to("bob")
    await office.say("here is Bob")
    notice, said = await page.poll()
    assert (notice["sourceType"], notice["content"]) == ("SYSTEM", "已转接至座席 Bob。")
    assert (said["sourceType"], said["senderNickname"]) == ("AGENT", "Bob")


@pytest.mark.parametrize("type_", [MessageType.IMAGE, MessageType.VIDEO, MessageType.AUDIO])
async def test_h07_media_are_told_by_their_key(office: Office, page: Page, type_: MessageType) -> None:
    await page.connect()
    await page.poll()
    key = (await page.upload(PNG, "png"))["objectKey"]
    await office.say("", type_=type_, objectKey=key, fileType="png")
    [item] = await page.poll()
    assert (item["mediaType"], item["content"], item["mediaFileType"]) == (type_.value, key, "png")


async def test_h07_media_that_lie_elsewhere_are_told_as_a_link(office: Office, page: Page) -> None:
    await page.connect()
    await page.poll()
    await office.say("", type_=MessageType.IMAGE, url="https://x.example/a.png")
    [item] = await page.poll()
    assert (item["mediaType"], item["content"]) == ("TEXT", "https://x.example/a.png")


@pytest.mark.parametrize(
    ("type_", "payload", "media"),
    [
        (MessageType.FILE, {"objectKey": "0.pdf", "fileType": "pdf"}, "DOCUMENT"),
        (MessageType.LOCATION, {"latitude": 31.2, "longitude": 121.4, "address": "上海"}, "LOCATE"),
        (MessageType.LOCATION, {}, "TEXT"),
        (MessageType.CARD, {"title": "订单"}, "TEXT"),
        (MessageType.IMAGE, {"objectKey": 5}, "TEXT"),
    ],
)
async def test_h07_every_type_of_message_has_its_media_type(
    office: Office, page: Page, type_: MessageType, payload: dict[str, object], media: str
) -> None:
    await page.connect()
    await page.poll()
    await office.say("shown", type_=type_, **payload)
    [item] = await page.poll()
    assert item["mediaType"] == media


async def test_a_long_text_is_told_in_pieces_of_500(office: Office, page: Page) -> None:
    await page.connect()
    await page.poll()
    await office.say("长" * 1_201)
    told = await page.poll()
    assert [len(each["content"]) for each in told] == [500, 500, 201]


async def test_w05_the_agents_end_is_one_disconnect_of_an_agent(office: Office, page: Page) -> None:
    await page.connect()
    await page.poll()
    await office.end()
    [item] = await page.poll()
    assert (item["controlType"], item["sourceType"]) == ("DISCONNECT", "AGENT")
    assert (item["content"], item["mediaType"]) == (None, None)
    assert await page.poll() == []


async def test_h08_the_visitors_own_end_is_told_by_the_system(page: Page) -> None:
    await page.connect()
    await page.poll()
    await page.send("DISCONNECT")
    assert gist(await page.poll()) == [("SYSTEM", "DISCONNECT", None)]


async def test_h08_yesterdays_end_does_not_end_todays_chat(office: Office, page: Page) -> None:
    await page.connect()
    await page.poll()
    await office.say("bye")
    await office.end()
    await page.connect()
    assert gist(await page.poll()) == [("AGENT", "CHAT", "bye"), CONNECTED]


async def test_w03_all_agents_busy(crowded: Office, page: Page) -> None:
    await page.connect()
    [item] = await page.poll()
    assert (item["sourceType"], item["mediaType"], item["controlType"]) == ("SYSTEM", "TEXT", "CHAT")
    assert item["queueFlag"] is True
    queue = await page.queue()
    assert (queue["resultCode"], queue["position"]) == ("0", 1)


async def test_h09_c32_only_the_queue_notice_has_the_flag(crowded: Office, page: Page) -> None:
    await page.connect()
    await crowded.shop.agent("carol", status=ONLINE)
    await crowded.say("hi")
    assert [each["queueFlag"] for each in await page.poll()] == [True, None, None]


async def test_notices_are_in_the_visitors_language(crowded: Office) -> None:
    page = await crowded.page(locale="en")
    await page.connect()
    await crowded.shop.agent("carol", status=ONLINE)
    told = await page.poll()
    assert [each["content"] for each in told] == ["Queuing...", "The call is connected to an agent."]


FIELDS = {
    "from": ENTRY, "to": "xiaoming", "channel": "WEB", "controlType": "CHAT", "mediaType": "TEXT",
    "content": "您好", "contentType": None, "mediaFileType": None, "simQuestions": None, "senderNickname": "Alice",
    "senderAvatar": None, "sourceType": "AGENT", "robotGender": None, "handlerType": None,
    "associationContentId": None, "receiveTime": None, "interIdx": None, "isOfflineStatus": None, "queueFlag": None,
}  # fmt: skip


async def test_an_item_has_every_field_of_the_vendors(office: Office, page: Page) -> None:
    await page.connect()
    await page.poll()
    await office.say("您好")
    [item] = await page.poll()
    assert isinstance(item.pop("timestamp"), int)
    assert item.pop("callId") == (await office.session()).id
    assert item.pop("messageCode")
    assert item == FIELDS


async def test_c34b_any_call_shows_that_the_visitor_is_there(office: Office, page: Page) -> None:
    await page.connect()
    office.shop.clock.advance(MINUTE)
    assert (await page.queue())["resultCode"] != "0"
    assert await _seen(office, page) == office.shop.clock.now()


async def _seen(office: Office, page: Page) -> int:
    loaded = await web_clients.load(office.shop.desk.store, TENANT, page.user, Channel.WEB)
    assert loaded is not None
    return loaded.value.last_seen_at


async def _waiting(office: Office, page: Page) -> tuple[asyncio.Task[list[dict[str, Any]]], str]:
    """A poll that waits, and its name."""
    before = await _turn(office, page)
    waiting = asyncio.create_task(page.poll())
    return waiting, await _polling(office, page, but=before)


async def _polling(office: Office, page: Page, *, but: str) -> str:
    """The name of the poll that has the turn, once it is not `but`."""
    while (name := await _turn(office, page)) == but:  # noqa: ASYNC110  the record is all that tells
        await asyncio.sleep(0)
    return name


async def _turn(office: Office, page: Page) -> str:
    loaded = await web_clients.load(office.shop.desk.store, TENANT, page.user, Channel.WEB)
    assert loaded is not None
    return loaded.value.poll


async def test_p27_a_page_that_polls_waits_on_and_one_that_stopped_is_hung_up_by_the_system(
    office: Office, page: Page
) -> None:
    for name in ("alice", "bob"):
        await office.shop.turn(name, BUSY)
    await office.shop.settings(timeouts=Timeouts(pending_ms=MINUTE))
    await page.connect()
    for _ in range(4):
        office.shop.clock.advance(40 * SECOND)
        await page.poll()
        await look_at_each_due(office.shop.desk)
    assert gist(await page.poll()) == []
    office.shop.clock.advance(2 * MINUTE)
    await look_at_each_due(office.shop.desk)
    assert gist(await page.poll()) == [("SYSTEM", "DISCONNECT", None)]
