"""Webhooks on Lambda: the stream's handler tells at once, the tick tells what is due, and neither is held up."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from cloud import PARTNER, TENANT, Cloud, Invocation, cloud

from kefu.desk.call import Call
from kefu.desk.webhooks import WebhookChange, save_webhook
from kefu.domain.instants import MINUTE, SECOND
from kefu.entrypoints import lambda_stream
from kefu.entrypoints.lambda_tick import tick_handler
from kefu.feed.outgoing import NotTaken, Outgoing
from kefu.feed.webhook_claims import LEASE_MS
from kefu.feed.webhooks import Courier
from kefu.records import keys
from kefu.wire.outwards import DIALECTS

FIRST_MESSAGE = [1, 2, 3, 4, 5]
TICK = {"detail-type": "Scheduled Event"}


class Receiver:
    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.is_down = False
        self.hangs = False

    async def __call__(self, outgoing: Outgoing, /) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.is_down:
            raise NotTaken("HTTP 500")
        self.got.append(msgspec.json.decode(outgoing.body))

    @property
    def seqs(self) -> list[int]:
        return [each["data"]["seq"] for each in self.got]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def aws(receiver: Receiver) -> Iterator[Cloud]:
    """With one webhook."""
    with cloud() as made:
        container = made.container
        container.courier = Courier(desk=container.desk, dialects=DIALECTS, post=receiver)
        change = WebhookChange(url="https://shop.example/hooks")
        container.run(save_webhook(container.desk, Call(by=PARTNER), change))
        made.clock.advance(10 * SECOND)
        yield made


class TimeRunsOut:
    """Ample time while it is shared out, and then only what is kept for the sweep."""

    def __init__(self) -> None:
        self._asked = 0

    def get_remaining_time_in_millis(self) -> int:
        self._asked += 1
        return 55_000 if self._asked <= 2 else 21_000


def tick(aws: Cloud) -> int:
    return int(tick_handler(aws.container)(TICK, Invocation(55_000))["lanes"])


def test_the_stream_tells_webhooks_and_sockets(aws: Cloud, receiver: Receiver) -> None:
    socket = aws.socket()
    aws.subscribes(socket)
    aws.write("V")
    assert aws.publish() == []
    assert (receiver.seqs, aws.seqs(socket)) == (FIRST_MESSAGE, FIRST_MESSAGE)


def test_a_batch_that_comes_again_is_told_once(aws: Cloud, receiver: Receiver) -> None:
    aws.write("V")
    records = aws.stream()
    aws.publish(records)
    aws.publish(records)
    assert receiver.seqs == FIRST_MESSAGE


def test_all_of_a_session_in_one_batch_is_told_in_order(aws: Cloud, receiver: Receiver) -> None:
    session = aws.write("V")
    aws.write("V")
    aws.close(session)
    aws.publish()
    assert receiver.seqs == [*FIRST_MESSAGE, 6, 7, 8]


def test_what_failed_the_tick_tells_when_it_is_due(aws: Cloud, receiver: Receiver) -> None:
    receiver.is_down = True
    aws.write("V")
    aws.publish()
    receiver.is_down = False
    assert (tick(aws), receiver.seqs) == (0, [])
    aws.clock.advance(5 * SECOND)
    assert (tick(aws), receiver.seqs) == (1, FIRST_MESSAGE)


def test_a_webhook_that_fails_is_left_to_the_tick(aws: Cloud, receiver: Receiver) -> None:
    receiver.is_down = True
    aws.write("V")
    aws.publish()
    receiver.is_down = False
    aws.write("W")
    aws.publish()
    assert receiver.seqs == []
    tick(aws)
    assert receiver.seqs == FIRST_MESSAGE


def test_a_receiver_that_hangs_holds_up_no_batch(
    aws: Cloud, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lambda_stream, "WEBHOOKS_S", 0)
    receiver.hangs = True
    aws.write("V")
    assert aws.publish() == []
    receiver.hangs = False
    aws.clock.advance(LEASE_MS)
    tick(aws)
    assert receiver.seqs == FIRST_MESSAGE


def test_a_tick_without_time_for_webhooks_leaves_them_due(aws: Cloud, receiver: Receiver) -> None:
    receiver.is_down = True
    aws.write("V")
    aws.publish()
    receiver.is_down = False
    aws.clock.advance(MINUTE)
    assert tick_handler(aws.container)(TICK, TimeRunsOut())["lanes"] == 0
    assert receiver.seqs == []
    tick(aws)
    assert receiver.seqs == FIRST_MESSAGE


def test_without_a_webhook_nothing_is_written(receiver: Receiver) -> None:
    with cloud() as aws:
        session = aws.write("V")
        aws.publish()
        sorts = [record.key.sort for record in aws.records(keys.log_partition(TENANT, session.id))]
    assert [each for each in sorts if not each.startswith("LOG#")] == []
