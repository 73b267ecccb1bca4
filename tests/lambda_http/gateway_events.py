"""What API Gateway does at the edge of an HTTP API: a request becomes an event, the handler's answer a response."""

import asyncio
from base64 import b64decode, b64encode
from collections import defaultdict
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from kefu.entrypoints.lambda_http import Handler

STAGE = "$default"
DOMAIN = "abc123.execute-api.eu-central-1.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda hands over beside the event, as far as it is looked at."""

    remaining_ms: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def http_event(
    method: str,
    path: str,
    *,
    query: str = "",
    headers: dict[str, str] | None = None,
    cookies: list[str] | None = None,
    body: bytes | None = None,
    as_base64: bool = False,
) -> dict[str, Any]:
    """Payload format 2.0."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": STAGE,
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": DOMAIN, "x-forwarded-port": "443", "x-forwarded-proto": "https"} | (headers or {}),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": DOMAIN,
            "domainPrefix": "abc123",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "tests",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": STAGE,
            "stage": STAGE,
            "time": "10/Mar/2026:05:16:23 +0000",
            "timeEpoch": 1583817383220,
        },
        "isBase64Encoded": as_base64,
    }
    if cookies:
        event["cookies"] = cookies
    if body:
        event["body"] = b64encode(body).decode() if as_base64 else body.decode()
    return event


class GatewayTransport(httpx.AsyncBaseTransport):
    """Each request is an event; the container's one thread takes them one by one."""

    def __init__(self, handler: Handler, thread: Executor) -> None:
        self._handler = handler
        self._thread = thread

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        event = _through_json(await _event_of(request))
        answer = await asyncio.get_running_loop().run_in_executor(self._thread, self._handler, event, Context())
        return response_of(_through_json(answer))


def response_of(answer: dict[str, Any]) -> httpx.Response:
    body = answer.get("body", "")
    content = b64decode(body) if answer["isBase64Encoded"] else body.encode()
    headers = [*answer["headers"].items(), *(("set-cookie", cookie) for cookie in answer.get("cookies", ()))]
    return httpx.Response(answer["statusCode"], headers=headers, content=content)


async def _event_of(request: httpx.Request) -> dict[str, Any]:
    body = await request.aread()
    headers, cookies = defaultdict[str, list[str]](list), list[str]()
    for name, value in request.headers.multi_items():
        if name == "cookie":
            cookies += value.split("; ")
        else:
            headers[name].append(value)
    return http_event(
        request.method,
        request.url.path,
        query=request.url.query.decode(),
        headers={name: ",".join(values) for name, values in headers.items()},
        cookies=cookies,
        body=body,
        as_base64=not _is_text(body),
    )


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _through_json(value: dict[str, Any]) -> dict[str, Any]:
    """Events and answers travel as JSON."""
    return msgspec.json.decode(msgspec.json.encode(value), type=dict[str, Any])
