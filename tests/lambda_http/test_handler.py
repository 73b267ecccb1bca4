"""The handler, with events as API Gateway sends them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from api.company import Company
from kefu.bootstrap import NO_METRICS
from kefu.desk.call import Role
from kefu.domain.bounds import REQUEST_BYTES_MAX
from kefu.entrypoints.container import Container
from kefu.entrypoints.lambda_http import http_handler
from kefu.settings import SettingWrong
from lambda_http.conftest import SECRET, ServerlessServer
from lambda_http.gateway_events import Context, GatewayTransport, http_event

QUERY = "{ viewer { role } }"
BODY = msgspec.json.encode({"query": QUERY})
PARTNER = {"data": {"viewer": {"role": "PARTNER"}}}
JSON = {"content-type": "application/json"}

Answer = dict[str, Any]
Ask = Callable[[dict[str, Any]], Answer]


@pytest.fixture
def headers(company: Company) -> dict[str, str]:
    return JSON | {"authorization": f"Bearer {company.partner.token}"}


@pytest.fixture
def ask(server: ServerlessServer) -> Ask:
    handler = http_handler(server.container)
    return lambda event: server.thread.submit(handler, event, Context()).result()


def posted(headers: dict[str, str], body: bytes = BODY, *, as_base64: bool = False) -> dict[str, Any]:
    return http_event("POST", "/graphql", headers=headers, body=body, as_base64=as_base64)


def told(answer: Answer) -> Any:
    return msgspec.json.decode(answer["body"])


async def test_a_posted_query_is_answered(ask: Ask, headers: dict[str, str]) -> None:
    answer = ask(posted(headers))
    assert (answer["statusCode"], told(answer)) == (200, PARTNER)


async def test_a_body_in_base64_is_read(ask: Ask, headers: dict[str, str]) -> None:
    assert told(ask(posted(headers, as_base64=True))) == PARTNER


async def test_chinese_goes_in_and_out_as_text(ask: Ask, headers: dict[str, str]) -> None:
    body = '{"query": "mutation { messageIngest(input: {visitorUserName: \\"小明\\", text: \\"你好\\"}) { message { text } session { visitor { userName } } } }"}'
    answer = ask(posted(headers, body.encode()))
    assert answer["isBase64Encoded"] is False
    payload = told(answer)["data"]["messageIngest"]
    assert (payload["message"]["text"], payload["session"]["visitor"]["userName"]) == ("你好", "小明")


async def test_a_query_by_get_is_answered(ask: Ask, headers: dict[str, str]) -> None:
    event = http_event("GET", "/graphql", query=f"query={quote(QUERY)}", headers=headers)
    assert told(ask(event)) == PARTNER


@pytest.mark.parametrize("accepted", ["application/json", "application/graphql-response+json"])
async def test_json_of_either_name_is_text(ask: Ask, headers: dict[str, str], accepted: str) -> None:
    answer = ask(posted(headers | {"accept": accepted}))
    is_named = answer["headers"]["content-type"].startswith(accepted)
    assert (is_named, answer["isBase64Encoded"], told(answer)) == (True, False, PARTNER)


async def test_the_ide_is_text(ask: Ask) -> None:
    answer = ask(http_event("GET", "/graphql", headers={"accept": "text/html"}))
    assert (answer["isBase64Encoded"], "<html" in answer["body"].lower()) == (False, True)


@pytest.mark.parametrize(("path", "status"), [("/healthz", "up"), ("/readyz", "ready")])
async def test_health_is_told(ask: Ask, path: str, status: str) -> None:
    assert told(ask(http_event("GET", path))) == {"status": status}


async def test_an_unknown_path_is_not_found(ask: Ask) -> None:
    assert ask(http_event("GET", "/nothing"))["statusCode"] == 404


async def test_an_access_token_is_issued_and_opens_the_api(ask: Ask, company: Company) -> None:
    path = f"/api/platform/tenants/{company.tenant}/accessToken"
    credentials = {"clientId": company.credentials.client_id, "secretId": company.credentials.secret_id}
    given = told(ask(http_event("POST", path, headers=JSON, body=msgspec.json.encode(credentials))))
    bearer = {"authorization": f"Bearer {given['entity']['accessToken']}"}
    assert told(ask(posted(JSON | bearer))) == PARTNER


async def test_a_visitor_polls_by_query_string(ask: Ask, company: Company) -> None:
    bearer = {"authorization": f"Bearer {company.server.token(company.tenant, Role.VISITOR, '小明')}"}
    path = f"/api/platform/tenants/{company.tenant}/messages"
    answer = told(ask(http_event("GET", path, query="waitSeconds=0&cursor=", headers=bearer)))
    assert answer["errorCode"] == "API_001"  # an empty cursor is none of ours
    assert told(ask(http_event("GET", path, query="waitSeconds=0", headers=bearer)))["entities"] == []


async def test_cookies_beside_the_headers_do_no_harm(ask: Ask, headers: dict[str, str]) -> None:
    event = posted(headers) | {"cookies": ["session=1", "theme=dark; path"]}
    assert told(ask(event)) == PARTNER


async def test_no_token_is_unauthenticated(ask: Ask) -> None:
    assert told(ask(posted(JSON)))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("as_base64", [False, True])
async def test_too_long_a_body_of_unsaid_length_is_refused(ask: Ask, headers: dict[str, str], as_base64: bool) -> None:  # noqa: FBT001  pytest names it
    answer = ask(posted(headers, BODY + b" " * REQUEST_BYTES_MAX, as_base64=as_base64))
    assert (answer["statusCode"], told(answer)["errors"][0]["extensions"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_what_one_event_wrote_the_next_one_reads(ask: Ask, headers: dict[str, str]) -> None:
    write = 'mutation { agentSave(input: {userName: "a", nickname: "Alice"}) { userErrors { code } } }'
    ask(posted(headers, msgspec.json.encode({"query": write})))
    read = msgspec.json.encode({"query": '{ agent(userName: "a") { nickname } }'})
    assert told(ask(posted(headers, read))) == {"data": {"agent": {"nickname": "Alice"}}}


def test_a_wrong_setting_stops_the_start_and_is_named() -> None:
    starting = {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "KEFU_STORE": "dynamodb:kefu"}
    with pytest.raises(SettingWrong, match="KEFU_SECRET must be set"):
        http_handler(Container(starting))


def test_before_the_first_event_nothing_is_read() -> None:
    assert callable(http_handler(Container({"KEFU_STORE": "no such store"})))


async def test_a_production_container_shows_no_ide() -> None:
    container = Container({"KEFU_STORE": "memory:", "KEFU_SECRET": SECRET, "KEFU_ENV": "production"})
    with ThreadPoolExecutor(1) as thread:
        transport = GatewayTransport(http_handler(container), thread)
        async with httpx.AsyncClient(base_url="https://kefu.example", transport=transport) as http:
            response = await http.get("/graphql", headers={"accept": "text/html"})
        thread.submit(container.close).result()
    assert "<html" not in response.text.lower()


def test_on_lambda_there_are_no_metrics_and_the_answer_says_why() -> None:
    container = Container({"KEFU_STORE": "memory:", "KEFU_SECRET": SECRET, "KEFU_METRICS_TOKEN": SECRET})
    try:
        asked = http_event("GET", "/metrics", headers={"authorization": f"Bearer {SECRET}"})
        answer = http_handler(container)(asked, Context())
    finally:
        container.close()
    assert (answer["statusCode"], answer["body"]) == (404, NO_METRICS)
