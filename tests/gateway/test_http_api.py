"""The HTTP API: what its function is told, what of its answer comes back, and what does not."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from gateway.stage import Stage, eventually, function, staged
from kefu.local_aws import http_events
from kefu.local_aws.http_events import Asked

DOCUMENTED = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/my/path",
    "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
    "cookies": ["cookie1", "cookie2"],
    "headers": {"header1": "value1", "header2": "value1,value2"},
    "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "api-id",
        "domainName": "id.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": "id",
        "http": {
            "method": "POST",
            "path": "/my/path",
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.1",
            "userAgent": "agent",
        },
        "requestId": "id",
        "routeKey": "$default",
        "stage": "$default",
        "time": "12/Mar/2020:19:03:58 +0000",
        "timeEpoch": 1583348638390,
    },
    "body": "Hello from Lambda",
    "isBase64Encoded": False,
}
"""AWS's example of payload format 2.0, without what an API has only if it is set up: certificates, authorizers, path
parameters, stage variables. Its `time` is of another moment than its `timeEpoch`."""


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """For all tests that need no beginning of their own."""
    async with staged(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


async def told(stage: Stage, method: str = "POST", path: str = "/echo", **request: Any) -> dict[str, Any]:
    event: dict[str, Any] = (await stage.http.request(method, path, **request)).json()
    return event


async def test_an_event_is_as_aws_documents_it() -> None:
    asked = Asked(
        method="POST",
        path="/my/path",
        query="parameter1=value1&parameter1=value2&parameter2=value",
        headers=[
            ("Cookie", "cookie1; cookie2"),
            ("Header1", "value1"),
            ("Header2", "value1"),
            ("HEADER2", "value2"),
            ("Host", "id.execute-api.us-east-1.amazonaws.com"),
            ("User-Agent", "agent"),
            ("Content-Type", "text/plain"),
        ],
        body=b"Hello from Lambda",
        source_ip="192.0.2.1",
    )
    event = http_events.event(asked, request_id="id", now_ms=1583348638390)
    for name in ("host", "user-agent", "content-type"):
        del event["headers"][name]  # the example leaves out what every request has
    event["requestContext"] |= {"apiId": "api-id", "time": "12/Mar/2020:19:03:58 +0000"}
    assert event == DOCUMENTED


async def test_a_real_request_is_told_with_every_field_of_the_example(stage: Stage) -> None:
    headers = {"Cookie": "cookie1; cookie2", "Content-Type": "text/plain"}
    event = await told(stage, params={"parameter1": "value"}, headers=headers, content="Hello")
    assert {*event, *event["requestContext"]} == {*DOCUMENTED, *DOCUMENTED["requestContext"]}  # type: ignore[misc]


async def test_what_a_request_does_not_have_is_left_out(stage: Stage) -> None:
    event = await told(stage, "GET")
    assert not {"body", "cookies", "queryStringParameters"} & event.keys()


async def test_headers_are_lower_case_and_joined(stage: Stage) -> None:
    event = await told(stage, headers=[("X-Several", "a"), ("x-several", "b")])
    assert event["headers"]["x-several"] == "a,b"


async def test_the_path_is_decoded_and_the_query_is_not(stage: Stage) -> None:
    event = await told(stage, "GET", "/a%20b?c=d%20e")
    assert (event["rawPath"], event["rawQueryString"], event["queryStringParameters"]) == (
        "/a b",
        "c=d%20e",
        {"c": "d e"},
    )


async def test_a_cookie_stands_beside_the_headers(stage: Stage) -> None:
    event = await told(stage, headers={"Cookie": "a=1; b=2"})
    assert (event["cookies"], "cookie" in event["headers"]) == (["a=1", "b=2"], False)


@pytest.mark.parametrize(
    ("content_type", "is_text"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("text/plain", True),
        ("application/xml", True),
        ("application/octet-stream", False),
        ("application/graphql-response+json", False),
        ("application/x-www-form-urlencoded", False),
        (None, False),
    ],
)
async def test_which_bodies_are_text(stage: Stage, content_type: str | None, *, is_text: bool) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    event = await told(stage, headers=headers, content=b"{}")
    assert (event["isBase64Encoded"], event["body"]) == ((False, "{}") if is_text else (True, "e30="))


RETURNED: dict[str, tuple[Any, tuple[int, str, str]]] = {
    "a whole answer": (
        {"statusCode": 201, "headers": {"Content-Type": "text/html"}, "body": "<p>"},
        (201, "text/html", "<p>"),
    ),
    "an answer without headers": ({"statusCode": 204}, (204, "text/plain; charset=utf-8", "")),
    "base64": (
        {"statusCode": 200, "headers": {"content-type": "image/png"}, "body": "eA==", "isBase64Encoded": True},
        (200, "image/png", "x"),
    ),
    "no status": ({"message": "Hello"}, (200, "application/json", '{"message": "Hello"}')),
    "a text": ("Hello", (200, "application/json", "Hello")),
    "a status that is none": ({"statusCode": "many"}, (500, "application/json", '{"message":"Internal Server Error"}')),
    "a body that is none": (
        {"statusCode": 200, "body": {"a": 1}},
        (500, "application/json", '{"message":"Internal Server Error"}'),
    ),
    "headers that are none": (
        {"statusCode": 200, "headers": {"a": ["b"]}},
        (500, "application/json", '{"message":"Internal Server Error"}'),
    ),
}


@pytest.mark.parametrize(("returned", "due"), RETURNED.values(), ids=RETURNED)
async def test_what_comes_back(stage: Stage, returned: Any, due: tuple[int, str, str]) -> None:
    answer = await stage.http.post("/returns", json=returned)
    assert (answer.status_code, answer.headers["content-type"], answer.text) == due


async def test_each_cookie_returned_is_a_header(stage: Stage) -> None:
    async with httpx.AsyncClient(base_url=stage.http.base_url) as forgetful:  # the other keeps cookies
        answer = await forgetful.post("/returns", json={"statusCode": 200, "cookies": ["a=1", "b=2; Secure"]})
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2; Secure"]


@pytest.mark.parametrize("path", ["/raises", "/exits"])
async def test_a_function_that_fails_is_an_internal_server_error(stage: Stage, path: str) -> None:
    answer = await stage.http.get(path)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


async def test_after_a_process_that_ended_another_serves(stage: Stage) -> None:
    await stage.http.get("/exits")
    assert (await stage.http.get("/process")).status_code == 200


async def test_a_request_too_large_is_refused(stage: Stage) -> None:
    answer = await stage.http.post("/echo", content=b"x" * (10 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})


async def test_a_request_that_is_no_event_any_more_is_refused(stage: Stage) -> None:
    """It is within the API's 10 MB, and above the 6 MB of a function."""
    answer = await stage.http.post("/process", content=b"x" * 6 * 1024 * 1024, headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})


@pytest.mark.parametrize(("count", "status"), [(6 * 1024 * 1024 - 200, 200), (6 * 1024 * 1024 + 1, 500)])
async def test_a_function_returns_no_more_than_six_megabytes(stage: Stage, count: int, status: int) -> None:
    assert (await stage.http.get(f"/returns-bytes/{count}")).status_code == status


async def test_headers_are_no_longer_than_ten_kilobytes(stage: Stage) -> None:
    assert (await stage.http.get("/process", headers={"X-Long": "x" * 10_240})).status_code == 431


async def test_a_process_has_one_event_at_a_time(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        slow = asyncio.create_task(stage.http.get("/waits/first"))
        await eventually(lambda: len(stage.notes()) == 1)
        other = (await stage.http.get("/process")).json()["pid"]
        stage.allow("first")
        assert (await slow).json()["pid"] != other


async def test_a_process_is_used_again(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        pids = {(await stage.http.get("/process")).json()["pid"] for _ in range(20)}
        assert (len(pids), stage.gateway.http.cold_starts) == (1, 1)


async def test_no_more_processes_than_allowed_are_started(tmp_path: Path) -> None:
    async with staged(tmp_path, http=function("http", processes_max=2)) as stage:
        slow = [asyncio.create_task(stage.http.get("/waits/all")) for _ in range(5)]
        await eventually(lambda: len(stage.notes()) == 2)
        stage.allow("all")
        pids = {(await each).json()["pid"] for each in slow}
    assert (len(pids), stage.gateway.http.cold_starts) == (2, 2)


async def test_a_function_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    async with staged(tmp_path, http=function("http", timeout_s=3, processes_max=1)) as stage:
        pid = (await stage.http.get("/process")).json()["pid"]
        answer = await stage.http.get("/waits/for-ever")
        assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
        await eventually(lambda: not lives(pid))


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_an_answer_that_comes_too_late_is_not_waited_for(tmp_path: Path) -> None:
    async with staged(tmp_path, http_limit_s=0.1) as stage:
        answer = await stage.http.get("/waits/for-ever")
    assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})


async def test_a_function_knows_how_long_it_may_take(stage: Stage) -> None:
    remaining_ms = (await stage.http.get("/process")).json()["remaining_ms"]
    assert 0 < remaining_ms <= 20_000


async def test_a_function_that_cannot_be_imported_fails(tmp_path: Path) -> None:
    async with staged(tmp_path, http=function("no_such_function")) as stage:
        answer = await stage.http.get("/")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


async def test_a_client_that_goes_does_not_stop_its_function(tmp_path: Path) -> None:
    async with staged(tmp_path, http=function("http", processes_max=1)) as stage:
        gone = asyncio.create_task(stage.http.get("/waits/done"))
        await eventually(lambda: len(stage.notes()) == 1)
        gone.cancel()
        stage.allow("done")
        pid = (await stage.http.get("/process")).json()["pid"]
        assert pid == stage.notes()[0]["pid"]
