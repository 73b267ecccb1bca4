"""What the transport is to do, in this order. A closed sum: `match` it and end with `assert_never`."""

from enum import IntEnum
from typing import Any, TypeAlias

from kefu.dataclass import dataclass


class CloseCode(IntEnum):
    """The protocol's own; a transport may close for reasons of its own with others."""

    INVALID_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY_INITS = 4429


@dataclass(frozen=True, slots=True)
class Reply:
    """Send `frame` as text, as it is."""

    frame: str


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Find out who this is, then go on with `admit` or `reject`."""

    payload: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """Execute, and go on with `next_result`, then `finish` or `fail`."""

    id: str
    query: str
    variables: dict[str, Any] | None
    operation_name: str | None
    extensions: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Nobody wants the results of this operation any more."""

    id: str


@dataclass(frozen=True, slots=True)
class Close:
    """Stop whatever runs on the socket, then close it."""

    code: CloseCode
    reason: str


Action: TypeAlias = Reply | Authenticate | Start | Stop | Close
