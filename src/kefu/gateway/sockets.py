"""The port to sockets that somebody else keeps open."""

from typing import Protocol


class SocketError(Exception):
    """It did not take the frame."""


class SocketGone(SocketError):
    """Nobody is there any more."""


class SocketBusy(SocketError):
    """Too much at once; later it will do."""


class Sockets(Protocol):
    async def ready(self) -> None:
        """Makes what the other verbs need, once; in a process that just started that takes long. Raises `SocketError`."""

    async def post(self, connection_id: str, frame: bytes) -> None:
        """Raises `SocketGone`, `SocketBusy`, or another `SocketError`; `TimeoutError` if it may have arrived."""

    async def close(self, connection_id: str) -> None:
        """Raises as `post` does; one that is gone is closed."""
