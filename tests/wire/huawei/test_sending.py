"""H2 and H3: each control type has its effect, and is answered in the vendor's words."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from shop import TENANT, Shop

from kefu.blobs.memory import MemoryBlobs
from kefu.desk.bot_setup import save_bot, save_faq_entry
from kefu.domain.bot import FaqEntry, Menu, MenuEntry
from kefu.domain.log import EventKind
from kefu.domain.message import MessageType
from kefu.domain.session import SessionState
from kefu.records import visitors
from kefu.store.port import Order, Span, Store
from kefu.store.port import Page as RecordsPage
from kefu.store.wrapper import StoreWrapper
from wire.huawei.conftest import client_of
from wire.huawei.office import PNG, Office, Page


def result(answer: dict[str, str]) -> tuple[str, str]:
    return answer["resultCode"], answer["resultDesc"]


async def test_h02_connect_opens_a_session_with_an_agent(office: Office, page: Page) -> None:
    assert (await page.connect())["resultCode"] == "0"
    assert (await office.session()).agent == "alice"


async def test_h02_connect_opens_one_with_the_bot(with_bot: Office, page: Page) -> None:
    assert result(await page.connect()) == ("0", "connect to robot successfully.")
    assert (await with_bot.session()).state is SessionState.BOT


async def test_h02_connect_again_opens_nothing(office: Office, page: Page) -> None:
    await page.connect()
    before = await office.session()
    assert (await page.connect())["resultCode"] == "0"
    assert await office.session() == before


async def test_h02_the_opening_remark_is_kept_but_is_no_line_of_the_visitors(office: Office, page: Page) -> None:
    await page.connect()
    remarks = [entry.message for entry in await office.shop.log(await office.ref()) if entry.message]
    assert [(each.type, each.text) for each in remarks] == [(MessageType.COMMAND, "hello")]
    assert (await page.history())["messageList"] == []


async def test_h02_the_visitors_name_reaches_his_card(office: Office, page: Page) -> None:
    await page.connect()
    card = await visitors.load(office.shop.desk.store, TENANT, page.user)
    assert card is not None
    assert card.value.profile.nickname == "小明"


async def test_h03_chat_reaches_the_session(office: Office, page: Page) -> None:
    await page.connect()
    assert result(await page.send("CHAT", "你好")) == ("0", "sendUserMessage successfully.")
    last = (await office.shop.log(await office.ref()))[-1]
    assert last.kind is EventKind.USER_MESSAGE
    assert last.message is not None
    assert last.message.text == "你好"


async def test_h03_chat_reaches_the_bot(with_bot: Office, page: Page) -> None:
    await page.connect()
    assert result(await page.send("CHAT", "你好")) == ("0", "Send message to robot successfully")


async def test_h03_chat_without_a_session_fails(page: Page) -> None:
    assert result(await page.send("CHAT", "你好")) == ("13", "sendUserMessage failed")


async def test_h03_trans2agent_leaves_the_bot(with_bot: Office, page: Page) -> None:
    await page.connect()
    assert result(await page.send("TRANS2AGENT")) == ("0", "transfer to agent successfully")
    assert (await with_bot.session()).state is SessionState.ACTIVE


async def test_w07_trans2agent_while_with_a_human_fails(page: Page) -> None:
    await page.connect()
    assert (await page.send("TRANS2AGENT"))["resultCode"] == "13"


async def test_h03_trans2agent_without_a_session_fails(page: Page) -> None:
    assert (await page.send("TRANS2AGENT"))["resultCode"] == "13"


async def test_h03_disconnect_ends_the_session_and_frees_the_agent(office: Office, page: Page) -> None:
    await page.connect()
    assert result(await page.send("DISCONNECT")) == ("0", "disconnect successfully")
    assert (await office.session()).end_reason is EventKind.USER_END
    assert (await office.shop.agent_now("alice")).room == 1


async def test_h03_disconnect_from_the_bot_has_its_own_words(with_bot: Office, page: Page) -> None:
    await page.connect()
    assert result(await page.send("DISCONNECT")) == ("0", "Disconnect robot successfully")


async def test_h03_disconnect_twice_fails(page: Page) -> None:
    await page.connect()
    await page.send("DISCONNECT")
    assert result(await page.send("DISCONNECT")) == ("13", "disconnect failed")


@pytest.mark.parametrize(("control", "content"), [("INPUT", None), ("READ", "m1,m2")])
async def test_h03_input_and_read_are_taken_while_a_session_is_open(page: Page, control: str, content: str) -> None:
    assert (await page.send(control, content))["resultCode"] == "13"
    await page.connect()
    assert (await page.send(control, content))["resultCode"] == "0"


@pytest.mark.parametrize("path", ["sendAsync", "sendSync"])
async def test_h03_c29_the_twin_does_the_same_and_says_so(office: Office, page: Page, path: str) -> None:
    answer = await page.ask(path, **page.sent("CONNECT", "hello"))
    assert result(answer) == ("0", "send sendMessageForOpenApiAsync success.")
    assert (await office.session()).agent == "alice"


@pytest.mark.parametrize("timestamp", ["1659938956000", 1_659_938_956_000, None])
async def test_c30_a_timestamp_may_be_text_or_number(page: Page, timestamp: object) -> None:
    assert (await page.send("CONNECT", "hello", timestamp=timestamp))["resultCode"] == "0"


MEDIA = {
    "IMAGE": ("{}", MessageType.IMAGE, "png"),
    "VIDEO": ("{}", MessageType.VIDEO, "mp4"),
    "AUDIO": ("{}", MessageType.AUDIO, "mp3"),
    "FILE_IMAGE": ("{},PNG", MessageType.IMAGE, "png"),
    "FILE_VIDEO": ("{},mp4", MessageType.VIDEO, "mp4"),
    "FILE": ("a,b.png,15,{},png", MessageType.FILE, "png"),
}
CONTENTS = {"png": PNG, "mp3": b"ID3 sound", "mp4": b"\0\0\0\x18ftypmp42 film", "txt": b"<script></script>"}


@pytest.mark.parametrize("media", MEDIA)
async def test_h03_a_file_that_was_uploaded_can_be_sent(office: Office, page: Page, media: str) -> None:
    written, type_, file_type = MEDIA[media]
    await page.connect()
    key = (await page.upload(CONTENTS[file_type], file_type))["objectKey"]
    assert (await page.send("CHAT", written.format(key), mediaType=media))["resultCode"] == "0"
    last = (await office.shop.log(await office.ref()))[-1]
    assert last.message is not None
    assert last.message.type is type_
    assert f'"objectKey":"{key}","fileType":"{file_type}"' in last.message.payload


@pytest.mark.parametrize(
    ("media", "uploaded", "content"),
    [
        ("IMAGE", "txt", "{}"),
        ("VIDEO", "png", "{}"),
        ("FILE_IMAGE", "txt", "{},txt"),
        ("FILE_IMAGE", "png", "{},exe"),
        ("FILE_IMAGE", "png", "{},"),
        ("FILE", "txt", "a.html,17,{},html"),
        ("FILE", "png", "../../x.png,15,{},png"),
        ("FILE", "png", "..\\x.png,15,{},png"),
        ("FILE", "png", " ,15,{},png"),
    ],
)
async def test_h03_a_file_is_what_was_uploaded_under_a_bare_name(
    office: Office, page: Page, media: str, uploaded: str, content: str
) -> None:
    await page.connect()
    key = (await page.upload(CONTENTS[uploaded], uploaded))["objectKey"]
    before = await office.session()
    assert (await page.send("CHAT", content.format(key), mediaType=media))["resultCode"] == "1"
    assert await office.session() == before


async def test_h03_chat_into_a_session_that_ends_meanwhile_fails_and_opens_none(office: Office, page: Page) -> None:
    """It ends between the call's look at the session and its commit."""
    await page.connect()
    ref = await office.ref()
    ending = EndsBehind(office.shop.desk.store, lambda: office.shop.close(ref))
    async with client_of(Shop(store=ending, clock=office.shop.clock), MemoryBlobs(), 0.02) as http:
        answer = await Page(http=http, headers=page.headers).send("CHAT", "are you there?")
    assert result(answer) == ("13", "sendUserMessage failed")
    assert (await office.session()).ref == ref


class EndsBehind(StoreWrapper):
    """Something happens once, behind the first page that is read."""

    def __init__(self, inner: Store, happens: Callable[[], Awaitable[object]]) -> None:
        super().__init__(inner)
        self._happens: Callable[[], Awaitable[object]] | None = happens

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> RecordsPage:
        page = await self.inner.scan(partition, span, order)
        if happens := self._happens:
            self._happens = None
            await happens()
        return page


@pytest.mark.parametrize(
    ("media", "content", "type_"),
    [
        ("WEBCARD", '{"title": "订单", "description": "d", "redirectUrl": "https://x.example"}', MessageType.CARD),
        ("LOCATE", "31.2/121.4/上海", MessageType.LOCATION),
        ("LOCATE", "31.2/121.4", MessageType.LOCATION),
    ],
)
async def test_h03_cards_and_places_are_taken(
    office: Office, page: Page, media: str, content: str, type_: MessageType
) -> None:
    await page.connect()
    assert (await page.send("CHAT", content, mediaType=media))["resultCode"] == "0"
    last = (await office.shop.log(await office.ref()))[-1]
    assert last.message is not None
    assert last.message.type is type_


@pytest.mark.parametrize(
    ("media", "content"),
    [
        ("TEXT", ""),
        ("TEXT", "   "),
        ("TEXT", "x" * 1_025),
        ("TEXT", "长" * 342),
        ("TEXT", None),
        ("IMAGE", "unknown"),
        ("IMAGE", "../../etc/passwd"),
        ("IMAGE", f"{'0' * 32}.png"),
        ("FILE", "a.png,15,unknown,png"),
        ("FILE", "a.png"),
        ("FILE", "a,many,b,c"),
        ("FILE", f"a,{'9' * 5_000},b,c"),
        ("FILE_IMAGE", ",png"),
        ("WEBCARD", "no json"),
        ("WEBCARD", "[]"),
        ("WEBCARD", '{"title": {"a": 1}}'),
        ("WEBCARD", '{"title": "\\ud800"}'),
        ("WEBCARD", "[" * 8_000),
        ("WEBCARD", "{}"),
        ("WEBCARD", '{"title": " ", "description": "d"}'),
        ("WEBCARD", '{"title": "t", "redirectUrl": "javascript:alert(1)"}'),
        ("WEBCARD", '{"title": "t", "redirectUrl": "https:"}'),
        ("LOCATE", "1_0/2_0"),
        ("LOCATE", " 1/2"),
        ("LOCATE", "here"),
        ("LOCATE", "91/0/x"),
        ("LOCATE", "nan/nan/x"),
        ("LOCATE", "inf/0"),
    ],
)
async def test_content_that_is_not_of_its_type_is_refused(
    office: Office, page: Page, media: str, content: str | None
) -> None:
    await page.connect()
    before = await office.session()
    assert (await page.send("CHAT", content, mediaType=media))["resultCode"] == "1"
    assert await office.session() == before


async def test_h06_the_robot_answers_what_was_asked(with_bot: Office, page: Page) -> None:
    entry = FaqEntry(question="怎么退货", answer="七天内可退")
    await with_bot.shop.step(save_faq_entry(with_bot.shop.desk, with_bot.shop.call(), entry))
    await page.connect()
    await page.poll()
    assert result(await page.send("CHAT", "怎么退货?")) == ("0", "Send message to robot successfully")
    [told] = await page.poll()
    assert (told["sourceType"], told["content"]) == ("ROBOT", "七天内可退")


async def test_h06_the_robots_menu_is_told_as_similar_questions(with_bot: Office, page: Page) -> None:
    menu = Menu(title="请选择", entries=(MenuEntry(id="1", name="营业时间", answer="九点到六点"),))
    change = save_bot(with_bot.shop.desk, with_bot.shop.call(), lambda known: replace(known, menu=menu))
    await with_bot.shop.step(change)
    await page.connect()
    greeting, offered = await page.poll()
    assert (greeting["sourceType"], greeting["simQuestions"]) == ("ROBOT", None)
    assert (offered["content"], offered["simQuestions"]) == ("请选择", ["营业时间"])
