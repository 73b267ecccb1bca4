"""From the table's stream to sockets: whom it reaches, once, and what becomes of who does not listen."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from cloud import EVENTS, PARTNER, TENANT, Cloud, Invocation, cloud

from kefu.api.schema import KefuSchema
from kefu.desk.call import Call, Caller, Role
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.domain.instants import HOUR, MINUTE
from kefu.entrypoints.lambda_tick import tick_handler
from kefu.records import keys
from kefu.store.port import Key, Record, Throttled
from kefu.store.wrapper import StoreWrapper

FIRST_MESSAGE = [1, 2, 3, 4, 5]
"""What the first message of a visitor leads to, where no agent is."""
VISITOR = Caller(tenant=TENANT, role=Role.VISITOR, user_name="V")
TEXTS = "subscription { sessionEvents { cursor event { session { events { nodes { message { text } } } } } } }"
AMPLE_S = 3_600
TOPIC = keys.topic_partition(TENANT, "tenant")


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


def test_what_is_committed_is_told(aws: Cloud) -> None:
    socket = aws.socket()
    aws.subscribes(socket)
    aws.write("V")
    assert aws.publish() == []
    assert aws.seqs(socket) == FIRST_MESSAGE


def test_queues_are_told_too(aws: Cloud) -> None:
    socket = aws.socket()
    aws.subscribes(socket, "subscription { queueChanged { queue { waiting } } }")
    aws.write("V")
    aws.publish()
    frames = aws.heard(socket)
    assert [frame["payload"] for frame in frames] == [{"data": {"queueChanged": {"queue": {"waiting": 1}}}}]


@pytest.mark.parametrize("of", ["", '(userName: "a")'], ids=["all", "one"])
def test_agents_are_told_too(aws: Cloud, of: str) -> None:
    socket = aws.socket()
    aws.subscribes(socket, f"subscription {{ agentChanged{of} {{ agent {{ userName status }} }} }}")
    aws.container.run(save_agent(aws.container.desk, Call(by=PARTNER), AgentChange(user_name="a")))
    aws.publish()
    frames = aws.heard(socket)
    told = {"agentChanged": {"agent": {"userName": "a", "status": "OFFLINE"}}}
    assert [frame["payload"] for frame in frames] == [{"data": told}]


def test_a_visitor_is_told_of_his_own_alone(aws: Cloud) -> None:
    socket = aws.socket(VISITOR)
    aws.subscribes(socket)
    aws.write("W")
    aws.write("V")
    aws.publish()
    assert aws.seqs(socket) == FIRST_MESSAGE


def test_a_filter_lets_only_its_own_through(aws: Cloud) -> None:
    socket = aws.socket()
    aws.subscribes(socket, filter={"visitorUserName": "V", "kinds": ["USER_MESSAGE"]})
    aws.write("W")
    aws.write("V")
    aws.publish()
    assert aws.seqs(socket) == [2]


def test_twenty_subscriptions_of_a_socket_are_each_told(aws: Cloud) -> None:
    socket = aws.socket()
    for number in range(20):
        aws.subscribes(socket, operation_id=str(number))
    aws.write("V")
    aws.publish()
    told: dict[str, list[int]] = {}
    for frame in aws.heard(socket):
        told.setdefault(frame["id"], []).append(frame["payload"]["data"]["sessionEvents"]["event"]["seq"])
    assert told == {str(number): FIRST_MESSAGE for number in range(20)}


@pytest.fixture
def executions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Documents executed from now on, each time."""
    executed: list[str] = []
    subscribe = KefuSchema.subscribe

    async def counting(schema: KefuSchema, query: str, **given: Any) -> Any:
        executed.append(query)
        return await subscribe(schema, query, **given)

    monkeypatch.setattr(KefuSchema, "subscribe", counting)
    return executed


def test_what_many_share_is_executed_once(aws: Cloud, executions: list[str]) -> None:
    sockets = [aws.socket(replace(PARTNER, user_name=f"crm-{number}")) for number in range(30)]
    for socket in sockets:
        aws.subscribes(socket, filter={"kinds": ["USER_MESSAGE"]})
    executions.clear()
    aws.write("V")
    log_record = [record for record in aws.stream() if "LOG#" in record["dynamodb"]["Keys"]["sk"]["S"]]
    aws.publish(log_record)
    assert executions == [EVENTS]
    assert [aws.seqs(socket) for socket in sockets] == [[2]] * 30


def test_cursors_of_their_own_do_not_keep_subscribers_apart(aws: Cloud, executions: list[str]) -> None:
    first = aws.socket()
    aws.subscribes(first)
    aws.write("V")
    aws.publish()
    sockets = []
    for cursor in [each["cursor"] for each in aws.told(first)]:
        sockets.append(aws.socket())
        aws.subscribes(sockets[-1], after=cursor)
        aws.heard(sockets[-1])
    executions.clear()
    aws.write("V")
    log_record = [record for record in aws.stream() if "LOG#" in record["dynamodb"]["Keys"]["sk"]["S"]]
    aws.publish(log_record)
    assert len(executions) == 2, "one without a cursor, one for all with one"
    assert [aws.seqs(socket) for socket in sockets] == [[6]] * 5


def test_who_may_see_different_things_is_told_apart(aws: Cloud) -> None:
    partner, visitor, other = aws.socket(), aws.socket(VISITOR), aws.socket(replace(VISITOR, user_name="W"))
    for socket in (partner, visitor, other):
        aws.subscribes(socket)
    aws.write("V")
    aws.publish()
    assert [aws.seqs(socket) for socket in (partner, visitor, other)] == [FIRST_MESSAGE, FIRST_MESSAGE, []]


def test_who_is_gone_is_forgotten_and_delays_nobody(aws: Cloud) -> None:
    gone, there = aws.socket(), aws.socket()
    for socket in (gone, there):
        aws.subscribes(socket)
    aws.peers.gone = {gone}
    aws.write("V")
    assert aws.publish() == []
    assert aws.seqs(there) == FIRST_MESSAGE
    assert [record.key.sort.startswith("C2") for record in aws.records(TOPIC)] == [True]


def test_who_refuses_a_frame_is_closed_and_delays_nobody(aws: Cloud) -> None:
    deaf = aws.socket()
    others = [aws.socket() for _ in range(40)]
    for socket in (deaf, *others):
        aws.subscribes(socket)
    aws.peers.failing.add(deaf)
    aws.write("V")
    assert aws.publish() == []
    assert aws.peers.closed == {deaf}
    assert [aws.seqs(socket) for socket in others] == [FIRST_MESSAGE] * 40


def test_who_does_not_listen_is_closed(aws: Cloud) -> None:
    silent = aws.socket()
    aws.subscribes(silent)
    aws.container.__dict__["gateway"] = replace(aws.gateway, post_within_s=0)
    aws.peers.silent.add(silent)
    aws.write("V")
    assert aws.publish() == []
    assert aws.records(TOPIC) == aws.records(keys.socket(silent).partition) == []


def test_a_silent_socket_keeps_others_from_no_later_event(aws: Cloud) -> None:
    """All that the others are told is told while the silent one is still waited for."""
    aws.container.__dict__["gateway"] = replace(aws.gateway, post_within_s=AMPLE_S)
    silent, there = aws.socket(), aws.socket()
    for socket in (silent, there):
        aws.subscribes(socket)
    aws.peers.silent.add(silent)
    posts: list[int] = []

    def count() -> None:
        posts.append(1)
        if len(posts) == 1 + 5 * len(FIRST_MESSAGE):  # one to the silent one
            aws.peers.silence_ends.set()

    aws.peers.at_post = count
    for number in range(5):
        aws.write(f"V{number}")
    assert aws.publish() == []
    assert len(aws.seqs(there)) == 5 * len(FIRST_MESSAGE)


def test_a_busy_socket_is_told_in_order(aws: Cloud) -> None:
    socket = aws.socket()
    aws.subscribes(socket)
    aws.peers.busy[socket] = 2
    aws.write("V")
    aws.publish()
    assert aws.seqs(socket) == FIRST_MESSAGE


def test_what_is_too_long_ends_with_a_cursor_to_go_on_behind(aws: Cloud) -> None:
    socket = aws.socket()
    for _ in range(20):
        aws.write("V", "字" * 3_000)
    aws.publish()
    aws.subscribes(socket, TEXTS)
    aws.write("V")
    aws.publish()
    [frame] = aws.heard(socket)
    [error] = frame["payload"]
    assert (frame["type"], error["extensions"]["code"]) == ("error", "PAYLOAD_TOO_LARGE")
    assert aws.records(TOPIC) == []
    aws.subscribes(socket, operation_id="2", after=error["extensions"]["cursor"])
    aws.write("V")
    aws.publish()
    assert aws.seqs(socket) == [26]


def test_a_token_that_ends_ends_its_subscriptions_at_the_next_event(aws: Cloud) -> None:
    socket = aws.socket(life_ms=MINUTE)
    aws.subscribes(socket)
    aws.clock.advance(2 * MINUTE)
    aws.write("V")
    aws.publish()
    [frame] = aws.heard(socket)
    assert (frame["type"], frame["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
    assert aws.records(TOPIC) == []


def test_a_token_that_ends_ends_its_subscriptions_at_the_tick(aws: Cloud) -> None:
    socket = aws.socket(life_ms=MINUTE)
    aws.subscribes(socket)
    aws.clock.advance(2 * MINUTE)
    aws.tick()
    [frame] = aws.heard(socket)
    assert (frame["type"], frame["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
    assert aws.peers.closed == {socket}


def test_a_tick_that_is_given_little_time_attends_to_sockets_all_the_same() -> None:
    with cloud(KEFU_WEBSOCKET_ENDPOINT="https://sockets.example") as aws:
        socket = aws.socket(life_ms=MINUTE)
        aws.subscribes(socket)
        aws.clock.advance(2 * MINUTE)
        assert tick_handler(aws.container)({}, Invocation(left_ms=6_000))["sockets"] == 1
        assert aws.peers.closed == {socket}


def test_a_socket_is_left_before_the_gateway_cuts_it(aws: Cloud) -> None:
    socket = aws.socket(life_ms=3 * HOUR)
    aws.subscribes(socket)
    aws.subscribes(socket, operation_id="2")
    aws.clock.advance(2 * HOUR - 9 * MINUTE)
    aws.tick()
    assert aws.heard(socket) == [{"id": "1", "type": "complete"}, {"id": "2", "type": "complete"}]
    assert aws.peers.closed == {socket}
    assert aws.records(TOPIC) == aws.records(keys.socket(socket).partition) == []


def test_before_it_is_left_a_socket_is_told_the_event_that_found_it_old(aws: Cloud) -> None:
    socket = aws.socket(life_ms=3 * HOUR)
    aws.subscribes(socket)
    aws.clock.advance(2 * HOUR - 9 * MINUTE)
    aws.write("V")
    aws.publish()
    assert [frame["type"] for frame in aws.heard(socket)] == [*["next"] * 5, "complete"]
    assert aws.peers.closed == {socket}


def test_a_socket_that_is_young_is_left_alone(aws: Cloud) -> None:
    socket = aws.socket(life_ms=3 * HOUR)
    aws.subscribes(socket)
    aws.clock.advance(HOUR)
    assert (aws.tick(), aws.heard(socket), aws.peers.closed) == (0, [], set())


def test_a_socket_on_which_nobody_says_who_he_is_is_closed(aws: Cloud) -> None:
    aws.connects("C")
    aws.clock.advance(MINUTE)
    aws.tick()
    assert aws.peers.closed == {"C"}


POISONS: dict[str, dict[str, Any]] = {
    "no JSON": {"value": {"S": "poison"}},
    "another value": {"value": {"S": "{}"}},
    "packed wrongly": {"value": {"S": "~1eJw="}},
    "no value": {"value": {}},
}


def poisoned(record: dict[str, Any], poison: dict[str, Any] = POISONS["no JSON"]) -> dict[str, Any]:
    told = record["dynamodb"]
    return record | {"dynamodb": told | {"NewImage": told["NewImage"] | poison}}


def log_records(aws: Cloud) -> list[dict[str, Any]]:
    return [record for record in aws.stream() if "LOG#" in record["dynamodb"]["Keys"]["sk"]["S"]]


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_a_record_that_nobody_can_read_is_passed_over(
    aws: Cloud, caplog: pytest.LogCaptureFixture, poison: dict[str, Any]
) -> None:
    """It would stop all behind it for as long as the stream keeps it."""
    socket = aws.socket()
    aws.subscribes(socket)
    for visitor in ("V", "W", "X"):
        aws.write(visitor)
    records = log_records(aws)
    assert aws.publish([records[0], poisoned(records[1], poison), records[2]]) == []
    assert aws.seqs(socket) == FIRST_MESSAGE * 2
    assert f"record {records[1]['eventID']} of the stream is passed over" in caplog.text


class Throttling(StoreWrapper):
    """Refuses to read a visitor's sessions, so many times."""

    refusals = 0
    visitor = "V"

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        if self.refusals and any(self._is_refused(key) for key in keys):
            self.refusals -= 1
            raise Throttled
        return await super().get(keys)

    def _is_refused(self, key: Key) -> bool:
        return key.partition == keys.visitor_partition(TENANT, self.visitor) and key.sort.startswith("SESSION#")


@pytest.fixture
def store(aws: Cloud) -> Throttling:
    store = Throttling(aws.container.desk.store)
    aws.container.__dict__["desk"] = replace(aws.container.desk, store=store)
    return store


@pytest.mark.parametrize("poison", [None, *POISONS.values()], ids=["all can be read", *POISONS])
def test_a_record_that_fails_is_named_and_those_before_it_are_told(
    aws: Cloud, store: Throttling, poison: dict[str, Any] | None
) -> None:
    """Also behind one that is passed over."""
    socket = aws.socket()
    aws.subscribes(socket)
    for visitor in ("V", "W", "X"):
        aws.write(visitor)
    records = log_records(aws)
    store.visitor, store.refusals = "W", 1
    passed_over = [] if poison is None else [poisoned(records[2], poison)]
    assert aws.publish([records[0], *passed_over, *records[1:]]) == [records[1]["dynamodb"]["SequenceNumber"]]
    assert aws.seqs(socket) == FIRST_MESSAGE
    assert aws.publish(records[1:]) == []
    assert aws.seqs(socket) == FIRST_MESSAGE * 2


def test_behind_a_record_passed_over_the_one_that_was_told_to_nobody_is_named(aws: Cloud) -> None:
    aws.subscribes(aws.socket())
    for visitor in ("V", "W"):
        aws.write(visitor)
    unreadable, untold = log_records(aws)

    def break_off() -> None:
        raise RuntimeError("what nobody foresaw")

    aws.peers.at_post = break_off
    failed = aws.publish([poisoned(unreadable, POISONS["no value"]), untold])
    assert failed == [untold["dynamodb"]["SequenceNumber"]]


def test_what_could_not_be_read_is_told_when_the_record_comes_again(aws: Cloud, store: Throttling) -> None:
    socket = aws.socket()
    aws.subscribes(socket)
    aws.write("V")
    [record] = log_records(aws)
    store.refusals = 1
    assert aws.publish([record]) == [record["dynamodb"]["SequenceNumber"]]
    assert aws.heard(socket) == []
    assert aws.publish([record]) == []
    assert aws.seqs(socket) == FIRST_MESSAGE


def test_what_is_not_begun_in_time_comes_again(aws: Cloud) -> None:
    socket = aws.socket()
    aws.subscribes(socket)
    aws.write("V")
    records = aws.stream()
    assert aws.publish(records, later_ms=5_000) == [records[0]["dynamodb"]["SequenceNumber"]]
    assert aws.heard(socket) == []


def test_a_function_that_is_given_little_time_tells_all_the_same(aws: Cloud) -> None:
    socket = aws.socket()
    aws.subscribes(socket)
    aws.write("V")
    assert aws.publish(left_ms=6_000) == []
    assert aws.seqs(socket) == FIRST_MESSAGE


def test_the_handlers_own_records_tell_nothing(aws: Cloud) -> None:
    socket = aws.socket()
    aws.subscribes(socket)
    aws.write("V")
    aws.publish()
    journal = keys.journal_partition(TENANT, aws.clock.now())
    written = aws.records(journal)
    assert aws.publish() == []
    assert aws.records(journal) == written
