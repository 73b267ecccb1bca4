"""When a frame cannot be taken up, or its answer cannot be said: the client hears so, in words of the protocol."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from cloud import Cloud, cloud

from kefu.domain.bounds import ATTEMPTS_MAX
from kefu.store.port import Store, Throttled, Write
from kefu.store.wrapper import StoreWrapper

TEXTS = "{ sessions { nodes { events { nodes { message { text } } } } } }"


class Throttling(StoreWrapper):
    """Refuses so many commits."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.refusals = 0

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Throttled
        await super().commit(writes, token=token)


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


@pytest.mark.parametrize("refusals", [ATTEMPTS_MAX, 1_000], ids=["for a while", "without end"])
def test_a_frame_that_is_not_taken_up_closes_its_socket(aws: Cloud, refusals: int) -> None:
    """The client comes back: what the gateway would say for us is no message of the protocol, and final."""
    socket = aws.socket()
    store = Throttling(aws.container.desk.store)
    aws.container.__dict__["desk"] = replace(aws.container.desk, store=store)
    aws.container.__dict__["gateway"] = replace(aws.gateway, desk=aws.container.desk)
    store.refusals = refusals
    aws.subscribes(socket)
    assert (aws.peers.closed, aws.heard(socket)) == ({socket}, [])


def test_a_result_too_long_for_a_frame_ends_its_operation_alone(aws: Cloud) -> None:
    socket = aws.socket()
    aws.subscribes(socket, operation_id="news")
    for _ in range(20):
        aws.write("V", "字" * 3_000)
    aws.says(socket, {"type": "subscribe", "id": "q", "payload": {"query": TEXTS}})
    [frame] = aws.heard(socket)
    assert (frame["id"], frame["type"], frame["payload"][0]["extensions"]["code"]) == (
        "q",
        "error",
        "PAYLOAD_TOO_LARGE",
    )
    aws.publish()
    assert {frame["id"] for frame in aws.heard(socket)} == {"news"}
    assert not aws.peers.closed
