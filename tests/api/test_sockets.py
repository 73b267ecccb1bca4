"""The socket itself: who is let in, and what is refused."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from api.company import Company
from api.graphql_client import Socket, connect
from api.wording import says_what_to_do
from kefu.desk.call import Role

VIEWER = "{ viewer { role } }"
FOLLOW = "subscription($after: String) { sessionEvents(after: $after) { cursor } }"
ONE_OF_TWO = "query A { viewer { role } } query B { viewer { role } }"
UNUSABLE: dict[str, tuple[dict[str, object], str]] = {
    "a syntax error": ({"query": "{ viewer {"}, "GRAPHQL_PARSE_FAILED"),
    "an unknown field": ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
    "a syntax error in a subscription": ({"query": "subscription { sessionEvents {"}, "GRAPHQL_PARSE_FAILED"),
    "an unknown field to follow": ({"query": "subscription { nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
    "a variable that is missing": ({"query": "query($id: ID!) { node(id: $id) { id } }"}, "BAD_USER_INPUT"),
    "a variable of another kind": ({"query": FOLLOW, "variables": {"after": 5}}, "BAD_USER_INPUT"),
    "no operation": ({"query": ""}, "BAD_REQUEST"),
    "a fragment alone": ({"query": "fragment F on Viewer { role }"}, "BAD_REQUEST"),
    "a name of nothing": ({"query": ONE_OF_TWO, "operationName": "C"}, "BAD_REQUEST"),
    "no name where one is needed": ({"query": ONE_OF_TWO}, "BAD_USER_INPUT"),
    "what the role may not follow": (
        {"query": 'subscription { sessionEvents(filter: {sessionId: "x"}) { cursor } }'},
        "FORBIDDEN",
    ),
    "a cursor that leads nowhere": ({"query": FOLLOW, "variables": {"after": "garbage"}}, "CURSOR_EXPIRED"),
}
CURSORS = {
    "garbage": "garbage",
    "empty": "",
    "of another kind": msgspec.json.encode(["not", "a", "cursor"]).hex(),
    "not yet reached": "WyI5OTk5OTk5OTkiLCIiLDBd",
    "of nowhere": "WyJub3doZXJlIiwiIiwwXQ",
}


@pytest.fixture
async def socket(company: Company) -> AsyncIterator[Socket]:
    """A socket that has said nothing yet."""
    async with connect(company.partner.http) as socket:
        yield socket


def bearer(company: Company) -> dict[str, str]:
    return {"authorization": f"Bearer {company.partner.token}"}


async def test_the_token_in_connection_init_is_acknowledged(company: Company, socket: Socket) -> None:
    await socket.send(type="connection_init", payload=bearer(company))
    assert (await socket.receive())["type"] == "connection_ack"


async def test_the_name_of_the_field_is_compared_without_case(company: Company, socket: Socket) -> None:
    await socket.send(type="connection_init", payload={"Authorization": f"bearer {company.partner.token}"})
    assert (await socket.receive())["type"] == "connection_ack"


@pytest.mark.parametrize(
    "payload", [None, {}, {"authorization": "Bearer x"}, {"authorization": 5}, {"authorization": "Basic YTpi"}]
)
async def test_without_a_token_of_ours_nobody_is_let_in(socket: Socket, payload: dict[str, object] | None) -> None:
    await socket.send(type="connection_init", **({} if payload is None else {"payload": payload}))
    assert (await socket.closed())[0] == 4403


async def test_an_expired_token_is_not_let_in(company: Company, socket: Socket) -> None:
    expired = company.server.token(company.tenant, Role.PARTNER, life_s=-1)
    await socket.send(type="connection_init", payload={"authorization": f"Bearer {expired}"})
    assert (await socket.closed())[0] == 4403


async def test_who_subscribes_before_the_init_is_unauthorized(socket: Socket) -> None:
    await socket.send(id="1", type="subscribe", payload={"query": FOLLOW})
    assert (await socket.closed())[0] == 4401


async def test_a_second_init_is_one_too_many(company: Company, socket: Socket) -> None:
    await socket.init(bearer(company))
    await socket.send(type="connection_init", payload=bearer(company))
    assert (await socket.closed())[0] == 4429


async def test_the_same_operation_id_twice_is_refused(company: Company, socket: Socket) -> None:
    await socket.init(bearer(company))
    for _ in range(2):
        await socket.send(id="1", type="subscribe", payload={"query": FOLLOW})
    assert (await socket.closed())[0] == 4409


@pytest.mark.parametrize("text", ["{nope", "[]", "5", "null", '"ping"', '{"type": "hello"}', "{}", "[" * 5_000])
async def test_a_frame_that_is_no_message_closes_with_4400(company: Company, socket: Socket, text: str) -> None:
    await socket.init(bearer(company))
    await socket.connection.send(text)
    assert (await socket.closed())[0] == 4400


async def test_a_ping_is_answered(company: Company, socket: Socket) -> None:
    await socket.init(bearer(company))
    await socket.send(type="ping")
    assert (await socket.receive())["type"] == "pong"


async def test_a_query_is_answered_over_the_socket_too(company: Company, socket: Socket) -> None:
    await socket.init(bearer(company))
    assert await (await socket.subscribe(VIEWER)).next() == {"viewer": {"role": "PARTNER"}}


async def test_a_query_ends_behind_its_one_result(company: Company, socket: Socket) -> None:
    await socket.init(bearer(company))
    await socket.send(id="1", type="subscribe", payload={"query": VIEWER})
    frames = [await socket.receive(), await socket.receive()]
    assert frames == [
        {"id": "1", "type": "next", "payload": {"data": {"viewer": {"role": "PARTNER"}}}},
        {"id": "1", "type": "complete"},
    ]


async def test_a_mutation_is_carried_out_over_the_socket_too(company: Company, socket: Socket) -> None:
    await socket.init(bearer(company))
    mutation = "mutation($input: MessageIngestInput!) { messageIngest(input: $input) { session { state } } }"
    done = await (await socket.subscribe(mutation, input={"visitorUserName": "V", "text": "你好"})).next()
    assert done == {"messageIngest": {"session": {"state": "WAITING"}}}


@pytest.mark.parametrize(("payload", "code"), UNUSABLE.values(), ids=UNUSABLE)
async def test_an_operation_that_cannot_be_is_an_error_frame(
    company: Company, socket: Socket, payload: dict[str, object], code: str
) -> None:
    await socket.init(bearer(company))
    await socket.send(id="1", type="subscribe", payload=payload)
    frame = await socket.receive()
    codes = [error["extensions"]["code"] for error in frame["payload"]]
    assert (frame["id"], frame["type"], codes) == ("1", "error", [code])


@pytest.mark.parametrize(("payload", "code"), UNUSABLE.values(), ids=UNUSABLE)
async def test_an_operation_that_cannot_be_leaves_the_socket_to_others(
    company: Company, socket: Socket, payload: dict[str, object], code: str
) -> None:
    await socket.init(bearer(company))
    await socket.send(id="broken", type="subscribe", payload=payload)
    await socket.receive()
    assert await (await socket.subscribe(VIEWER)).next() == {"viewer": {"role": "PARTNER"}}


async def test_the_id_of_an_operation_that_failed_may_be_used_again(company: Company, socket: Socket) -> None:
    await socket.init(bearer(company))
    await socket.send(id="1", type="subscribe", payload={"query": "{ viewer {"})
    await socket.receive()
    assert await (await socket.subscribe(VIEWER)).next() == {"viewer": {"role": "PARTNER"}}


async def test_two_operations_on_one_socket_are_kept_apart(company: Company, socket: Socket) -> None:
    await socket.init(bearer(company))
    await socket.subscribe(FOLLOW)
    assert await (await socket.subscribe(VIEWER)).next() == {"viewer": {"role": "PARTNER"}}


async def test_an_unknown_field_is_an_error_before_the_start(company: Company) -> None:
    async with company.partner.subscribe("subscription { nothing }") as news:
        assert (await news.failure())["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("cursor", CURSORS.values(), ids=CURSORS)
async def test_a_cursor_that_leads_nowhere_has_expired(company: Company, cursor: str) -> None:
    async with company.partner.subscribe(FOLLOW, after=cursor) as news:
        error = await news.failure()
    assert (error["extensions"]["code"], says_what_to_do(error["message"])) == ("CURSOR_EXPIRED", True)


@pytest.mark.parametrize("field", ["queueChanged", "agentChanged"])
async def test_a_cursor_that_leads_nowhere_has_expired_everywhere(company: Company, field: str) -> None:
    query = f'subscription {{ {field}(after: "garbage") {{ cursor }} }}'
    async with company.partner.subscribe(query) as news:
        assert (await news.failure())["extensions"]["code"] == "CURSOR_EXPIRED"


@pytest.mark.parametrize("what", ["sessionId", "skillGroupId"])
async def test_another_tenants_id_is_followed_by_nobody(company: Company, rival: Company, what: str) -> None:
    await rival.agent("a")
    ids = {"sessionId": await rival.receive("V", "你好"), "skillGroupId": await rival.group("G1")}
    query = f"subscription($id: ID!) {{ sessionEvents(filter: {{{what}: $id}}) {{ cursor }} }}"
    async with company.partner.subscribe(query, id=ids[what]) as news:
        assert (await news.failure())["extensions"]["code"] in {"FORBIDDEN", "BAD_USER_INPUT"}


async def test_another_subprotocol_is_not_spoken(company: Company) -> None:
    async with connect(company.partner.http, "graphql-ws") as socket:
        assert (await socket.closed())[0] == 4406
