"""How much of a body is read, and how much more is let pass so that the sender hears why."""

from typing import Any

from starlette.types import Receive, Scope

from kefu.domain.bounds import REQUEST_BYTES_MAX

DRAINED_MAX = 64 * REQUEST_BYTES_MAX


class TooManyBytes(Exception):
    """The body is over `REQUEST_BYTES_MAX`."""


def bounded(scope: Scope, receive: Receive) -> Receive:
    """`receive`, until more bytes came than one request may have."""
    declared = next(
        (int(value) for name, value in scope["headers"] if name == b"content-length" and value.isdigit()), 0
    )
    received = declared if declared > REQUEST_BYTES_MAX else 0

    async def counted() -> Any:
        nonlocal received
        if received > REQUEST_BYTES_MAX:
            raise TooManyBytes
        message = await receive()
        received += len(message.get("body", b""))
        if received > REQUEST_BYTES_MAX:
            raise TooManyBytes
        return message

    return counted


async def drain(receive: Receive) -> None:
    """Reads on without keeping anything: a client that is still sending does not hear an answer."""
    drained = 0
    while drained < DRAINED_MAX:
        message = await receive()
        drained += len(message.get("body", b""))
        if not message.get("more_body", False):
            return
