"""A WebSocket API in front of one function: routes $connect, $default and $disconnect."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from uuid import uuid4

import msgspec
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket

from kefu.local_aws.connections import Connection, Connections, Gone, Luck, new_connection_id
from kefu.local_aws.functions import EventTooLarge, Function, FunctionFailed, TooBusy
from kefu.local_aws.options import GatewayOptions
from kefu.local_aws.socket_events import Opened, connect_event, disconnect_event, message_event

SUBPROTOCOL = "sec-websocket-protocol"
_FAILED = (FunctionFailed, TooBusy, EventTooLarge, TimeoutError)
REFUSED = 400
GOING_AWAY = 1001
UNSUPPORTED_DATA = 1003
NO_STATUS = 1005
SAID = {401: "Unauthorized", 403: "Forbidden"}

log = logging.getLogger(__name__)


class Refused(Exception):
    """$connect was not let through."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class SocketApi:
    def __init__(self, function: Function, options: GatewayOptions, connections: Connections, luck: Luck) -> None:
        self._function = function
        self._options = options
        self._connections = connections
        self._luck = luck
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, websocket: WebSocket) -> None:
        connection = Connection(_opened(websocket), websocket, asyncio.get_running_loop().time)
        await websocket.receive()
        try:
            subprotocol = await self._connect(connection)
        except Refused as refused:
            await websocket.send_denial_response(JSONResponse({"message": refused.message}, refused.status))
            return
        # Known only from here on: on AWS, too, posting to a socket from its own $connect meets nobody.
        await websocket.accept(subprotocol)
        connection.touch()
        self._connections.add(connection)
        try:
            code, reason = await self._serve(connection)
        finally:
            self._connections.remove(connection)
        if not connection.was_cut or self._luck.is_heard_of():
            self._spawn(self._disconnect(connection, code, reason))

    async def close(self) -> None:
        await self._connections.close_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(self, connection: Connection) -> str | None:
        """The subprotocol that the function returned; a client that asked for one gets none without it."""
        asked = connection.websocket
        request_id = str(uuid4())
        event = connect_event(
            connection.opened,
            headers=asked.headers.items(),
            query=asked.scope["query_string"].decode("latin-1"),
            request_id=request_id,
            now_ms=_now_ms(),
        )
        try:
            returned = await self._invoke(event)
        except TimeoutError as late:
            raise Refused(504, "Endpoint request timed out") from late
        except _FAILED as failure:
            log.warning("$connect failed: %r", failure)
            raise Refused(502, "Internal server error") from failure
        given = _object(returned)
        status = given.get("statusCode")
        if not isinstance(status, int):
            log.warning("$connect returned no statusCode")
            raise Refused(502, "Internal server error")
        if status >= REFUSED:
            raise Refused(status, SAID.get(status, "Refused"))
        headers = {name.lower(): value for name, value in (given.get("headers") or {}).items()}
        return headers.get(SUBPROTOCOL)

    async def _serve(self, connection: Connection) -> tuple[int, str]:
        """Until the socket is closed, by whomever; the code and the reason."""
        hard_end = connection.last_active_at + self._options.connection_limit_s
        while True:
            end = min(hard_end, connection.last_active_at + self._options.idle_limit_s)
            if connection.now() >= end:
                return await self._end(connection, GOING_AWAY, "Going away")
            try:
                async with asyncio.timeout(end - connection.now()):
                    message = await connection.websocket.receive()
            except TimeoutError:
                continue  # a post may have moved the end
            if message["type"] == "websocket.disconnect":
                return message.get("code") or NO_STATUS, message.get("reason") or ""
            if message.get("text") is None:
                return await self._end(connection, UNSUPPORTED_DATA, "Binary frames are not supported")
            self._take(connection, message["text"])

    async def _end(self, connection: Connection, code: int, reason: str) -> tuple[int, str]:
        with suppress(Gone):
            await connection.close(code, reason)
        return code, reason

    def _take(self, connection: Connection, text: str) -> None:
        """Nobody waits for it: the next frame is taken at once, and may be done first."""
        connection.touch()
        message_id = new_connection_id()
        for delay_s in self._luck.delays_s():
            self._spawn(self._frame(connection, text, message_id, delay_s))
        if self._luck.cuts():
            connection.cut()

    async def _frame(self, connection: Connection, text: str, message_id: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        request_id = str(uuid4())
        event = message_event(
            connection.opened, body=text, message_id=message_id, request_id=request_id, now_ms=_now_ms()
        )
        try:
            await self._invoke(event)
        except _FAILED as failure:
            log.warning("$default failed: %r", failure)
            say = "Endpoint request timed out" if isinstance(failure, TimeoutError) else "Internal server error"
            told = {"message": say, "connectionId": connection.opened.connection_id, "requestId": request_id}
            with suppress(Gone):
                await self._connections.get(connection.opened.connection_id).post(msgspec.json.encode(told).decode())

    async def _disconnect(self, connection: Connection, code: int, reason: str) -> None:
        event = disconnect_event(connection.opened, code=code, reason=reason, request_id=str(uuid4()), now_ms=_now_ms())
        try:
            await self._invoke(event)
        except _FAILED as failure:
            log.warning("$disconnect failed: %r", failure)

    async def _invoke(self, event: dict[str, Any]) -> bytes:
        async with asyncio.timeout(self._options.frame_limit_s):
            return await self._function.invoke(event)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _opened(websocket: WebSocket) -> Opened:
    return Opened(
        connection_id=new_connection_id(),
        connected_at_ms=_now_ms(),
        host=websocket.headers.get("host", ""),
        source_ip=websocket.client.host if websocket.client else "",
        user_agent=websocket.headers.get("user-agent", ""),
    )


def _object(returned: bytes) -> dict[str, Any]:
    given = msgspec.json.decode(returned)
    return given if isinstance(given, dict) else {}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
