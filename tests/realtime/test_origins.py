"""Whose pages may open a socket: the server's own, those of the allowed origins, and what is no browser."""

import pytest
from asgi_peer import Peer

from kefu.bootstrap import build_app
from kefu.desk.desk import Desk
from kefu.realtime.protocol import SUBPROTOCOL
from kefu.settings import Environment, Settings
from kefu.store.memory import MemoryStore

ALLOWED = "https://shop.example"
HEADERS: dict[str, tuple[dict[str, str], str]] = {
    "no browser": ({}, "websocket.accept"),
    "the server's own page": ({"origin": "https://desk.example"}, "websocket.accept"),
    "a page that the browser calls our own": (
        {"origin": "https://proxied.example", "sec-fetch-site": "same-origin"},
        "websocket.accept",
    ),
    "an allowed page": ({"origin": ALLOWED}, "websocket.accept"),
    "an allowed page, spelt otherwise": ({"origin": "https://SHOP.example:443"}, "websocket.accept"),
    "any other page": ({"origin": "https://evil.example"}, "websocket.close"),
    "another port of ours": ({"origin": "https://desk.example:8443"}, "websocket.close"),
    "a page of nowhere": ({"origin": "null"}, "websocket.close"),
}


async def answer(environment: Environment, headers: dict[str, str]) -> str:
    """The first that the server says to a client who connects and leaves."""
    settings = Settings(environment=environment, allowed_origins=(ALLOWED,))
    app = build_app(Desk(store=MemoryStore()), settings, "secret")
    sent = {"host": "desk.example"} | headers
    scope = {
        "type": "websocket",
        "path": "/graphql",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "subprotocols": [SUBPROTOCOL],
    }
    peer = Peer()
    peer.leaves()
    await app(scope, peer.to_server, peer.from_server)
    return str((await peer.hears())["type"])


@pytest.mark.parametrize(("headers", "expected"), HEADERS.values(), ids=HEADERS)
async def test_in_production_a_page_opens_a_socket_if_its_origin_may(headers: dict[str, str], expected: str) -> None:
    assert await answer(Environment.PRODUCTION, headers) == expected


async def test_in_development_any_page_opens_a_socket() -> None:
    assert await answer(Environment.DEVELOPMENT, {"origin": "https://evil.example"}) == "websocket.accept"
