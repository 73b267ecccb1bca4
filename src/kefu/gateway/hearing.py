"""One frame of a socket, or its opening or end. Each may come to another process, at the same time as its neighbours.

Everything that a frame changes goes into one commit that expects the socket as it was read; what is to be said or
executed comes behind it, once.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any, TypeAlias

from kefu.api.operations import Failed, is_subscription, outcomes
from kefu.api.origins import may_open
from kefu.dataclass import dataclass
from kefu.desk.attempts import attempt, commit
from kefu.desk.desk import Desk
from kefu.domain.instants import Instant
from kefu.gateway import registry
from kefu.gateway.due import due_at
from kefu.gateway.ending import ended
from kefu.gateway.gateway import Gateway
from kefu.gateway.registering import Registration, register
from kefu.gateway.registry import SocketState, SocketSubscription
from kefu.gateway.replaying import replay
from kefu.gateway.saying import SocketLost, close, forget, say
from kefu.realtime.actions import Action, Authenticate, Close, Reply, Start, Stop
from kefu.realtime.bounds import FRAME_BYTES_MAX
from kefu.realtime.protocol import Connection, Step, admit, fail, finish, next_result, opened, receive, reject
from kefu.records import keys
from kefu.store.port import Expect, Key, Write


@dataclass(frozen=True, slots=True)
class StartReplay:
    """Tell the subscription what lies behind the cursor, and make it live."""

    key: Key
    after: str


Deed: TypeAlias = Action | StartReplay


@dataclass(slots=True)
class _Heard:
    """What a frame leads to."""

    state: SocketState
    writes: list[Write]
    deeds: list[Deed]

    def take(self, step: Step) -> None:
        self.state = replace(self.state, connection=step.connection)
        self.deeds += step.actions


async def connect(
    gateway: Gateway, connection_id: str, headers: Mapping[str, str], subprotocols: Sequence[str]
) -> HTTPStatus:
    """`headers` by lower-case name."""
    if not may_open(headers, gateway.allowed_origins):
        return HTTPStatus.FORBIDDEN
    connection, actions = opened(subprotocols)
    if actions:
        return HTTPStatus.BAD_REQUEST
    now = gateway.desk.clock.now()
    state = SocketState(connection=connection, opened_at=now, ends_at=now + gateway.life.lasts_ms)
    write = registry.write(connection_id, state, due_at(gateway.life, state), Expect.ANY)
    await commit(gateway.desk, [write])
    return HTTPStatus.OK


async def hear(gateway: Gateway, connection_id: str, frame: str | bytes, frame_id: str, until: Instant) -> None:
    """`until` says when the process that hears it will be no more."""
    hearing = _Hearing(gateway, connection_id, frame, frame_id, until)
    deeds = await attempt(gateway.desk, hearing.step)
    with suppress(SocketLost):
        for deed in deeds:
            await _do(gateway, connection_id, deed, until)


async def disconnect(gateway: Gateway, connection_id: str) -> None:
    await forget(gateway, connection_id)


@dataclass(slots=True)
class _Hearing:
    """One frame, tried until its commit is through."""

    gateway: Gateway
    connection_id: str
    frame: str | bytes
    frame_id: str
    until: Instant
    _registration: Registration | Failed | None = None

    async def step(self, desk: Desk, _lost: int) -> list[Deed]:
        loaded = await registry.load(desk.store, self.connection_id)
        if loaded is None:
            return []
        connection, actions = receive(loaded.value.connection, self.frame, self.frame_id)
        heard = _Heard(replace(loaded.value, connection=connection), [], [])
        for action in actions:
            await self._take(heard, action)
        if heard.state != loaded.value:
            due = due_at(self.gateway.life, heard.state)
            put = registry.write(self.connection_id, heard.state, due, loaded.version)
            await commit(desk, [put, *heard.writes])
        return heard.deeds

    async def _take(self, heard: _Heard, action: Action) -> None:
        match action:
            case Authenticate(payload):
                await self._authenticate(heard, payload)
            case Start() if is_subscription(action):
                await self._subscribe(heard, action)
            case Stop(operation_id):
                heard.state, deletes = registry.without(heard.state, operation_id)
                heard.writes += deletes
            case _:
                heard.deeds.append(action)

    async def _authenticate(self, heard: _Heard, payload: dict[str, Any]) -> None:
        context = self.gateway.context()
        is_in = await context.admits(payload)
        heard.state = replace(heard.state, caller=context.caller, token_ends_at=context.expires_at)
        heard.take(admit(heard.state.connection) if is_in else reject(heard.state.connection))

    async def _subscribe(self, heard: _Heard, start: Start) -> None:
        state = heard.state
        if self._registration is None:
            self._registration = await register(self.gateway, state.caller, state.token_ends_at, start)
        registered, caller = self._registration, state.caller
        if isinstance(registered, Failed) or caller is None:
            heard.take(fail(state.connection, start.id, registered.errors if isinstance(registered, Failed) else []))
            return
        replayed_until = None if registered.after is None else self.until
        key = keys.subscription(caller.tenant, registered.topic, self.connection_id, start.id, self.frame_id)
        subscription = SocketSubscription(
            connection_id=self.connection_id,
            operation_id=start.id,
            query=start.query,
            variables=registered.variables,
            operation_name=start.operation_name,
            caller=caller,
            token_ends_at=state.token_ends_at,
            replayed_until=replayed_until,
            ends_at=state.ends_at,
        )
        heard.writes.append(registry.write_subscription(key, subscription, Expect.ABSENT))
        heard.state = replace(
            state,
            subscriptions=state.subscriptions | {start.id: key},
            replayed_until=replayed_until or state.replayed_until,
        )
        if registered.after is not None:
            heard.deeds.append(StartReplay(key, registered.after))


async def _do(gateway: Gateway, connection_id: str, deed: Deed, until: Instant) -> None:
    match deed:
        case Reply(frame):
            await say(gateway, connection_id, [frame])
        case Start():
            await _execute(gateway, connection_id, deed)
        case Close():
            await close(gateway, connection_id)
        case StartReplay(key, after):
            await replay(gateway, key, after, until)


async def _execute(gateway: Gateway, connection_id: str, start: Start) -> None:
    """A query or mutation: its one result, unless nobody wants it any more."""
    loaded = await registry.load(gateway.desk.store, connection_id)
    if loaded is None:
        return
    context = gateway.context(loaded.value.caller, loaded.value.token_ends_at)
    async with aclosing(outcomes(gateway.schema, context, start)) as told:
        found = [outcome async for outcome in told]

    def end(connection: Connection) -> Step:
        said: list[Action] = []
        for outcome in found:
            if isinstance(outcome, Failed):
                return fail(connection, start.id, outcome.errors)
            said += next_result(connection, start.id, outcome.result).actions
        if any(isinstance(each, Reply) and len(each.frame.encode()) > FRAME_BYTES_MAX for each in said):
            return fail(connection, start.id, [_TOO_LONG])
        connection, actions = finish(connection, start.id)
        return Step(connection, (*said, *actions))

    await say(gateway, connection_id, await ended(gateway, connection_id, start.id, end))


_TOO_LONG = {
    "message": f"The result does not fit into a frame of {FRAME_BYTES_MAX} bytes. Select less, or ask over HTTP. "
    "What a mutation changes is changed all the same.",
    "extensions": {"code": "PAYLOAD_TOO_LARGE"},
}
