"""A tenant's own bot, behind a server of the test's own."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from kefu.bots.port import BotFailed
from kefu.bots.webhook import WebhookBot
from kefu.domain.bot import BotAnswer, BotConfiguration, BotQuestion, MenuShape, Webhook
from kefu.domain.bounds import BOT_REPLY_BYTES_MAX
from kefu.domain.channel import Channel
from kefu.domain.message import Message, MessageSender
from kefu.domain.session_ref import SessionRef

SECRET = "a secret between the two"
REF = SessionRef("V", Channel.WEB, 1, "session-1")
GOOD = {"replies": [{"text": "您好"}]}

Told = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    port: int = 0
    status: str = "200 OK"
    body: bytes = json.dumps(GOOD).encode()
    tell: Told | None = None
    headers: dict[str, str] = field(default_factory=dict)
    asked: bytes = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        self.asked = await reader.readexactly(int(self.headers["content-length"]))
        if self.tell:
            await self.tell(writer)
        else:
            writer.write(f"HTTP/1.1 {self.status}\r\ncontent-length: {len(self.body)}\r\n\r\n".encode() + self.body)
        writer.close()

    async def ask(self, *, timeout_ms: int = 10_000, path: str = "/ask?x=1") -> BotAnswer:
        webhook = Webhook(url=f"http://127.0.0.1:{self.port}{path}", secret=SECRET, timeout_ms=timeout_ms)
        return await WebhookBot(may_stay_inside=True).answer(question(webhook))

    async def failure(self, **given: Any) -> str:
        with pytest.raises(BotFailed) as failed:
            await self.ask(**given)
        return str(failed.value)


def question(webhook: Webhook | None) -> BotQuestion:
    message = Message(id="m1", sender=MessageSender.VISITOR, text="你好", ext='{"a":1}', sent_at=1_700_000_000_000)
    return BotQuestion(
        ref=REF,
        seq=2,
        message=message,
        asked_at=1_700_000_100_000,
        recent=(message,),
        is_first=True,
        configuration=BotConfiguration(webhook=webhook),
    )


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


async def test_the_bot_is_told_what_was_said(server: Server) -> None:
    answer = await server.ask()
    assert [each.text for each in answer.replies] == ["您好"]
    told = json.loads(server.asked)
    assert (told["sessionId"], told["visitorUserName"], told["channel"], told["isFirst"]) == (
        "session-1",
        "V",
        "WEB",
        True,
    )
    assert told["recent"] == [told["message"]]
    assert (told["message"]["text"], told["message"]["ext"], told["message"]["payload"]) == ("你好", {"a": 1}, None)


async def test_the_call_is_signed(server: Server) -> None:
    await server.ask()
    signed = b".".join((b"m1", b"1700000100", server.asked))
    expected = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
    assert server.headers["webhook-id"] == "m1"
    assert server.headers["webhook-timestamp"] == "1700000100"
    assert server.headers["webhook-signature"] == f"v1,{expected}".lower()


async def test_menus_hints_and_a_hand_over_are_read(server: Server) -> None:
    menu = {"title": "t", "items": [{"id": "1", "name": "n"}]}
    replies = [{"menu": menu, "offersHuman": True}, {"menu": {"title": "u", "list": ["x", "y"]}}]
    server.body = json.dumps({"replies": replies, "handsOver": True}).encode()
    answer = await server.ask()
    first, second = answer.replies
    assert first.menu is not None
    assert second.menu is not None
    assert (first.text, first.offers_human, first.menu.shape) == ("t", True, MenuShape.ITEMS)
    assert ([each.name for each in second.menu.entries], second.menu.shape) == (["x", "y"], MenuShape.LIST)
    assert answer.hands_over


async def test_a_bot_that_says_nothing_in_time_is_slow(server: Server) -> None:
    never = asyncio.Event()

    async def hangs(_writer: asyncio.StreamWriter) -> None:
        await never.wait()

    server.tell = hangs
    assert await server.failure(timeout_ms=50) == "no answer within 0.05 s"
    never.set()


async def test_a_bot_that_drips_is_cut(server: Server) -> None:
    """Each drop comes in time, all of them do not; the thread that reads them ends with the call."""
    cut = asyncio.Event()

    async def drips(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            cut.set()

    server.tell = drips
    assert await server.failure(timeout_ms=300) == "no answer within 0.3 s"
    async with asyncio.timeout(60):
        await cut.wait()


@pytest.mark.parametrize("status", ["500 Oops", "204 No Content", "302 Found", "404 Not Found"])
async def test_any_status_but_200_is_a_failure(server: Server, status: str) -> None:
    server.status = status
    assert await server.failure() == f"status {status[:3]}"


WRONG = [
    b"", b"[]", b"null", b"{", b"\xff", b"{}", b'{"replies":[]}', b'{"replies":[{}]}', b'{"replies":[{"text":5}]}',
    b'{"replies":[{"text":"x","type":"SHOUT"}]}', b'{"replies":[{"menu":{"title":"t"}}]}',
    json.dumps({"replies": [{"text": "x"}] * 5}).encode(), json.dumps({"replies": [{"text": "x" * 16_385}]}).encode(),
    json.dumps({"replies": [{"text": "x", "ext": {"a": "y" * 20_000}}]}).encode(), b"[" * 50_000,
]  # fmt: skip


@pytest.mark.parametrize("body", WRONG, ids=range(len(WRONG)))
async def test_an_answer_that_cannot_be_used_is_a_failure(server: Server, body: bytes) -> None:
    server.body = body
    assert await server.failure()


async def test_an_answer_that_is_too_long_is_a_failure(server: Server) -> None:
    server.body = b" " * BOT_REPLY_BYTES_MAX + b"{}"
    assert await server.failure() == f"an answer of over {BOT_REPLY_BYTES_MAX} bytes"


async def test_nobody_there_is_a_failure(server: Server) -> None:
    async def hangs_up(writer: asyncio.StreamWriter) -> None:
        writer.close()

    server.tell = hangs_up
    assert "the connection failed" in await server.failure()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/", "starts with https://"),
        ("https://127.0.0.1:1/", "leads to the public internet"),
        ("https://[::1]:1/", "leads to the public internet"),
        ("https://10.0.0.1/", "leads to the public internet"),
        ("https://169.254.169.254/latest", "leads to the public internet"),
        ("https://2130706433/", "its name leads into a private network"),
        ("ftp://1.1.1.1/", "is absolute: https://"),
    ],
)
async def test_our_own_network_is_not_called(url: str, why: str) -> None:
    with pytest.raises(BotFailed) as failed:
        await WebhookBot().answer(question(Webhook(url=url)))
    assert why in str(failed.value)
