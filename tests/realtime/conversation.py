"""What a client says, as frames, and what came of it."""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

import msgspec

from kefu.realtime.actions import Action, Authenticate, Close, Reply, Start, Stop
from kefu.realtime.protocol import SUBPROTOCOL, Connection, admit, opened, receive

INIT = '{"type":"connection_init"}'
PING = '{"type":"ping"}'
QUERY = "subscription { news }"

Delivery: TypeAlias = tuple[str, str | None]
"""A frame and its id, where the transport gives one."""


class Outcome(NamedTuple):
    connection: Connection
    actions: tuple[Action, ...]

    @property
    def running(self) -> list[str]:
        """Ids that a driver executes in the end."""
        running: list[str] = []
        for action in self.actions:
            if isinstance(action, Start):
                running.append(action.id)
            elif isinstance(action, Stop):
                running.remove(action.id)
        return sorted(running)

    @property
    def code(self) -> int | None:
        """Of the close, if there is one."""
        return next((action.code for action in self.actions if isinstance(action, Close)), None)

    @property
    def replies(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(action.frame) for action in self.actions if isinstance(action, Reply)]


def subscribe(operation_id: str, query: str = QUERY) -> str:
    return msgspec.json.encode({"type": "subscribe", "id": operation_id, "payload": {"query": query}}).decode()


def complete(operation_id: str) -> str:
    return msgspec.json.encode({"type": "complete", "id": operation_id}).decode()


def said(*frames: str | bytes, to: Connection | None = None) -> Outcome:
    """Frames in order, once each. Whoever authenticates is let in."""
    return _play(((frame, None) for frame in frames), to)


def delivered(deliveries: Iterable[Delivery], to: Connection | None = None) -> Outcome:
    """Frames with their ids, as they arrive."""
    return _play(deliveries, to)


def acknowledged() -> Connection:
    return said(INIT).connection


def _play(deliveries: Iterable[tuple[str | bytes, str | None]], to: Connection | None) -> Outcome:
    connection = opened([SUBPROTOCOL]).connection if to is None else to
    told: list[Action] = []
    for frame, frame_id in deliveries:
        connection, actions = receive(connection, frame, frame_id)
        told += actions
        if any(isinstance(action, Authenticate) for action in actions):
            connection, actions = admit(connection)
            told += actions
    return Outcome(connection, tuple(told))
