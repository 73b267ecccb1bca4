"""Each rule of graphql-transport-ws, one by one."""

import msgspec
import pytest
from conversation import INIT, PING, QUERY, acknowledged, complete, said, subscribe

from kefu.realtime.actions import Authenticate, Close, CloseCode, Start, Stop
from kefu.realtime.bounds import FRAME_BYTES_MAX, ID_LENGTH_MAX, OPERATIONS_MAX, REASON_BYTES_MAX
from kefu.realtime.protocol import (
    SUBPROTOCOL,
    Connection,
    Phase,
    admit,
    fail,
    finish,
    init_is_overdue,
    next_result,
    opened,
    receive,
    reject,
)

ERROR = {"message": "no"}
NO_MESSAGES: dict[str, str | bytes] = {
    "no JSON": "{nope",
    "nothing": "",
    "a list": "[]",
    "a number": "5",
    "null": "null",
    "a text": '"ping"',
    "no type": "{}",
    "an unknown type": '{"type":"hello"}',
    "a type of the old protocol": '{"type":"start","id":"1"}',
    "a type of the server": '{"type":"next","id":"1"}',
    "a type that is no text": '{"type":1}',
    "an init with a list": '{"type":"connection_init","payload":[]}',
    "a ping with a text": '{"type":"ping","payload":"x"}',
    "a subscribe without an id": '{"type":"subscribe","payload":{"query":"{a}"}}',
    "a subscribe with an empty id": '{"type":"subscribe","id":"","payload":{"query":"{a}"}}',
    "a subscribe with a number as id": '{"type":"subscribe","id":1,"payload":{"query":"{a}"}}',
    "a subscribe with too long an id": subscribe("x" * (ID_LENGTH_MAX + 1)),
    "a subscribe without a payload": '{"type":"subscribe","id":"1"}',
    "a subscribe without a query": '{"type":"subscribe","id":"1","payload":{}}',
    "a query that is no text": '{"type":"subscribe","id":"1","payload":{"query":5}}',
    "variables that are a list": '{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}',
    "extensions that are a text": '{"type":"subscribe","id":"1","payload":{"query":"{a}","extensions":"x"}}',
    "an operation name that is a number": '{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":1}}',
    "a complete without an id": '{"type":"complete"}',
    "a binary frame": PING.encode(),
    "half a character": '{"type":"ping","payload":{"\ud800":1}}',
    "too deep": '{"type":"ping","payload":' + '{"a":' * 20_000,
    "too long": '{"type":"ping"}' + " " * FRAME_BYTES_MAX,
}


def test_whoever_does_not_speak_the_subprotocol_is_closed() -> None:
    [close] = opened(["graphql-ws"]).actions
    assert close == Close(CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")


def test_a_socket_may_offer_other_subprotocols_too() -> None:
    assert opened(["graphql-ws", SUBPROTOCOL]) == (Connection(), ())


def test_an_init_asks_who_it_is() -> None:
    step = receive(Connection(), '{"type":"connection_init","payload":{"a":1}}')
    assert (step.connection.phase, step.actions) == (Phase.INITIALISED, (Authenticate({"a": 1}),))


@pytest.mark.parametrize("frame", [INIT, '{"type":"connection_init","payload":null}'])
def test_an_init_needs_no_payload(frame: str) -> None:
    assert receive(Connection(), frame).actions == (Authenticate({}),)


def test_who_is_admitted_gets_the_ack() -> None:
    assert said(INIT).replies == [{"type": "connection_ack"}]


def test_an_ack_may_carry_details() -> None:
    [reply] = admit(Connection(phase=Phase.INITIALISED), {"since": 1}).actions
    assert msgspec.json.decode(reply.frame) == {"type": "connection_ack", "payload": {"since": 1}}  # type: ignore[union-attr]


def test_who_is_admitted_twice_gets_one_ack() -> None:
    assert admit(acknowledged()).actions == ()


def test_who_is_not_let_in_is_forbidden() -> None:
    assert reject(Connection(phase=Phase.INITIALISED)).actions == (Close(CloseCode.FORBIDDEN, "Forbidden"),)


def test_who_says_nothing_in_time_is_closed() -> None:
    [close] = init_is_overdue(Connection()).actions
    assert close == Close(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout")


@pytest.mark.parametrize("phase", [Phase.INITIALISED, Phase.ACKNOWLEDGED, Phase.CLOSED])
def test_who_has_said_who_he_is_is_not_overdue(phase: Phase) -> None:
    assert init_is_overdue(Connection(phase=phase)).actions == ()


@pytest.mark.parametrize("phase", [Phase.INITIALISED, Phase.ACKNOWLEDGED])
def test_a_second_init_is_one_too_many(phase: Phase) -> None:
    [close] = receive(Connection(phase=phase), INIT).actions
    assert close == Close(CloseCode.TOO_MANY_INITS, "Too many initialisation requests")


@pytest.mark.parametrize("phase", [Phase.OPENED, Phase.INITIALISED])
def test_who_subscribes_before_the_ack_is_unauthorized(phase: Phase) -> None:
    [close] = receive(Connection(phase=phase), subscribe("1")).actions
    assert close == Close(CloseCode.UNAUTHORIZED, "Unauthorized")


@pytest.mark.parametrize("phase", [Phase.OPENED, Phase.INITIALISED, Phase.ACKNOWLEDGED])
def test_a_ping_is_answered_at_any_time(phase: Phase) -> None:
    assert said(PING, to=Connection(phase=phase)).replies == [{"type": "pong"}]


def test_a_pong_is_taken_as_it_comes() -> None:
    assert receive(acknowledged(), '{"type":"pong","payload":{"a":1}}') == (acknowledged(), ())


def test_a_subscribe_starts_what_it_asks_for() -> None:
    payload = '{"query":"{a}","operationName":"A","variables":{"b":1},"extensions":{"c":2}}'
    [start] = receive(acknowledged(), f'{{"type":"subscribe","id":"1","payload":{payload}}}').actions
    assert start == Start(id="1", query="{a}", operation_name="A", variables={"b": 1}, extensions={"c": 2})


@pytest.mark.parametrize("rest", ["", ',"operationName":null,"variables":null,"extensions":null', ',"more":1'])
def test_a_subscribe_needs_a_query_alone(rest: str) -> None:
    [start] = receive(acknowledged(), f'{{"type":"subscribe","id":"1","payload":{{"query":"{{a}}"{rest}}}}}').actions
    assert start == Start(id="1", query="{a}", operation_name=None, variables=None, extensions=None)


def test_a_live_id_is_not_given_twice() -> None:
    assert said(subscribe("1"), subscribe("1"), to=acknowledged()).actions[-1] == Close(
        CloseCode.SUBSCRIBER_EXISTS, "Subscriber for 1 already exists"
    )


@pytest.mark.parametrize("end", [lambda live: finish(live, "1"), lambda live: fail(live, "1", [ERROR])])
def test_an_id_that_the_server_has_ended_may_be_used_again(end) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  either of the two
    live = said(subscribe("1"), to=acknowledged()).connection
    assert said(subscribe("1"), to=end(live).connection).running == ["1"]


def test_an_id_that_the_client_has_completed_may_be_used_again() -> None:
    assert said(subscribe("1"), complete("1"), subscribe("1"), to=acknowledged()).running == ["1"]


def test_a_complete_stops_its_operation() -> None:
    outcome = said(subscribe("1"), subscribe("2"), complete("1"), to=acknowledged())
    assert (outcome.actions[-1], outcome.connection.live) == (Stop("1"), ("2",))


def test_a_complete_of_what_has_ended_is_passed_over() -> None:
    ended = finish(said(subscribe("1"), to=acknowledged()).connection, "1").connection
    assert receive(ended, complete("1")) == (ended, ())


def test_a_complete_of_an_unknown_id_is_passed_over() -> None:
    assert said(complete("1"), subscribe("1"), to=acknowledged()).running == ["1"]


def test_results_go_out_under_their_id() -> None:
    live = said(subscribe("1"), to=acknowledged()).connection
    [reply] = next_result(live, "1", {"data": {"a": 1}}).actions
    assert msgspec.json.decode(reply.frame) == {"type": "next", "id": "1", "payload": {"data": {"a": 1}}}  # type: ignore[union-attr]


def test_an_operation_ends_with_complete() -> None:
    live = said(subscribe("1"), to=acknowledged()).connection
    [reply] = finish(live, "1").actions
    assert msgspec.json.decode(reply.frame) == {"type": "complete", "id": "1"}  # type: ignore[union-attr]


def test_an_operation_that_fails_ends_with_its_errors_alone() -> None:
    live = said(subscribe("1"), to=acknowledged()).connection
    step = fail(live, "1", [ERROR])
    [reply] = (*step.actions, *finish(step.connection, "1").actions)
    assert msgspec.json.decode(reply.frame) == {"type": "error", "id": "1", "payload": [ERROR]}  # type: ignore[union-attr]


def test_behind_its_end_nothing_is_said_of_an_operation() -> None:
    ended = said(subscribe("1"), complete("1"), to=acknowledged()).connection
    late = (next_result(ended, "1", {"data": None}), finish(ended, "1"), fail(ended, "1", [ERROR]))
    assert [step.actions for step in late] == [(), (), ()]


@pytest.mark.parametrize("frame", NO_MESSAGES.values(), ids=NO_MESSAGES)
def test_what_is_no_message_closes_the_socket(frame: str | bytes) -> None:
    assert said(frame, to=acknowledged()).code == CloseCode.INVALID_MESSAGE


def test_a_frame_as_long_as_may_be_is_read() -> None:
    assert said(PING + " " * (FRAME_BYTES_MAX - len(PING)), to=acknowledged()).replies == [{"type": "pong"}]


def test_an_id_as_long_as_may_be_is_taken() -> None:
    longest = "x" * ID_LENGTH_MAX
    assert said(subscribe(longest), to=acknowledged()).running == [longest]


def test_a_reason_fits_a_close_frame() -> None:
    longest = subscribe("客" * ID_LENGTH_MAX)
    close = said(longest, longest, to=acknowledged()).actions[-1]
    assert isinstance(close, Close)
    assert len(close.reason.encode()) <= REASON_BYTES_MAX


def test_a_closed_socket_says_nothing_more() -> None:
    closed = said("{nope", to=acknowledged()).connection
    assert said(INIT, PING, subscribe("1"), "{nope", complete("1"), to=closed).actions == ()


def test_a_close_leaves_nothing_live() -> None:
    assert said(subscribe("1"), "{nope", to=acknowledged()).connection.live == ()


def test_one_operation_too_many_is_told_and_the_others_go_on() -> None:
    ids = [str(number) for number in range(OPERATIONS_MAX)]
    full = said(*(subscribe(each) for each in ids), to=acknowledged()).connection
    outcome = said(subscribe("more"), to=full)
    assert (outcome.replies[0]["type"], outcome.replies[0]["id"], outcome.connection.live) == (
        "error",
        "more",
        tuple(ids),
    )


def test_where_one_has_ended_another_has_room() -> None:
    ids = [str(number) for number in range(OPERATIONS_MAX)]
    full = said(*(subscribe(each) for each in ids), to=acknowledged()).connection
    assert said(complete("0"), subscribe("more"), to=full).connection.live == (*ids[1:], "more")


def test_the_query_comes_as_it_was_sent() -> None:
    [start] = said(subscribe("1"), to=acknowledged()).actions
    assert isinstance(start, Start)
    assert start.query == QUERY
