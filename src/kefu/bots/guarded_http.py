"""One POST to an address that a tenant names: bounded in time and size, and never into our own network.

A name is resolved once, its addresses are looked at, and the connection goes to one of those: a name that says
something else the second time leads nowhere.
"""

import asyncio
import http.client
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from ipaddress import ip_address

from kefu.domain.web_target import TargetRefused, WebTarget, is_public, read_target


class PostFailed(Exception):
    """Not sent, or no answer that can be used; the message says why."""


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
            target = read_target(url, allows_private=may_stay_inside)
            connection = _connection(target, await _address(target, may_stay_inside=may_stay_inside), timeout_s)
            return await asyncio.to_thread(_send, connection, target.path, body, headers, bytes_max)
    except TargetRefused as refused:
        raise PostFailed(str(refused)) from refused
    except TimeoutError:
        raise PostFailed(f"no answer within {timeout_s:g} s") from None
    finally:
        if connection is not None:
            _cut(connection)


def _send(
    connection: http.client.HTTPConnection, path: str, body: bytes, headers: Mapping[str, str], bytes_max: int
) -> bytes:
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


async def _address(target: WebTarget, *, may_stay_inside: bool) -> str:
    """The first one that the target's name stands for."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as unknown:
        raise PostFailed("its name is not known") from unknown
    addresses = [str(each[4][0]) for each in found]
    if not may_stay_inside and not all(is_public(ip_address(each.partition("%")[0])) for each in addresses):
        raise PostFailed("its name leads into a private network")
    return addresses[0]


def _connection(target: WebTarget, address: str, timeout_s: float) -> http.client.HTTPConnection:
    pinned = _PinnedHttps if target.is_encrypted else _Pinned
    return pinned(target, address, timeout_s)


class _Pinned(http.client.HTTPConnection):
    """Connects to the address that was looked at, under the name that the tenant wrote."""

    def __init__(self, target: WebTarget, address: str, timeout_s: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout_s)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)


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
