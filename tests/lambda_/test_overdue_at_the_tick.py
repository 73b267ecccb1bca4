"""What the tick's own handler does about sockets, before it sweeps."""

from collections.abc import Iterator

import pytest
from cloud import Cloud, Invocation, cloud

from kefu.domain.instants import HOUR, MINUTE
from kefu.entrypoints.lambda_tick import SWEEP_KEPT_S, tick_handler

ENDPOINT = "https://sockets.example/prod"
SHARDS = {"shard": 1, "of": 2}


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud(KEFU_WEBSOCKET_ENDPOINT=ENDPOINT) as aws:
        yield aws


def overdue_socket(aws: Cloud) -> str:
    """The gateway is about to cut it."""
    socket = aws.socket(life_ms=3 * HOUR)
    aws.subscribes(socket)
    aws.clock.advance(2 * HOUR - 9 * MINUTE)
    return socket


def tick(aws: Cloud, later_ms: int | None = None, **event: object) -> dict[str, object]:
    return tick_handler(aws.container)(event, Invocation(55_000, later_ms))


def test_an_overdue_socket_is_left_and_the_sweep_goes_on(aws: Cloud) -> None:
    socket = overdue_socket(aws)
    assert tick(aws) == {"looks": 0, "isOver": True, "sockets": 1, "lanes": 0, "deadlines": 0}
    assert (aws.heard(socket), aws.peers.closed) == ([{"id": "1", "type": "complete"}], {socket})


def test_without_a_websocket_api_no_socket_is_looked_for() -> None:
    with cloud() as aws:
        socket = overdue_socket(aws)
        assert (tick(aws)["sockets"], aws.heard(socket), aws.peers.closed) == (0, [], set())


def test_of_several_schedules_one_attends(aws: Cloud) -> None:
    socket = overdue_socket(aws)
    assert (tick(aws, **SHARDS)["sockets"], aws.peers.closed) == (0, set())
    assert (tick(aws, **SHARDS | {"shard": 0})["sockets"], aws.peers.closed) == (1, {socket})


def test_sockets_take_no_time_that_is_kept_for_the_sweep(aws: Cloud) -> None:
    overdue_socket(aws)
    answer = tick(aws, later_ms=SWEEP_KEPT_S * 1_000)
    assert (answer["isOver"], answer["sockets"], aws.peers.closed) == (True, 0, set())


def test_what_goes_wrong_with_a_socket_is_logged_and_the_sweep_comes(
    aws: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    socket = overdue_socket(aws)

    def broken() -> None:
        raise RuntimeError("the gateway is broken")

    aws.peers.at_close = broken
    assert tick(aws)["isOver"]
    assert f"socket {socket} was not attended to" in caplog.text
    assert socket not in aws.peers.closed
