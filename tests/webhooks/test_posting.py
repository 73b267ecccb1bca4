"""The way out: to real receivers on this machine, and never to an address that was not meant."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from kefu.feed.outgoing import NotTaken, Outgoing
from kefu.feed.posting import ANSWER_BYTES_MAX, HttpPost

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(slots=True)
class Endpoint:
    """Answers with the bytes it is given, then waits or closes."""

    answer: bytes = OK
    port: int = 0
    hangs: bool = False
    drips: bool = False
    requests: list[bytes] = field(default_factory=list)
    sent: int = 0
    is_gone: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/hooks") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.is_gone.set()
            writer.transport.abort() if self.drips else writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
        self.requests.append(head + await reader.readexactly(length))
        writer.write(self.answer)
        await writer.drain()
        while self.drips:
            writer.write(b"x" * 65_536)
            self.sent += 65_536
            await writer.drain()
        if self.hangs:
            await reader.read()


@asynccontextmanager
async def endpoint(**given: object) -> AsyncIterator[Endpoint]:
    made = Endpoint(**given)  # type: ignore[arg-type]
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


@pytest.fixture
def at_home() -> HttpPost:
    return HttpPost(allows_private=True)


async def why_not(post: HttpPost, url: str) -> str:
    with pytest.raises(NotTaken) as failure:
        await post(Outgoing(url=url, body=b"{}"))
    return str(failure.value)


def names(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


async def test_a_request_arrives_as_it_is(at_home: HttpPost) -> None:
    async with endpoint() as there:
        await at_home(
            Outgoing(url=there.url("/hooks?a=b&c=%3D"), body='{"text":"您好"}'.encode(), headers={"webhook-id": "m"})
        )
        [request] = there.requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /hooks?a=b&c=%3D HTTP/1.1"
    assert {f"Host: 127.0.0.1:{there.port}", "Content-Type: application/json", "webhook-id: m"} <= set(lines)
    assert body.decode() == '{"text":"您好"}'


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "204 No Content", "299 Odd"])
async def test_any_2xx_is_taken(at_home: HttpPost, status: str) -> None:
    async with endpoint(answer=f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()) as there:
        await at_home(Outgoing(url=there.url(), body=b"{}"))
        assert len(there.requests) == 1


async def test_t9_what_a_receiver_answers_beside_the_status_is_ignored(at_home: HttpPost) -> None:
    fails = b'{"ActionStatus":"FAIL","ErrorInfo":"no","ErrorCode":1}'
    async with endpoint(answer=b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(fails) + fails) as there:
        await at_home(Outgoing(url=there.url(), body=b"{}"))
        assert len(there.requests) == 1


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "410 Gone", "500 Oops", "503 Busy"])
async def test_another_status_is_told_as_it_came(at_home: HttpPost, status: str) -> None:
    async with endpoint(answer=f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()) as there:
        assert await why_not(at_home, there.url()) == f"HTTP {status[:3]}"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_not_followed(at_home: HttpPost, status: str) -> None:
    async with endpoint() as elsewhere:
        moved = f"HTTP/1.1 {status}\r\nLocation: {elsewhere.url()}\r\nContent-Length: 0\r\n\r\n".encode()
        async with endpoint(answer=moved) as there:
            assert "redirects are not followed" in await why_not(at_home, there.url())
        assert elsewhere.requests == []


async def test_an_answer_of_the_past_is_understood(at_home: HttpPost) -> None:
    async with endpoint(answer=b"HTTP/1.0 200 OK\r\n\r\nhello") as there:
        await at_home(Outgoing(url=there.url(), body=b"{}"))


async def test_an_interim_answer_is_not_the_answer(at_home: HttpPost) -> None:
    async with endpoint(answer=b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 Oops\r\n\r\n") as there:
        assert await why_not(at_home, there.url()) == "HTTP 500"


@pytest.mark.parametrize("answer", [b"", b"hello\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"SSH-2.0-OpenSSH\r\n"])
async def test_what_is_no_http_is_not_taken(at_home: HttpPost, answer: bytes) -> None:
    async with endpoint(answer=answer) as there:
        assert await why_not(at_home, there.url()) == "the answer was no HTTP"


async def test_a_receiver_that_hangs_is_left() -> None:
    async with endpoint(answer=b"", hangs=True) as there:
        impatient = HttpPost(allows_private=True, within_s=0.2)
        assert await why_not(impatient, there.url()) == "no answer within 0.2 s"


async def test_a_receiver_that_keeps_the_connection_open_has_answered(at_home: HttpPost) -> None:
    async with endpoint(hangs=True) as there:
        await at_home(Outgoing(url=there.url(), body=b"{}"))
        await asyncio.wait_for(there.is_gone.wait(), 20)


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["head", "body"])
async def test_an_answer_without_end_is_read_up_to_a_bound(at_home: HttpPost, start: bytes) -> None:
    async with endpoint(answer=start, drips=True) as there:
        await at_home(Outgoing(url=there.url(), body=b"{}"))
        await asyncio.wait_for(there.is_gone.wait(), 20)
        assert there.sent < 1_000 * ANSWER_BYTES_MAX  # what the system's buffers take, and no more


async def test_nobody_there_is_told_as_such(at_home: HttpPost) -> None:
    async with endpoint() as there:
        port = there.port
    assert (await why_not(at_home, f"http://127.0.0.1:{port}/")).startswith("no connection")


async def test_a_name_that_stands_for_nothing_is_told_as_such() -> None:
    async def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError(-2, "Name or service not known")

    told = await why_not(HttpPost(resolve=unknown), "https://nowhere.example/")
    assert told == "no connection: Name or service not known"


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1%eth0", "::ffff:127.0.0.1"]
)
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    told = await why_not(HttpPost(resolve=names(address)), "https://rebound.example/")
    assert told.startswith("not sent: the host's name stands for a private")


async def test_the_address_that_was_checked_is_connected_to() -> None:
    """Asked again, the name means something else: nobody asks again."""
    async with endpoint() as there:
        asked: list[str] = []

        async def rebinding(host: str, _port: int) -> Sequence[str]:
            asked.append(host)
            return ["127.0.0.1"]

        await HttpPost(allows_private=True, resolve=rebinding)(
            Outgoing(url=f"http://shop.example:{there.port}/", body=b"{}")
        )
        assert asked == ["shop.example"]
        assert f"Host: shop.example:{there.port}".encode() in there.requests[0]


async def test_a_literal_private_address_is_refused_at_sending_too() -> None:
    assert (await why_not(HttpPost(), "https://192.168.1.1/")).startswith("not sent: ")


async def test_plain_http_is_refused_where_private_addresses_are() -> None:
    assert (await why_not(HttpPost(), "http://shop.example/")).startswith("not sent: ")
