"""graphql-transport-ws, the server's side, after the PROTOCOL.md of graphql-ws.

A `Connection` is a value: each function takes one and returns the next one with what is to be done. Between two frames
it may lie in a record, and another process may handle the next frame. Store it before its actions are carried out: what
was committed by somebody else meanwhile is then read again, and nothing is done twice.

A transport that delivers frames in any order, twice or at the same time gives each its `frame_id`. That an init comes
before a subscribe holds even there: the client waits for the ack. One thing cannot be put right: who completes an
operation and subscribes again under the same id at once may find the two swapped, and the socket closed with 4409.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, NamedTuple, assert_never

from kefu.dataclass import dataclass
from kefu.realtime.actions import Action, Authenticate, Close, CloseCode, Reply, Start, Stop
from kefu.realtime.bounds import HANDLED_MAX, OPERATIONS_MAX, OVERTAKEN_MAX, REASON_BYTES_MAX
from kefu.realtime.messages import (
    PONG,
    Complete,
    ConnectionInit,
    NotAMessage,
    Ping,
    Pong,
    Subscribe,
    ack_frame,
    complete_frame,
    error_frame,
    next_frame,
    parse,
)

SUBPROTOCOL = "graphql-transport-ws"


class Phase(StrEnum):
    OPENED = "OPENED"
    INITIALISED = "INITIALISED"
    """The client has said who he is; nobody has looked yet."""
    ACKNOWLEDGED = "ACKNOWLEDGED"
    CLOSED = "CLOSED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    phase: Phase = Phase.OPENED
    live: tuple[str, ...] = ()
    """Ids of operations that were started and have not ended."""
    overtaken: tuple[str, ...] = ()
    """Ids of completes that came before their subscribe: each will swallow one."""
    handled: tuple[str, ...] = ()
    """Ids of frames that left a trace here, oldest first."""


class Step(NamedTuple):
    connection: Connection
    actions: tuple[Action, ...] = ()


def opened(offered: Sequence[str]) -> Step:
    """A new socket whose client speaks these subprotocols."""
    if SUBPROTOCOL not in offered:
        return _close(Connection(), CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
    return Step(Connection())


def receive(connection: Connection, frame: str | bytes, frame_id: str | None = None) -> Step:
    """A frame came in. Where nothing is to be remembered the connection comes back as it was."""
    if connection.phase is Phase.CLOSED or frame_id in connection.handled:
        return Step(connection)
    try:
        message = parse(frame)
    except NotAMessage as wrong:
        return _close(connection, CloseCode.INVALID_MESSAGE, str(wrong))
    match message:
        case Ping():
            return Step(connection, (Reply(PONG),))
        case Pong():
            return Step(connection)
        case ConnectionInit(payload=payload):
            step = _initialise(connection, payload)
        case Subscribe():
            step = _subscribe(connection, message)
        case Complete(id=operation_id):
            step = _complete(connection, operation_id, may_overtake=frame_id is not None)
        case _:
            assert_never(message)
    return step if frame_id is None else _remembering(step, frame_id)


def admit(connection: Connection, payload: Mapping[str, Any] | None = None) -> Step:
    """The client is who he says."""
    if connection.phase is not Phase.INITIALISED:
        return Step(connection)
    return Step(replace(connection, phase=Phase.ACKNOWLEDGED), (Reply(ack_frame(payload)),))


def reject(connection: Connection) -> Step:
    return _close(connection, CloseCode.FORBIDDEN, "Forbidden")


def init_is_overdue(connection: Connection) -> Step:
    """The time for connection_init is over."""
    if connection.phase is not Phase.OPENED:
        return Step(connection)
    return _close(connection, CloseCode.INIT_TIMEOUT, "Connection initialisation timeout")


def next_result(connection: Connection, operation_id: str, result: Mapping[str, Any]) -> Step:
    if operation_id not in connection.live:
        return Step(connection)
    return Step(connection, (Reply(next_frame(operation_id, result)),))


def finish(connection: Connection, operation_id: str) -> Step:
    """The last result has been told."""
    if operation_id not in connection.live:
        return Step(connection)
    return Step(_without(connection, operation_id), (Reply(complete_frame(operation_id)),))


def fail(connection: Connection, operation_id: str, errors: Sequence[Mapping[str, Any]]) -> Step:
    """The operation ends with errors of its own, not of one result: refused before its start, or broken off."""
    if operation_id not in connection.live:
        return Step(connection)
    return Step(_without(connection, operation_id), (Reply(error_frame(operation_id, errors)),))


def _initialise(connection: Connection, payload: dict[str, Any] | None) -> Step:
    if connection.phase is not Phase.OPENED:
        return _close(connection, CloseCode.TOO_MANY_INITS, "Too many initialisation requests")
    return Step(replace(connection, phase=Phase.INITIALISED), (Authenticate(payload or {}),))


def _subscribe(connection: Connection, message: Subscribe) -> Step:
    operation_id, asked = message.id, message.payload
    if connection.phase is not Phase.ACKNOWLEDGED:
        return _close(connection, CloseCode.UNAUTHORIZED, "Unauthorized")
    if operation_id in connection.live:
        return _close(connection, CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {operation_id} already exists")
    if operation_id in connection.overtaken:
        # The answer is for a client who completed an older operation of this id and would wait for ever.
        overtaken = _less(connection.overtaken, operation_id)
        return Step(replace(connection, overtaken=overtaken), (Reply(complete_frame(operation_id)),))
    if len(connection.live) >= OPERATIONS_MAX:
        return Step(connection, (Reply(error_frame(operation_id, [_TOO_MANY_OPERATIONS])),))
    start = Start(
        id=operation_id,
        query=asked.query,
        variables=asked.variables,
        operation_name=asked.operation_name,
        extensions=asked.extensions,
    )
    return Step(replace(connection, live=(*connection.live, operation_id)), (start,))


def _complete(connection: Connection, operation_id: str, *, may_overtake: bool) -> Step:
    if operation_id in connection.live:
        return Step(_without(connection, operation_id), (Stop(operation_id),))
    if may_overtake:
        return Step(replace(connection, overtaken=(*connection.overtaken, operation_id)[-OVERTAKEN_MAX:]))
    return Step(connection)


def _remembering(step: Step, frame_id: str) -> Step:
    connection, actions = step
    if connection.phase is Phase.CLOSED:
        return step
    return Step(replace(connection, handled=(*connection.handled, frame_id)[-HANDLED_MAX:]), actions)


def _without(connection: Connection, operation_id: str) -> Connection:
    return replace(connection, live=_less(connection.live, operation_id))


def _less(ids: tuple[str, ...], one: str) -> tuple[str, ...]:
    at = ids.index(one)
    return ids[:at] + ids[at + 1 :]


def _close(connection: Connection, code: CloseCode, reason: str) -> Step:
    if connection.phase is Phase.CLOSED:
        return Step(connection)
    cut = reason.encode(errors="replace")[:REASON_BYTES_MAX].decode(errors="ignore")
    return Step(Connection(phase=Phase.CLOSED), (Close(code, cut),))


_TOO_MANY_OPERATIONS: dict[str, Any] = {
    "message": f"The socket has {OPERATIONS_MAX} live operations. Complete one of them first, or open another socket.",
    "extensions": {"code": "TOO_MANY_OPERATIONS"},
}
