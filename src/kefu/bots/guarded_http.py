"""One POST to an address that a tenant names: bounded in time and size, and never into our own network.

A name is resolved once, its addresses are looked at, and the connection goes to one of those: a name that says
something else the second time leads nowhere.
"""

import asyncio
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit


class PostFailed(Exception):
    """Not sent, or no answer that can be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    url: SplitResult
    address: str
    """One that `url`'s name stands for."""
    port: int


async def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_s: float,
    bytes_max: int,
    may_stay_inside: bool = False,
) -> bytes:
    """The body of a 200. Raises `PostFailed`."""
    connection: http.client.HTTPConnection | None = None
    try:
        async with asyncio.timeout(timeout_s):
            target = await _target(url, may_stay_inside=may_stay_inside)
            connection = _connection(target, timeout_s)
            return await asyncio.to_thread(_send, connection, target, body, headers, bytes_max)
    except TimeoutError:
        raise PostFailed(f"no answer within {timeout_s:g} s") from None
    finally:
        if connection is not None:
            _cut(connection)


def _send(
    connection: http.client.HTTPConnection, target: Target, body: bytes, headers: Mapping[str, str], bytes_max: int
) -> bytes:
    path = (target.url.path or "/") + (f"?{target.url.query}" if target.url.query else "")
    try:
        connection.request("POST", path, body, {"content-type": "application/json", **headers})
        answer = connection.getresponse()
        told = answer.read(bytes_max + 1)
    except (OSError, http.client.HTTPException, ValueError) as failed:
        raise PostFailed(f"the connection failed: {type(failed).__name__}") from failed
    if answer.status != HTTPStatus.OK:
        raise PostFailed(f"status {answer.status}")
    if len(told) > bytes_max:
        raise PostFailed(f"an answer of over {bytes_max} bytes")
    return told


async def _target(url: str, *, may_stay_inside: bool) -> Target:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or (parts.scheme == "http" and not may_stay_inside):
        raise PostFailed("its URL is not https")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError as unknown:
        raise PostFailed("its name is not known") from unknown
    addresses = [str(each[4][0]) for each in found]
    if not may_stay_inside and any(not ipaddress.ip_address(each).is_global for each in addresses):
        raise PostFailed("its name leads into a private network")
    return Target(parts, addresses[0], port)


def _connection(target: Target, timeout_s: float) -> http.client.HTTPConnection:
    name = target.url.hostname or ""
    if target.url.scheme == "https":
        return _PinnedHttps(name, target, timeout_s)
    return _Pinned(name, target, timeout_s)


class _Pinned(http.client.HTTPConnection):
    """Connects to the address that was looked at, under the name that the tenant wrote."""

    def __init__(self, name: str, target: Target, timeout_s: float) -> None:
        super().__init__(name, target.port, timeout=timeout_s)
        self._target = target

    def connect(self) -> None:
        self.sock = socket.create_connection((self._target.address, self._target.port), self.timeout)


class _PinnedHttps(_Pinned):
    def connect(self) -> None:
        super().connect()
        context = ssl.create_default_context()
        self.sock = context.wrap_socket(self.sock, server_hostname=self.host)


def _cut(connection: http.client.HTTPConnection) -> None:
    """A thread that still reads, drop by drop, is told that it is over."""
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()
