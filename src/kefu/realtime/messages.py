"""The messages of graphql-transport-ws as they lie in a frame."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

import msgspec

from kefu.realtime.bounds import FRAME_BYTES_MAX, ID_LENGTH_MAX

OperationId: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_LENGTH_MAX)]
Payload: TypeAlias = dict[str, Any] | None


class ConnectionInit(msgspec.Struct, frozen=True, tag_field="type", tag="connection_init"):
    payload: Payload = None


class Ping(msgspec.Struct, frozen=True, tag_field="type", tag="ping"):
    payload: Payload = None


class Pong(msgspec.Struct, frozen=True, tag_field="type", tag="pong"):
    payload: Payload = None


class Operation(msgspec.Struct, frozen=True, rename="camel"):
    query: str
    operation_name: str | None = None
    variables: Payload = None
    extensions: Payload = None


class Subscribe(msgspec.Struct, frozen=True, tag_field="type", tag="subscribe"):
    id: OperationId
    payload: Operation


class Complete(msgspec.Struct, frozen=True, tag_field="type", tag="complete"):
    id: OperationId


Message: TypeAlias = ConnectionInit | Ping | Pong | Subscribe | Complete
"""What a client may send."""

_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)

PONG = '{"type":"pong"}'


class NotAMessage(Exception):
    """A frame that the protocol does not know; the text says what is wrong with it."""


def parse(frame: str | bytes) -> Message:
    """Raises `NotAMessage`."""
    if isinstance(frame, bytes):
        raise NotAMessage("Frames must be text")
    try:
        text = frame.encode()
        if len(text) > FRAME_BYTES_MAX:
            raise NotAMessage(f"A frame may have {FRAME_BYTES_MAX} bytes")
        return _decoder.decode(text)
    except (ValueError, RecursionError) as invalid:
        raise NotAMessage(f"Invalid message: {invalid}") from invalid


def ack_frame(payload: Mapping[str, Any] | None) -> str:
    return _frame({"type": "connection_ack"} if payload is None else {"type": "connection_ack", "payload": payload})


def next_frame(operation_id: str, result: Mapping[str, Any] | msgspec.Raw) -> str:
    """A result that many are told may be JSON already."""
    return _frame({"id": operation_id, "type": "next", "payload": result})


def error_frame(operation_id: str, errors: Sequence[Mapping[str, Any]]) -> str:
    return _frame({"id": operation_id, "type": "error", "payload": errors})


def complete_frame(operation_id: str) -> str:
    return _frame({"id": operation_id, "type": "complete"})


def _frame(message: Mapping[str, Any]) -> str:
    return msgspec.json.encode(message).decode()
