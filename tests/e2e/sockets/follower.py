"""A client as it should be: whatever becomes of its socket, it comes back with its last cursor."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import websockets

from api.graphql_client import PROTOCOL

EVENTS = """subscription($after: String) {
  sessionEvents(after: $after) { cursor event { id seq session { id visitor { userName } } message { text } } } }"""
COME_BACK_AFTER_S = 0.05
FAILURES_MAX = 100
"""To open a socket, one after the other: a loaded machine may take its time."""


class Broken(Exception):
    """The subscription ended as none should."""


@dataclass(frozen=True, slots=True)
class Told:
    event: str
    session: str
    seq: int
    visitor: str
    text: str

    @classmethod
    def of(cls, payload: dict[str, Any]) -> "Told":
        event = payload["event"]
        session, text = event["session"], (event["message"] or {}).get("text", "")
        return cls(event["id"], session["id"], event["seq"], session["visitor"]["userName"], text)


async def _nothing() -> None:
    pass


@dataclass(slots=True)
class Follower:
    url: str
    token: str
    is_to_cut: Callable[[Told], bool] = lambda _: False
    """Whether it loses its socket right behind that event, which it was not told before."""
    at_loss: Callable[[], Awaitable[None]] = _nothing
    """Between one socket and the next."""
    at_news: Callable[[Told], None] = lambda _: None
    told: list[Told] = field(default_factory=list)
    """As it came, repetitions and all."""
    known: dict[str, Told] = field(default_factory=dict)
    """The same by event id, each where it came first."""
    sockets: int = 0
    was_completed: int = 0
    cursor: str | None = None
    _connection: websockets.ClientConnection | None = None

    async def run(self) -> None:
        """For ever."""
        failures = 0
        while failures < FAILURES_MAX:
            try:
                await self._follow()
                failures = 0
                await self.at_loss()
            except (OSError, TimeoutError, websockets.InvalidHandshake):
                failures += 1
            await asyncio.sleep(COME_BACK_AFTER_S)
        raise Broken("no socket can be opened")

    def cut(self) -> None:
        """As if the cable were pulled."""
        if self._connection:
            self._connection.transport.abort()

    async def _follow(self) -> None:
        subprotocols = [websockets.Subprotocol(PROTOCOL)]
        async with websockets.connect(self.url, subprotocols=subprotocols, compression=None, proxy=None) as connection:
            self.sockets += 1
            self._connection = connection
            try:
                await self._send(type="connection_init", payload={"authorization": f"Bearer {self.token}"})
                async for frame in connection:
                    if not await self._take(msgspec.json.decode(frame)):
                        return
            except websockets.ConnectionClosed:
                return

    async def _take(self, frame: dict[str, Any]) -> bool:
        """Whether it goes on, on this socket."""
        match frame:
            case {"type": "connection_ack"}:
                payload = {"query": EVENTS, "variables": {"after": self.cursor}}
                await self._send(id="1", type="subscribe", payload=payload)
            case {"type": "next", "payload": {"data": {"sessionEvents": payload}}}:
                return self._hear(payload)
            case {"type": "complete"}:
                self.was_completed += 1
                return False
            case {"type": "error"} | {"type": "next"}:
                raise Broken(str(frame))
        return True

    def _hear(self, payload: dict[str, Any]) -> bool:
        told = Told.of(payload)
        self.cursor = payload["cursor"]
        self.told.append(told)
        if told.event in self.known:
            return True
        self.known[told.event] = told
        self.at_news(told)
        if self.is_to_cut(told):
            self.cut()
            return False
        return True

    async def _send(self, **frame: Any) -> None:
        assert self._connection
        await self._connection.send(msgspec.json.encode(frame).decode())
