"""How much of a body is read, and how much more is let pass: a client that still sends does not hear an answer."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from kefu.domain.bounds import REQUEST_BYTES_MAX

DRAINED_MAX = 64 * REQUEST_BYTES_MAX

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]


class TooManyBytes(Exception):
    """The body is longer than it may be."""


async def read_bounded(chunks: AsyncIterator[bytes], bytes_max: int) -> bytes:
    """The whole body. Raises `TooManyBytes` when all of one too long was let pass, as far as `DRAINED_MAX`."""
    kept, length = bytearray(), 0
    async for chunk in chunks:
        length += len(chunk)
        if length <= bytes_max:
            kept += chunk
        elif length > DRAINED_MAX:
            break
    if length > bytes_max:
        raise TooManyBytes
    return bytes(kept)


class BoundedBody:
    """The messages of a request, until more bytes came than one request may have."""

    def __init__(self, headers: list[tuple[bytes, bytes]], receive: Receive) -> None:
        self._receive = receive
        self._is_whole = False
        declared = next((int(value) for name, value in headers if name == b"content-length" and value.isdigit()), 0)
        self._received = declared if declared > REQUEST_BYTES_MAX else 0

    async def receive(self) -> MutableMapping[str, Any]:
        if self._received > REQUEST_BYTES_MAX:
            raise TooManyBytes
        message = await self._next()
        if self._received > REQUEST_BYTES_MAX:
            raise TooManyBytes
        return message

    async def drain(self) -> None:
        """Reads on without keeping anything, to the body's end or `DRAINED_MAX`."""
        self._received = 0
        while not self._is_whole and self._received < DRAINED_MAX:
            await self._next()

    async def _next(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        self._is_whole = self._is_whole or not message.get("more_body", False)
        self._received += len(message.get("body", b""))
        return message
