"""The real client, against an endpoint that answers as API Gateway does."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3.session
import pytest
from cloud import SCHEMA, SECRET

from kefu.desk.desk import Desk
from kefu.gateway.api_gateway import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, ApiGatewaySockets
from kefu.gateway.gateway import Gateway
from kefu.gateway.saying import say
from kefu.gateway.sockets import SocketBusy, SocketError, SocketGone
from kefu.store.memory import MemoryStore

ERRORS = {410: SocketGone, 429: SocketBusy, 500: SocketError, 403: SocketError}
NAMES = {410: "GoneException", 429: "LimitExceededException", 403: "ForbiddenException", 500: "InternalServerError"}

SILENT = 204
"""The endpoint takes a request, and says nothing for as long as it is there."""


@contextmanager
def endpoint(status: int) -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    asked: list[tuple[str, str, bytes]] = []
    is_over = threading.Event()

    class Answer(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            asked.append((self.command, self.path, body))
            if status == SILENT:
                is_over.wait()
            self.send_response(status)
            if status in NAMES:
                self.send_header("x-amzn-errortype", NAMES[status])
            self.send_header("content-length", "0")
            self.end_headers()

        do_POST = do_DELETE = answer  # noqa: N815  the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/live", asked
    finally:
        is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


async def test_a_frame_is_posted_as_it_is() -> None:
    with endpoint(200) as (url, asked):
        sockets = ApiGatewaySockets(url)
        await sockets.post("abc=", b'{"type":"pong"}')
        await sockets.close("abc=")
        sockets.shut()
    assert asked == [
        ("POST", "/live/@connections/abc%3D", b'{"type":"pong"}'),
        ("DELETE", "/live/@connections/abc%3D", b""),
    ]


@pytest.mark.parametrize(("status", "error"), ERRORS.items())
async def test_an_error_is_called_by_its_name(status: int, error: type[SocketError]) -> None:
    with endpoint(status) as (url, asked):
        sockets = ApiGatewaySockets(url)
        with pytest.raises(SocketError) as raised:
            await sockets.post("abc=", b"{}")
        sockets.shut()
    assert type(raised.value) is error
    assert len(asked) == 1


async def test_an_endpoint_that_is_not_there_is_an_error() -> None:
    with endpoint(200) as (url, _):
        pass
    sockets = ApiGatewaySockets(url)
    with pytest.raises(SocketError):
        await sockets.post("abc=", b"{}")
    sockets.shut()


async def test_a_client_that_takes_long_to_make_costs_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that just started has to import and make one first, on little CPU."""
    quickly_made = boto3.session.Session.client
    made: list[Any] = []

    def slowly_made(session: boto3.session.Session, *given: Any, **named: Any) -> Any:
        time.sleep(gateway.post_within_s * 1.1)
        made.append(quickly_made(session, *given, **named))
        return made[-1]

    monkeypatch.setattr(boto3.session.Session, "client", slowly_made)
    with endpoint(200) as (url, asked):
        sockets = ApiGatewaySockets(url)
        gateway = Gateway(desk=Desk(store=MemoryStore()), schema=SCHEMA, secret=SECRET, sockets=sockets)
        await asyncio.gather(*(say(gateway, f"C{number}", ["{}"]) for number in range(3)))
        sockets.shut()
    assert sorted(asked) == [("POST", f"/live/@connections/C{number}", b"{}") for number in range(3)]
    assert len(made) == 1


async def test_a_frame_that_may_have_arrived_is_posted_once() -> None:
    with endpoint(SILENT) as (url, asked):
        sockets = ApiGatewaySockets(url)
        with pytest.raises(TimeoutError):
            await sockets.post("abc=", b"{}")
        sockets.shut()
    assert len(asked) == 1


def test_a_post_that_is_given_up_holds_no_thread() -> None:
    gateway = Gateway(desk=Desk(store=MemoryStore()), schema=SCHEMA, secret=SECRET, sockets=ApiGatewaySockets(""))
    assert gateway.post_within_s >= CONNECT_TIMEOUT_S + READ_TIMEOUT_S
