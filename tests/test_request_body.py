"""A body over the bound is let pass to its end, and not beyond."""

from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

import pytest

from kefu.domain.bounds import REQUEST_BYTES_MAX
from kefu.request_body import BoundedBody, TooManyBytes

HALF = b"x" * (REQUEST_BYTES_MAX // 2 + 1)


class Sender:
    """Sends these chunks; who asks for more behind the last waits for ever, here it fails."""

    def __init__(self, *chunks: bytes) -> None:
        self.left = list(chunks)

    async def receive(self) -> MutableMapping[str, Any]:
        assert self.left, "nothing more comes"
        chunk = self.left.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(self.left)}


@pytest.mark.parametrize("chunks", [1, 2, 3, 9])
async def test_a_body_without_a_length_is_drained_to_its_end(chunks: int) -> None:
    sender = Sender(*[HALF * (3 - min(chunks, 2))] * chunks)
    body = BoundedBody([], sender.receive)
    for _ in range(chunks):
        with suppress(TooManyBytes):
            await body.receive()
    await body.drain()
    assert sender.left == []


async def test_a_body_that_says_it_is_too_long_is_refused_unread() -> None:
    sender = Sender(HALF, HALF)
    length = str(2 * len(HALF)).encode()
    with pytest.raises(TooManyBytes):
        await BoundedBody([(b"content-length", length)], sender.receive).receive()
    assert len(sender.left) == 2
