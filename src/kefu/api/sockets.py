"""The schema over one WebSocket: what the protocol object asks for is done here.

Each operation is a task that pulls its next result when the last one is sent: a slow socket slows its own pulls, nothing
is piled up for it, and who falls too far behind is told CURSOR_EXPIRED by the feed.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar, assert_never

from starlette.websockets import WebSocket, WebSocketDisconnect

from kefu.api.context import Context
from kefu.api.operations import Failed, Next, failed_by, is_subscription, outcomes
from kefu.api.schema import KefuSchema
from kefu.desk.call import Role
from kefu.desk.visitor_presence import keep_noting
from kefu.domain.refusals import Declined
from kefu.feed.cursors import Cursor
from kefu.feed.following import follow
from kefu.feed.interest import Follower, Interest
from kefu.realtime.actions import Authenticate, Close, Reply, Start, Stop
from kefu.realtime.bounds import INIT_WITHIN_S
from kefu.realtime.protocol import (
    SUBPROTOCOL,
    Connection,
    Phase,
    Step,
    admit,
    fail,
    finish,
    init_is_overdue,
    next_result,
    opened,
    receive,
    reject,
)
from kefu.store.port import Store, StoreError

N = TypeVar("N")

log = logging.getLogger("kefu.api")

TRY_AGAIN_LATER = 1013
"""WebSocket's own: clients of the protocol come back after it."""
BEGIN_WITHIN_S = 5.0
"""How long the next frame waits for a subscription to know where it begins."""

Admits: TypeAlias = Callable[[dict[str, Any]], Awaitable[bool]]
"""Whether the payload of a connection_init lets the client in; he is in the context then."""


class Gone(Exception):
    """Nobody is at the other end any more."""


class GraphQLSocket:
    def __init__(
        self,
        socket: WebSocket,
        *,
        schema: KefuSchema,
        context: Context,
        admits: Admits,
        init_within_s: float = INIT_WITHIN_S,
        begin_within_s: float = BEGIN_WITHIN_S,
    ) -> None:
        self._socket = socket
        self._schema = schema
        self._context = context
        self._admits = admits
        self._init_within_s = init_within_s
        self._begin_within_s = begin_within_s
        self._connection = Connection()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._operations = asyncio.TaskGroup()
        self._noting: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Returns when the socket is closed and every operation on it has ended."""
        async with self._operations:
            try:
                await self._accept()
                await self._read()
            except Gone:
                pass
            finally:
                self._stop_all()

    async def _accept(self) -> None:
        step = opened(self._socket.scope["subprotocols"])
        await self._said(self._socket.accept(None if step.actions else SUBPROTOCOL))
        await self._take(step)

    async def _read(self) -> None:
        init_by = asyncio.get_running_loop().time() + self._init_within_s
        while self._connection.phase is not Phase.CLOSED:
            try:
                async with asyncio.timeout_at(init_by if self._connection.phase is Phase.OPENED else None):
                    frame = await self._frame()
            except TimeoutError:
                await self._take(init_is_overdue(self._connection))
            else:
                await self._take(receive(self._connection, frame))

    async def _frame(self) -> str | bytes:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise Gone
        text: str | None = message.get("text")
        return message["bytes"] if text is None else text

    async def _said(self, saying: Awaitable[None]) -> None:
        try:
            await saying
        except (OSError, RuntimeError, WebSocketDisconnect) as gone:  # what it is depends on who closed, and when
            raise Gone from gone

    async def _take(self, step: Step) -> None:
        self._connection = step.connection
        for action in step.actions:
            match action:
                case Reply(frame):
                    await self._said(self._socket.send_text(frame))
                case Authenticate(payload):
                    await self._take(await self._admitted(payload))
                case Start():
                    await self._start(action)
                case Stop(operation_id):
                    if task := self._running.get(operation_id):
                        task.cancel()
                case Close(code, reason):
                    self._stop_all()
                    await self._said(self._socket.close(code, reason))
                case _:
                    assert_never(action)

    async def _admitted(self, payload: dict[str, Any]) -> Step:
        try:
            is_in = await self._admits(payload)
        except (StoreError, Declined) as trouble:
            log.warning("a connection_init was not looked at (%s)", type(trouble).__name__)
            await self._said(self._socket.close(TRY_AGAIN_LATER, "The store did not answer; connect again"))
            raise Gone from trouble
        caller = self._context.caller
        if is_in and caller and caller.role is Role.VISITOR:
            self._noting = self._operations.create_task(keep_noting(self._context.desk, caller))
        return admit(self._connection) if is_in else reject(self._connection)

    async def _start(self, start: Start) -> None:
        """Before the next frame is read a subscription knows where it begins: what happens behind a later ping's pong
        is told to it.
        """
        begun = asyncio.Event()
        task = self._operations.create_task(self._operate(start, _beginning(begun)))
        self._running[start.id] = task
        task.add_done_callback(lambda ended: self._forget(start.id, ended))
        task.add_done_callback(lambda _: begun.set())
        if is_subscription(start):
            with suppress(TimeoutError):
                await asyncio.wait_for(begun.wait(), self._begin_within_s)

    def _forget(self, operation_id: str, ended: asyncio.Task[None]) -> None:
        if self._running.get(operation_id) is ended:  # else the id is already used again
            del self._running[operation_id]

    def _stop_all(self) -> None:
        if self._noting:
            self._noting.cancel()
        for task in self._running.values():
            task.cancel()

    async def _operate(self, start: Start, follower: Follower) -> None:
        with suppress(Gone):  # whoever reads the socket hears of it too
            await self._answer(start, follower)

    async def _answer(self, start: Start, follower: Follower) -> None:
        try:
            await self._tell(start, follower)
        except Gone:
            raise
        except Exception as fault:  # noqa: BLE001  a result that cannot be said; the socket's other operations go on
            await self._fail(start, failed_by(fault, self._context).errors)

    async def _tell(self, start: Start, follower: Follower) -> None:
        async with aclosing(outcomes(self._schema, replace(self._context, follower=follower), start)) as told:
            async for outcome in told:
                match outcome:
                    case Next(result):
                        await self._take(next_result(self._connection, start.id, result))
                    case Failed(errors):
                        await self._fail(start, errors)
                    case _:
                        assert_never(outcome)
        await self._take(finish(self._connection, start.id))

    async def _fail(self, start: Start, errors: list[Any]) -> None:
        await self._take(fail(self._connection, start.id, errors))


def _beginning(begun: asyncio.Event) -> Follower:
    """Follows from the store's changes, and says when it is known where."""

    async def following(store: Store, tenant: str, interest: Interest[N], after: str | None) -> AsyncGenerator[N, None]:
        start = after if after is not None else Cursor(await store.position()).encode()
        begun.set()
        async with aclosing(follow(store, tenant, interest, start)) as news:
            async for each in news:
                yield each

    return following
