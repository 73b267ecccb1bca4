"""Frames of a socket, each an event of its own: in any order, twice, and from whom they should."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cloud import ALLOWED, EVENTS, PARTNER, SECRET, TENANT, Cloud, cloud

from kefu.desk.bearer_tokens import sign
from kefu.desk.call import Caller, Role
from kefu.realtime.protocol import SUBPROTOCOL
from kefu.records import keys

QUERY = {"type": "subscribe", "id": "q", "payload": {"query": "{ viewer { role } }"}}
WRITE = """mutation { messageIngest(input: {visitorUserName: "V", text: "hello"}) { session { unreadCount } } }"""
TOPIC = keys.topic_partition(TENANT, "tenant")


@pytest.fixture(params=["memory", "sqlite"])
def aws(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cloud]:
    url = "memory:" if request.param == "memory" else f"sqlite:{tmp_path / 'kefu.db'}"
    with cloud(url) as made:
        yield made


@pytest.fixture
def production() -> Iterator[Cloud]:
    with cloud(KEFU_ENV="production", KEFU_ALLOWED_ORIGINS=ALLOWED) as made:
        yield made


def test_a_socket_is_opened_with_the_subprotocol(aws: Cloud) -> None:
    answer = aws.connects("C")
    assert answer == {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": SUBPROTOCOL}}


def test_a_client_that_speaks_something_else_is_refused(aws: Cloud) -> None:
    assert aws.connects("C", **{"Sec-WebSocket-Protocol": "graphql-ws"})["statusCode"] == 400


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://sockets.example", 200), (ALLOWED, 200), ("https://evil.example", 403), ("null", 403)],
)
def test_in_production_a_page_opens_a_socket_if_its_origin_may(production: Cloud, origin: str, status: int) -> None:
    assert production.connects("C", Origin=origin)["statusCode"] == status


def test_a_refused_socket_is_not_there(production: Cloud) -> None:
    production.connects("C", Origin="https://evil.example")
    production.says("C", {"type": "ping"})
    assert production.heard("C") == []


def test_who_has_no_token_is_closed(aws: Cloud) -> None:
    aws.connects("C")
    aws.says("C", {"type": "connection_init"})
    assert aws.peers.closed == {"C"}


def test_a_token_that_has_ended_lets_nobody_in(aws: Cloud) -> None:
    aws.connects("C")
    token = sign(PARTNER, aws.clock.now() - 1_000, SECRET)
    aws.says("C", {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
    assert aws.peers.closed == {"C"}


def test_a_repeated_init_does_no_harm(aws: Cloud) -> None:
    aws.connects("C")
    for _ in range(3):
        payload = {"authorization": f"Bearer {aws.token()}"}
        aws.says("C", {"type": "connection_init", "payload": payload}, message_id="init")
    assert aws.heard("C") == [{"type": "connection_ack"}]
    assert not aws.peers.closed


def test_a_second_init_closes(aws: Cloud) -> None:
    socket = aws.socket()
    aws.says(socket, {"type": "connection_init"})
    assert aws.peers.closed == {socket}


def test_a_ping_is_answered(aws: Cloud) -> None:
    socket = aws.socket()
    aws.says(socket, {"type": "ping"})
    assert aws.heard(socket) == [{"type": "pong"}]


def test_a_query_is_answered_and_completed(aws: Cloud) -> None:
    socket = aws.socket()
    aws.says(socket, QUERY)
    assert aws.heard(socket) == [
        {"id": "q", "type": "next", "payload": {"data": {"viewer": {"role": "PARTNER"}}}},
        {"id": "q", "type": "complete"},
    ]


def test_a_repeated_mutation_is_done_once(aws: Cloud) -> None:
    socket = aws.socket()
    for _ in range(3):
        aws.says(socket, {"type": "subscribe", "id": "m", "payload": {"query": WRITE}}, message_id="mutation")
    [told, end] = aws.heard(socket)
    assert told["payload"]["data"]["messageIngest"]["session"] == {"unreadCount": 1}
    assert end["type"] == "complete"


def test_an_operation_that_is_wrong_ends_with_its_errors(aws: Cloud) -> None:
    socket = aws.socket()
    aws.subscribes(socket, "subscription { nothing }")
    [frame] = aws.heard(socket)
    assert (frame["type"], frame["payload"][0]["extensions"]["code"]) == ("error", "GRAPHQL_VALIDATION_FAILED")
    assert aws.records(TOPIC) == []


def test_what_a_role_may_not_follow_is_forbidden(aws: Cloud) -> None:
    socket = aws.socket(Caller(tenant=TENANT, role=Role.VISITOR, user_name="V"))
    aws.subscribes(socket, "subscription { queueChanged { cursor } }")
    [frame] = aws.heard(socket)
    assert (frame["type"], frame["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "WyIxIiwiIiwwXQ", "WyIwMDAwMDAwMDAwMDAwMDEjYSMwMDAwMDAwMDAxIiwiIiwwXQ"]
)
def test_a_cursor_of_nowhere_is_told_to_be_expired(aws: Cloud, cursor: str) -> None:
    socket = aws.socket()
    aws.subscribes(socket, after=cursor)
    [frame] = aws.heard(socket)
    assert (frame["type"], frame["payload"][0]["extensions"]["code"]) == ("error", "CURSOR_EXPIRED")


@pytest.mark.parametrize("number", range(10))
def test_a_complete_that_overtakes_its_subscribe_leaves_nothing_live(aws: Cloud, number: int) -> None:
    socket = aws.socket()
    for other in range(number):
        aws.subscribes(socket, operation_id=f"other-{other}")
    aws.says(socket, {"type": "complete", "id": "1"})
    aws.subscribes(socket)
    assert [frame["type"] for frame in aws.heard(socket)] == ["complete"]
    assert len(aws.records(TOPIC)) == number


@pytest.mark.parametrize("repeated", ["subscribe", "complete"])
def test_a_repeated_frame_of_what_was_completed_leaves_nothing_live(aws: Cloud, repeated: str) -> None:
    socket = aws.socket()
    frames: dict[str, dict[str, Any]] = {
        "subscribe": {"type": "subscribe", "id": "1", "payload": {"query": EVENTS}},
        "complete": {"type": "complete", "id": "1"},
    }
    for kind in ("subscribe", "complete", repeated):
        aws.says(socket, frames[kind], message_id=kind)
    assert aws.records(TOPIC) == []
    assert not aws.peers.closed


def test_a_subscription_is_in_its_narrowest_topic_alone(aws: Cloud) -> None:
    socket = aws.socket()
    aws.subscribes(socket, filter={"visitorUserName": "V", "agentUserName": "a"})
    assert aws.records(TOPIC) == []
    assert len(aws.records(keys.topic_partition(TENANT, "visitor:V"))) == 1


def test_who_leaves_leaves_nothing(aws: Cloud) -> None:
    socket = aws.socket()
    aws.subscribes(socket)
    aws.leaves(socket)
    assert aws.records(TOPIC) == aws.records(keys.socket(socket).partition) == []


def test_a_frame_behind_the_end_is_passed_over(aws: Cloud) -> None:
    socket = aws.socket()
    aws.leaves(socket)
    aws.subscribes(socket)
    assert (aws.heard(socket), aws.records(TOPIC)) == ([], [])


def test_nonsense_closes_the_socket(aws: Cloud) -> None:
    socket = aws.socket()
    aws.says(socket, {"type": "nonsense"})
    assert aws.peers.closed == {socket}


def test_bytes_close_the_socket(aws: Cloud) -> None:
    socket = aws.socket()
    aws.says(socket, {"type": "ping"}, is_binary=True)
    assert aws.peers.closed == {socket}
