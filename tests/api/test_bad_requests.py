"""Requests that never become an operation, or not one that can be carried out: a code, a hint, no change."""

import msgspec
import pytest

from api.company import Company
from api.graphql_client import Answer, Api
from api.stage import Stage
from api.wording import says_what_to_do
from kefu.desk.call import Role

VIEWER = b'{"query": "{ viewer { role } }"}'
BODIES = {
    "nothing": b"",
    "half of it": b'{"query": "{ viewer',
    "a comment": b'{"query": "{ viewer { role } }"} // mine',
    "a text": b'"{ viewer { role } }"',
    "a number": b"5",
    "null": b"null",
    "a list": b"[" + VIEWER + b"]",
    "no query": b"{}",
    "an empty query": b'{"query": ""}',
    "a number for the query": b'{"query": 5}',
    "a list for the variables": b'{"query": "{ viewer { role } }", "variables": []}',
    "bytes that are not UTF-8": b'{"query": "\xff"}',
    "half a surrogate": b'{"query": "{ viewer { role } }", "variables": {"a": "\\ud800"}}',
    "a number out of range": b'{"query": "{ viewer { role } }", "variables": {"a": 1e999}}',
    "lists in lists": b'{"query": "{ viewer { role } }", "variables": {"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}}",
    "an operation that is not there": b'{"query": "query A { viewer { role } }", "operationName": "B"}',
}
DEEP = "{ session(id: 1) { " + "visitor { openSession { " * 8 + "id" + " } }" * 8 + " } }"
DOCUMENTS = {
    "no end": ("{ viewer { role }", "GRAPHQL_PARSE_FAILED"),
    "nested beyond reason": ("{" + "a {" * 900 + "a" + "}" * 901, "GRAPHQL_PARSE_FAILED"),
    "too many tokens": ("{" + "viewer { role } " * 700 + "}", "GRAPHQL_PARSE_FAILED"),
    "unknown field": ("{ visitors }", "GRAPHQL_VALIDATION_FAILED"),
    "unknown argument": ('{ agent(userName: "a", name: "b") { id } }', "GRAPHQL_VALIDATION_FAILED"),
    "unknown enum value": ("{ agents(filter: {statuses: [ASLEEP]}) { nodes { id } } }", "GRAPHQL_VALIDATION_FAILED"),
    "a list for a flag": ('{ binding(businessFlag: ["F"], visitorUserName: "V") { id } }', "GRAPHQL_VALIDATION_FAILED"),
    "too deep": (DEEP, "GRAPHQL_VALIDATION_FAILED"),
    "too many aliases": (
        "{" + " ".join(f"a{n}: viewer {{ role }}" for n in range(31)) + "}",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "first: 0": ("{ sessions(first: 0) { nodes { id } } }", "BAD_USER_INPUT"),
    "first: 101": ("{ sessions(first: 101) { nodes { id } } }", "BAD_USER_INPUT"),
    "last: 101": ("{ sessions(last: 101) { nodes { id } } }", "BAD_USER_INPUT"),
    "first and last": ("{ sessions(first: 1, last: 1) { nodes { id } } }", "BAD_USER_INPUT"),
    "an explained list": ('{ routeExplain(input: {visitorUserName: "V", ext: []}) { outcome } }', "BAD_USER_INPUT"),
    "an explained nobody": ('{ routeExplain(input: {visitorUserName: ""}) { outcome } }', "BAD_USER_INPUT"),
    "unknown group": ('{ queues(skillGroupIds: ["x"]) { id } }', "BAD_USER_INPUT"),
    "a subscription": ("subscription { queueChanged { cursor } }", "BAD_REQUEST"),
}
VARIABLES: dict[str, tuple[str, object]] = {
    "a list for a flag": ("query($v: String!) { binding(businessFlag: $v, visitorUserName: $v) { id } }", ["F"]),
    "a number for a name": ("query($v: String!) { agent(userName: $v) { id } }", 5),
    "nothing for a name": ("query($v: String!) { agent(userName: $v) { id } }", None),
    "no time": ("query($v: DateTime) { sessions(filter: {startedAfter: $v}) { nodes { id } } }", "yesterday"),
    "a time without a zone": (
        "query($v: DateTime) { sessions(filter: {startedAfter: $v}) { nodes { id } } }",
        "2026-01-31T09:30:00",
    ),
    "a number over 32 bits": ("query($v: Int) { sessions(first: $v) { nodes { id } } }", 10**12),
}
SAVES: dict[str, tuple[str, object]] = {
    "no duration": (
        'mutation($v: Duration) { skillGroupSave(input: {name: "x", overflowAfter: $v}) { userErrors { code } } }',
        "5 min",
    ),
    "no URL": (
        'mutation($v: Url) { agentSave(input: {userName: "a", avatarUrl: $v}) { userErrors { code } } }',
        "javascript:1",
    ),
    "a list for a visitor": (
        'mutation($v: String!) { messageIngest(input: {visitorUserName: $v, text: "x"}) { userErrors { code } } }',
        ["V"],
    ),
}
AUTHORIZATIONS = {
    "empty": "",
    "no scheme": "letmein",
    "another scheme": "Basic YTpi",
    "no token": "Bearer",
    "no token of ours": "Bearer abc.def.ghi",
    "an unknown access token": "Bearer " + "0" * 32,
}


def complaint(answer: Answer) -> tuple[str, bool]:
    """The code, and whether the message is of use."""
    is_of_use = says_what_to_do(answer.message) or "locations" in answer.error
    return answer.code, is_of_use


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_that_is_no_operation_is_a_bad_request(company: Company, body: bytes) -> None:
    answer = await company.partner.send(body)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_that_is_no_operation_is_told_what_to_do(company: Company, body: bytes) -> None:
    message = (await company.partner.send(body)).message
    assert says_what_to_do(message), message


@pytest.mark.parametrize(("document", "code"), DOCUMENTS.values(), ids=DOCUMENTS)
async def test_a_bad_document_gets_its_code_and_a_place_or_a_hint(company: Company, document: str, code: str) -> None:
    assert complaint(await company.partner.answer(document)) == (code, True)


@pytest.mark.parametrize(("document", "value"), (VARIABLES | SAVES).values(), ids=VARIABLES | SAVES)
async def test_a_variable_of_the_wrong_kind_is_bad_input(stage: Stage, document: str, value: object) -> None:
    before = await stage.company.position()
    assert complaint(await stage.company.partner.answer(document, v=value)) == ("BAD_USER_INPUT", True)
    assert await stage.company.position() == before


async def test_of_two_operations_one_must_be_named(company: Company) -> None:
    answer = await company.partner.answer("query A { viewer { role } } query B { viewer { tenant } }")
    assert [each["extensions"]["code"] for each in answer.errors] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("authorization", AUTHORIZATIONS.values(), ids=AUTHORIZATIONS)
async def test_a_wrong_authorization_is_unauthenticated(company: Company, authorization: str) -> None:
    answer = await company.partner.send(VIEWER, authorization=authorization)
    assert (answer.status, *complaint(answer)) == (401, "UNAUTHENTICATED", True)


async def test_an_expired_token_is_unauthenticated(company: Company) -> None:
    expired = company.server.token(company.tenant, Role.PARTNER, life_s=-1)
    answer = await Api(company.partner.http, expired).send(VIEWER)
    assert (answer.status, *complaint(answer)) == (401, "UNAUTHENTICATED", True)


async def test_a_token_signed_with_another_secret_is_unauthenticated(company: Company) -> None:
    head, _, signature = (company.partner.token or "").rpartition(".")
    answer = await Api(company.partner.http, f"{head}.{signature[::-1]}").send(VIEWER)
    assert (answer.status, *complaint(answer)) == (401, "UNAUTHENTICATED", True)


@pytest.mark.parametrize("document", ["{ viewer { role } }", '{ agent(userName: "a") { id } }'])
async def test_no_token_is_unauthenticated(company: Company, document: str) -> None:
    assert complaint(await Api(company.partner.http).answer(document)) == ("UNAUTHENTICATED", True)


async def test_no_token_changes_nothing(stage: Stage) -> None:
    before = await stage.company.position()
    document = "mutation($id: ID!) { sessionClose(input: {sessionId: $id}) { userErrors { code } } }"
    assert (await Api(stage.company.partner.http).answer(document, id=stage.own)).code == "UNAUTHENTICATED"
    assert await stage.company.position() == before


async def test_ten_megabytes_are_too_much(stage: Stage) -> None:
    before = await stage.company.position()
    given = {"visitorUserName": "V", "text": "x" * 10_000_000}
    document = "mutation($input: MessageIngestInput!) { messageIngest(input: $input) { userErrors { code } } }"
    answer = await stage.company.partner.answer(document, input=given)
    assert (answer.status, *complaint(answer)) == (413, "PAYLOAD_TOO_LARGE", True)
    assert await stage.company.position() == before


async def test_just_over_a_megabyte_is_too_much(company: Company) -> None:
    answer = await company.partner.send(VIEWER + b" " * 1_048_576)
    assert (answer.status, *complaint(answer)) == (413, "PAYLOAD_TOO_LARGE", True)


async def test_another_content_type_is_told_what_to_send(company: Company) -> None:
    answer = await company.partner.send(VIEWER, **{"content-type": "text/plain"})
    assert (answer.status, *complaint(answer)) == (400, "BAD_REQUEST", True)


async def test_another_method_is_told_which_ones_there_are(company: Company) -> None:
    response = await company.partner.http.put("/graphql", content=VIEWER)
    answer = Answer(response.status_code, response.json())
    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")


async def test_a_mutation_by_get_is_refused_and_changes_nothing(stage: Stage) -> None:
    before = await stage.company.position()
    document = f'mutation {{ sessionClose(input: {{sessionId: "{stage.own}"}}) {{ userErrors {{ code }} }} }}'
    bearer = {"authorization": f"Bearer {stage.company.partner.token}", "accept": "application/json"}
    response = await stage.company.partner.http.get("/graphql", params={"query": document}, headers=bearer)
    assert (response.status_code, await stage.company.position()) == (400, before)


async def test_a_query_by_get_is_answered(company: Company) -> None:
    bearer = {"authorization": f"Bearer {company.partner.token}", "accept": "application/json"}
    response = await company.partner.http.get("/graphql", params={"query": "{ viewer { role } }"}, headers=bearer)
    assert response.json() == {"data": {"viewer": {"role": "PARTNER"}}}


async def test_the_response_media_type_of_graphql_over_http_is_negotiated(company: Company) -> None:
    accepted = {"accept": "application/graphql-response+json", "authorization": f"Bearer {company.partner.token}"}
    body = msgspec.json.decode(VIEWER)
    response = await company.partner.http.post("/graphql", json=body, headers=accepted)
    assert response.headers["content-type"].startswith("application/graphql-response+json")
