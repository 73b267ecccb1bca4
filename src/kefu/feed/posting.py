"""Posting to strangers' endpoints: to the address that was checked, without following, and reading only so much.

HTTP/1.1 with one request on a connection, since no client library that can be told which address to connect to is
there on Lambda and here. Of the answer only the status counts.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import cache
from http import HTTPStatus
from ipaddress import ip_address
from typing import TypeAlias

from kefu.domain.web_target import TargetRefused, WebTarget, is_public, read_target
from kefu.feed.outgoing import POST_WITHIN_S, NotTaken, Outgoing

ANSWER_BYTES_MAX = 16_384
"""Of an answer's head, and of its rest: more is not read."""
HEARD_OUT_S = 0.2
ADDRESSES_MAX = 3
"""Of one name, tried one after the other."""
USER_AGENT = "Kefu-Webhooks"

_HEAD_ENDS = b"\r\n\r\n"
_INTERIM = (b"HTTP/1.1 1", b"HTTP/1.0 1")

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host name. Raises `OSError`."""


async def resolve(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class HttpPost:
    def __init__(
        self, *, allows_private: bool = False, resolve: Resolve = resolve, within_s: float = POST_WITHIN_S
    ) -> None:
        self._allows_private = allows_private
        self._resolve = resolve
        self._within_s = within_s

    async def __call__(self, outgoing: Outgoing, /) -> None:
        try:
            async with asyncio.timeout(self._within_s):
                status = await self._post(outgoing)
        except TimeoutError as late:
            raise NotTaken(f"no answer within {self._within_s:g} s") from late
        except TargetRefused as refused:
            raise NotTaken(f"not sent: {refused}") from refused
        except UnicodeError as failure:
            raise NotTaken("no connection: that is no host name") from failure
        except OSError as failure:
            raise NotTaken(f"no connection: {failure.strerror or type(failure).__name__}") from failure
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            hint = ": redirects are not followed" if 300 <= status < 400 else ""  # noqa: PLR2004  as HTTP has it
            raise NotTaken(f"HTTP {status}{hint}")

    async def _post(self, outgoing: Outgoing) -> int:
        target = read_target(outgoing.url, allows_private=self._allows_private)
        reader, writer = await self._connect(target)
        try:
            writer.write(_request(target, outgoing))
            await writer.drain()
            status = _status(await _head(reader))
            await _hear_out(reader)
        finally:
            writer.transport.abort()  # never waits for the other side
        return status

    async def _connect(self, target: WebTarget) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connects to an address, not to the name: whatever the name means a moment later."""
        failure: OSError | None = None
        for address in (await self._addresses(target))[:ADDRESSES_MAX]:
            try:
                return await asyncio.open_connection(
                    address,
                    target.port,
                    limit=ANSWER_BYTES_MAX,
                    ssl=_tls() if target.is_encrypted else None,
                    server_hostname=target.host if target.is_encrypted else None,
                )
            except OSError as refused:
                failure = refused
        raise failure or OSError("no address")

    async def _addresses(self, target: WebTarget) -> list[str]:
        found = list(dict.fromkeys(await self._resolve(target.host, target.port)))
        allowed = [each for each in found if self._allows_private or is_public(ip_address(each.partition("%")[0]))]
        if found and not allowed:
            raise TargetRefused("the host's name stands for a private or local address.")
        return allowed


@cache
def _tls() -> ssl.SSLContext:
    """Made when it is first needed: loading the authorities takes a while."""
    return ssl.create_default_context()


def _request(target: WebTarget, outgoing: Outgoing) -> bytes:
    headers = {
        "Host": target.authority,
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
        **outgoing.headers,
        "Content-Length": str(len(outgoing.body)),
        "Connection": "close",
    }
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("ascii") + outgoing.body


async def _head(reader: asyncio.StreamReader) -> bytes:
    """Of the final answer, as far as the bound lets it be read."""
    head, left = b"", ANSWER_BYTES_MAX
    while left and _HEAD_ENDS not in head:
        piece = await reader.read(left)
        if not piece:
            break
        left -= len(piece)
        head += piece
        while head.startswith(_INTERIM) and _HEAD_ENDS in head:
            head = head.partition(_HEAD_ENDS)[2]
    return head


async def _hear_out(reader: asyncio.StreamReader) -> None:
    """The rest is of no use, but a receiver that is cut off in its answer may think that it failed."""
    with suppress(TimeoutError, OSError, asyncio.IncompleteReadError):
        async with asyncio.timeout(HEARD_OUT_S):
            await reader.readexactly(ANSWER_BYTES_MAX)


def _status(answer: bytes) -> int:
    version, _, rest = answer.partition(b" ")
    with suppress(ValueError):
        if version.startswith(b"HTTP/1."):
            return int(rest[:3])
    raise NotTaken("the answer was no HTTP")
