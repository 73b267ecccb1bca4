"""A client at the other end of a socket that runs in this loop: it decides when the server's sends go through."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from conversation import INIT, subscribe
from starlette.websockets import WebSocket

from kefu.api.context import Context
from kefu.api.schema import KefuSchema
from kefu.api.sockets import GraphQLSocket
from kefu.desk.desk import Desk
from kefu.realtime.bounds import INIT_WITHIN_S
from kefu.realtime.protocol import SUBPROTOCOL
from kefu.store.memory import MemoryStore

_WITHIN_S = 20


class Peer:
    def __init__(self) -> None:
        self._to_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_server: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._to_server.put_nowait({"type": "websocket.connect"})
        self.reads = asyncio.Event()
        self.reads.set()
        self.refuses: Exception | None = None

    async def to_server(self) -> dict[str, Any]:
        return await self._to_server.get()

    async def from_server(self, message: MutableMapping[str, Any]) -> None:
        await self.reads.wait()
        if self.refuses:
            raise self.refuses
        self._from_server.put_nowait(message)

    def says(self, frame: str | bytes) -> None:
        kind = "text" if isinstance(frame, str) else "bytes"
        self._to_server.put_nowait({"type": "websocket.receive", kind: frame})

    def leaves(self) -> None:
        self._to_server.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def hears(self) -> MutableMapping[str, Any]:
        async with asyncio.timeout(_WITHIN_S):
            return await self._from_server.get()

    async def frame(self) -> dict[str, Any]:
        heard: dict[str, Any] = msgspec.json.decode((await self.hears())["text"])
        return heard

    async def starts(self, query: str) -> None:
        """Subscribes as operation 1."""
        self.says(INIT)
        await self.hears()
        await self.hears()
        self.says(subscribe("1", query))


@asynccontextmanager
async def talking(
    schema: KefuSchema,
    *,
    init_within_s: float = INIT_WITHIN_S,
    context: Context | None = None,
    trouble: Exception | None = None,
) -> AsyncIterator[Peer]:
    """A socket on which everybody is let in. At the end the client leaves, and the server must end too.

    `trouble` is what comes of looking who it is.
    """
    peer = Peer()

    async def admits(_payload: dict[str, Any]) -> bool:
        if trouble:
            raise trouble
        return True

    socket = WebSocket(
        {"type": "websocket", "path": "/", "headers": [], "subprotocols": [SUBPROTOCOL]},
        receive=peer.to_server,
        send=peer.from_server,
    )
    driven = GraphQLSocket(
        socket,
        schema=schema,
        context=context or Context(desk=Desk(store=MemoryStore()), secret="", request_id="R"),
        admits=admits,
        init_within_s=init_within_s,
        begin_within_s=0,
    )
    serving = asyncio.create_task(driven.serve())
    try:
        yield peer
    finally:
        peer.leaves()
        async with asyncio.timeout(_WITHIN_S):
            await serving
