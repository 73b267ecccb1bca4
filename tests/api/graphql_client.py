"""A small GraphQL client over HTTP and over graphql-transport-ws: what it knows is the protocol, not the server."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import websockets

PROTOCOL = "graphql-transport-ws"
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # every server here speaks plain HTTP: spares loading the CAs
_ANSWER_WITHIN_S = 90


class Unexpected(AssertionError):
    """The server answered something else than the test asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP, whether it is good or not."""

    status: int
    body: Any

    @property
    def data(self) -> dict[str, Any]:
        if self.errors:
            raise Unexpected(f"HTTP {self.status}: {self.errors}")
        found: dict[str, Any] = self.body["data"]
        return found

    @property
    def errors(self) -> list[dict[str, Any]]:
        return list(self.body.get("errors") or ())

    @property
    def error(self) -> dict[str, Any]:
        """The only error."""
        if len(self.errors) != 1:
            raise Unexpected(f"HTTP {self.status}: one error was due, not {self.body}")
        return self.errors[0]

    @property
    def code(self) -> str:
        """The only error's code."""
        return str(self.error["extensions"]["code"])

    @property
    def message(self) -> str:
        return str(self.error["message"])


@dataclass(frozen=True, slots=True, repr=False)
class Api:
    """The API as one caller sees it."""

    http: httpx.AsyncClient
    token: str | None = None

    async def answer(self, query: str, **variables: Any) -> Answer:
        return await self.send(msgspec.json.encode({"query": query, "variables": variables}))

    async def send(self, body: bytes, **headers: str) -> Answer:
        """Any bytes as the body of a request."""
        authorization = {"authorization": f"Bearer {self.token}"} if self.token is not None else {}
        sent = {"content-type": "application/json"} | authorization | headers
        response = await self.http.post("/graphql", content=body, headers=sent)
        if "json" not in response.headers["content-type"]:
            raise Unexpected(f"HTTP {response.status_code} and no JSON: {response.text}")
        return Answer(response.status_code, response.json())

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an operation that must have no errors."""
        return (await self.answer(query, **variables)).data

    async def mutate(self, mutation: str, result: str = "", /, **given: Any) -> dict[str, Any]:
        """A mutation's payload, with its `userErrors`."""
        kind = mutation[0].upper() + mutation[1:]
        selection = f"{result} userErrors {{ code message field }}"
        query = f"mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ {selection} }} }}"
        payload: dict[str, Any] = (await self.ask(query, input=given))[mutation]
        return payload

    async def do(self, mutation: str, result: str = "", /, **given: Any) -> dict[str, Any]:
        """The payload of a mutation that must not be declined."""
        payload = await self.mutate(mutation, result, **given)
        if payload["userErrors"]:
            raise Unexpected(f"{mutation} was declined: {payload['userErrors']}")
        return payload

    async def refused(self, mutation: str, /, **given: Any) -> dict[str, Any]:
        """The only user error of a mutation that must be declined."""
        errors = (await self.mutate(mutation, **given))["userErrors"]
        if len(errors) != 1:
            raise Unexpected(f"{mutation} was not declined once, but: {errors}")
        error: dict[str, Any] = errors[0]
        return error

    @asynccontextmanager
    async def subscribe(self, query: str, **variables: Any) -> AsyncIterator["Subscription"]:
        """A subscription on a socket of its own; what happens from here on is told to it."""
        async with connect(self.http) as socket:
            await socket.init({"authorization": f"Bearer {self.token}"} if self.token is not None else {})
            yield await socket.subscribe(query, **variables)


@dataclass(slots=True)
class Socket:
    """A WebSocket that speaks graphql-transport-ws."""

    connection: websockets.ClientConnection
    operations: int = 0

    async def send(self, **frame: Any) -> None:
        await self.connection.send(msgspec.json.encode(frame).decode())

    async def receive(self) -> dict[str, Any]:
        """The next frame. Raises `websockets.ConnectionClosed`, or `TimeoutError` if none comes."""
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            frame: dict[str, Any] = msgspec.json.decode(await self.connection.recv())
        return frame

    async def init(self, payload: dict[str, Any] | None = None) -> None:
        await self.send(type="connection_init", **({} if payload is None else {"payload": payload}))
        if (frame := await self.receive())["type"] != "connection_ack":
            raise Unexpected(f"an ack was due, not {frame}")

    async def subscribe(self, query: str, **variables: Any) -> "Subscription":
        """Returns when the server has taken it up: it answers a ping that comes behind."""
        self.operations += 1
        await self.send(id=str(self.operations), type="subscribe", payload={"query": query, "variables": variables})
        await self.send(type="ping")
        early = []
        while (frame := await self.receive())["type"] != "pong":
            early.append(frame)
        return Subscription(self, str(self.operations), early)

    async def closed(self) -> tuple[int, str]:
        """Code and reason, once the server has closed."""
        try:
            while True:
                await self.receive()
        except websockets.ConnectionClosed:
            return self.connection.close_code or 0, self.connection.close_reason or ""


@dataclass(slots=True)
class Subscription:
    socket: Socket
    id: str
    early: list[dict[str, Any]]

    async def frame(self) -> dict[str, Any]:
        return self.early.pop(0) if self.early else await self.socket.receive()

    async def next(self) -> dict[str, Any]:
        """The next data; an error or the end is unexpected."""
        frame = await self.frame()
        payload: dict[str, Any] = frame.get("payload") or {}
        if frame["type"] != "next" or frame["id"] != self.id or payload.get("errors"):
            raise Unexpected(f"data was due, not {frame}")
        data: dict[str, Any] = payload["data"]
        return data

    async def failure(self) -> dict[str, Any]:
        """The only error that must come next, before or behind the start, and that must end the operation."""
        frame = await self.frame()
        payload: Any = frame.get("payload")
        errors = payload if frame["type"] == "error" else (payload or {}).get("errors") or []
        if len(errors) != 1:
            raise Unexpected(f"one error was due, not {frame}")
        if frame["type"] == "next" and (end := await self.frame())["type"] != "complete":
            raise Unexpected(f"the operation had to end, not to go on with {end}")
        error: dict[str, Any] = errors[0]
        return error

    async def stop(self) -> None:
        """Wants no more. Whatever was under way has arrived when this returns."""
        await self.socket.send(id=self.id, type="complete")
        await self.socket.send(type="ping")
        while (frame := await self.frame())["type"] != "pong":
            self.early.append(frame)


class Client(httpx.AsyncClient):
    """`socket_url` says where its sockets are opened: at another address than the rest, or not."""

    def __init__(self, url: str, socket_url: str | None = None) -> None:
        super().__init__(base_url=url, timeout=_ANSWER_WITHIN_S, verify=_NO_TLS)
        self.socket_url = socket_url


@asynccontextmanager
async def calling(url: str, socket_url: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    async with Client(url, socket_url) as http:
        yield http


@asynccontextmanager
async def connect(
    http: httpx.AsyncClient, protocol: str = PROTOCOL, *, open_within_s: float | None = _ANSWER_WITHIN_S
) -> AsyncIterator[Socket]:
    elsewhere = http.socket_url if isinstance(http, Client) else None
    url = elsewhere or str(http.base_url.copy_with(scheme="ws", path="/graphql"))
    async with websockets.connect(
        url,
        subprotocols=[websockets.Subprotocol(protocol)],
        compression=None,
        proxy=None,
        open_timeout=open_within_s,
    ) as connection:
        yield Socket(connection)
