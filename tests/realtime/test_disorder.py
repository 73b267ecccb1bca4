"""Frames that arrive in any order and twice, and frames that are nonsense."""

import json

import msgspec
import pytest
from conversation import INIT, PING, Delivery, acknowledged, complete, delivered, said, subscribe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kefu.realtime.actions import Close, CloseCode
from kefu.realtime.bounds import HANDLED_MAX, OVERTAKEN_MAX, REASON_BYTES_MAX
from kefu.realtime.protocol import Connection, Phase, receive

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How fast the machine is does not matter here."""

names = st.text(min_size=1, max_size=3)
any_text = st.text(st.characters(codec=None), max_size=20)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
types = st.sampled_from(["connection_init", "ping", "pong", "subscribe", "complete", "next", "nonsense"])
almost_messages = st.fixed_dictionaries(
    {}, optional={"type": types | anything, "id": names | anything, "payload": anything | st.just({"query": "{a}"})}
).map(json.dumps)
frames = any_text | st.binary(max_size=20) | almost_messages
connections = st.builds(
    Connection,
    phase=st.sampled_from(Phase),
    live=st.lists(names, unique=True, max_size=5).map(tuple),
    overtaken=st.lists(names, max_size=5).map(tuple),
    handled=st.lists(names, unique=True, max_size=5).map(tuple),
)


@st.composite
def conversations(draw: st.DrawFn) -> list[str]:
    """What a client says behind his ack, in order: each id is used once, and not every operation is completed."""
    chains = {each: [subscribe(each)] for each in draw(st.lists(names, unique=True, max_size=6))}
    for operation_id, chain in chains.items():
        if draw(st.booleans()):
            chain.append(complete(operation_id))
    turns = draw(st.permutations([each for each, chain in chains.items() for _ in chain]))
    return [PING, *(chains[each].pop(0) for each in turns)]


@st.composite
def disordered(draw: st.DrawFn) -> tuple[list[str], list[Delivery]]:
    """A conversation, and how it arrives: the init first, since the client waits for his ack, but maybe once more."""
    conversation = draw(conversations())
    init, *rest = [(frame, f"frame {number}") for number, frame in enumerate([INIT, *conversation])]
    again = draw(st.lists(st.sampled_from([init, *rest]), max_size=6))
    return conversation, [init, *draw(st.permutations([*rest, *again]))]


@calm
@given(disordered())
def test_order_and_repetition_change_nothing_of_what_lives_in_the_end(case: tuple[list[str], list[Delivery]]) -> None:
    conversation, deliveries = case
    in_order, outcome = said(INIT, *conversation), delivered(deliveries)
    assert (outcome.code, outcome.running) == (None, in_order.running)


@calm
@given(disordered())
def test_what_is_remembered_as_live_is_what_runs(case: tuple[list[str], list[Delivery]]) -> None:
    outcome = delivered(case[1])
    assert sorted(outcome.connection.live) == outcome.running


@calm
@given(disordered(), st.data())
def test_a_connection_may_lie_in_a_record_between_frames(
    case: tuple[list[str], list[Delivery]], data: st.DataObject
) -> None:
    _, deliveries = case
    cut = data.draw(st.integers(0, len(deliveries)))
    before = delivered(deliveries[:cut])
    kept = msgspec.json.decode(msgspec.json.encode(before.connection), type=Connection)
    after = delivered(deliveries[cut:], to=kept)
    assert after.connection == delivered(deliveries).connection


@calm
@given(connections, frames, st.none() | names)
def test_whatever_comes_in_is_taken_or_closes_the_socket(
    connection: Connection, frame: str | bytes, frame_id: str | None
) -> None:
    after, actions = receive(connection, frame, frame_id)
    reasons = [action.reason for action in actions if isinstance(action, Close)]
    assert len(reasons) == (after.phase is Phase.CLOSED and connection.phase is not Phase.CLOSED)
    assert all(len(reason.encode()) <= REASON_BYTES_MAX for reason in reasons)


@calm
@given(any_text | st.binary(max_size=20))
def test_nonsense_closes_the_socket_as_an_invalid_message(frame: str | bytes) -> None:
    assert said(frame, to=acknowledged()).code == CloseCode.INVALID_MESSAGE


@pytest.mark.parametrize("turn", range(10))
def test_a_complete_that_overtakes_its_subscribe_leaves_no_live_stream(turn: int) -> None:
    name = f"operation {turn}"
    outcome = delivered([(complete(name), "b"), (subscribe(name), "a")], to=acknowledged())
    assert (outcome.running, outcome.connection.live) == ([], ())


def test_who_waits_for_an_overtaken_operation_hears_that_it_is_over() -> None:
    outcome = delivered([(complete("1"), "b"), (subscribe("1"), "a")], to=acknowledged())
    assert outcome.replies == [{"type": "complete", "id": "1"}]


def test_a_complete_overtakes_one_subscribe_only() -> None:
    outcome = delivered([(complete("1"), "b"), (subscribe("1"), "a"), (subscribe("1"), "c")], to=acknowledged())
    assert outcome.running == ["1"]


def test_two_completes_overtake_two_subscribes() -> None:
    frames = [(complete("1"), "b"), (complete("1"), "d"), (subscribe("1"), "a"), (subscribe("1"), "c")]
    assert delivered(frames, to=acknowledged()).running == []


def test_a_repeated_init_does_no_harm() -> None:
    outcome = delivered([(INIT, "a"), (INIT, "a"), (subscribe("1"), "b"), (INIT, "a")])
    assert (outcome.code, outcome.running) == (None, ["1"])


def test_another_init_is_one_too_many_even_where_frames_repeat() -> None:
    assert delivered([(INIT, "a"), (INIT, "b")]).code == CloseCode.TOO_MANY_INITS


def test_a_subscribe_that_is_repeated_behind_its_end_starts_nothing() -> None:
    frames = [(subscribe("1"), "a"), (complete("1"), "b"), (subscribe("1"), "a")]
    assert delivered(frames, to=acknowledged()).running == []


def test_a_ping_leaves_nothing_to_store() -> None:
    assert delivered([(PING, "a")], to=acknowledged()).connection == acknowledged()


def test_what_is_remembered_is_bounded() -> None:
    connection = delivered(
        ((complete(str(number)), f"frame {number}") for number in range(HANDLED_MAX + 1)), to=acknowledged()
    ).connection
    assert (len(connection.overtaken), len(connection.handled)) == (OVERTAKEN_MAX, HANDLED_MAX)
