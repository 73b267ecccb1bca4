"""The sockets that are open now, by the ids that functions know them by."""

import base64
import random
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.utils import ClientDisconnected

from kefu.local_aws.frames import CUT, IS_FULL
from kefu.local_aws.options import Disorder
from kefu.local_aws.socket_events import Opened

SHUFFLED_WITHIN_S = 0.05
REPEATED_AFTER_S = 0.02


class Gone(Exception):
    """There is no such socket, or not any more, or not yet."""


class Full(Exception):
    """Its client reads too slowly."""


class Luck:
    """Throws the dice of `Disorder`."""

    def __init__(self, disorder: Disorder) -> None:
        self._disorder = disorder
        self._dice = random.Random(disorder.seed)

    def delays_s(self) -> list[float]:
        """When a frame is handed to its function: once, or twice."""
        times = 1 + (self._dice.random() < self._disorder.duplicate)
        within = SHUFFLED_WITHIN_S if self._disorder.is_shuffled else 0.0
        return [self._dice.random() * within + again * REPEATED_AFTER_S for again in range(times)]

    def cuts(self) -> bool:
        return self._dice.random() < self._disorder.drop

    def is_heard_of(self) -> bool:
        """Of a socket that was cut AWS often learns late, or its function never."""
        return self._dice.random() < 0.5  # noqa: PLR2004  every other


@dataclass(slots=True, eq=False)
class Connection:
    opened: Opened
    websocket: WebSocket
    now: Callable[[], float]
    last_active_at: float = 0.0
    was_cut: bool = False

    def touch(self) -> None:
        self.last_active_at = self.now()

    async def post(self, text: str) -> None:
        """Raises `Gone`, `Full`."""
        if self.websocket.scope["state"][IS_FULL]():
            raise Full
        await self._told(self.websocket.send_text(text))
        self.touch()

    async def close(self, code: int, reason: str = "") -> None:
        await self._told(self.websocket.close(code, reason))

    def cut(self) -> None:
        """As if the cable were pulled: no close frame, and what was on the way is lost."""
        self.was_cut = True
        self.websocket.scope["state"][CUT]()

    async def _told(self, sending: Awaitable[None]) -> None:
        try:
            await sending
        except (ClientDisconnected, WebSocketDisconnect, RuntimeError) as error:  # RuntimeError: closed already
            raise Gone from error


class Connections:
    def __init__(self, luck: Luck) -> None:
        self._open: dict[str, Connection] = {}
        self._luck = luck

    def add(self, connection: Connection) -> None:
        self._open[connection.opened.connection_id] = connection

    def remove(self, connection: Connection) -> None:
        self._open.pop(connection.opened.connection_id, None)

    def get(self, connection_id: str) -> Connection:
        """Raises `Gone`."""
        if connection_id not in self._open:
            raise Gone
        return self._open[connection_id]

    async def post(self, connection_id: str, text: str) -> None:
        """Raises `Gone`, `Full`. A socket that is cut here has taken the message, as far as the poster is told."""
        connection = self.get(connection_id)
        if self._luck.cuts():
            connection.cut()
            self.remove(connection)
            return
        await connection.post(text)

    async def close(self, connection_id: str) -> None:
        connection = self.get(connection_id)
        self.remove(connection)
        await connection.close(1000, "Connection Closed Normally")

    def __len__(self) -> int:
        return len(self._open)

    async def close_all(self) -> None:
        for connection in list(self._open.values()):
            with suppress(Gone):
                await connection.close(1001, "Going away")


def new_connection_id() -> str:
    """Eleven bytes in base64, as AWS has them: the `=` at their end must be escaped in a path."""
    return base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()
