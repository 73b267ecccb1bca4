"""A request as the event of an HTTP API (payload format 2.0), and what its function returns as an answer."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

import msgspec

Headers: TypeAlias = Sequence[tuple[str, str]]

ACCOUNT = "123456789012"
API = "local"
_TEXTS = ("application/json", "application/javascript", "application/xml")
"""Bodies of these types and of text/* come as they are, all others in base64: a form, too, and one without a type."""
_STATUS = range(100, 600)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    source_ip: str


class NoAnswer(Exception):
    """What the function returned is none that an HTTP API takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    status: int
    headers: Headers
    body: bytes


def event(asked: Asked, *, request_id: str, now_ms: int) -> dict[str, Any]:
    headers = _joined([(name, value) for name, value in asked.headers if name.lower() != "cookie"])
    host = headers.get("host", "")
    told: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": unquote(asked.path),
        "rawQueryString": asked.query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API,
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": asked.method,
                "path": unquote(asked.path),
                "protocol": "HTTP/1.1",
                "sourceIp": asked.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": common_log_time(now_ms),
            "timeEpoch": now_ms,
        },
        "isBase64Encoded": False,
    }
    cookies = [each.strip() for name, value in asked.headers if name.lower() == "cookie" for each in value.split(";")]
    if cookies:
        told["cookies"] = cookies
    if asked.query:
        told["queryStringParameters"] = _joined(parse_qsl(asked.query, keep_blank_values=True), lowered=False)
    if asked.body:
        told["body"], told["isBase64Encoded"] = _body(asked.body, headers.get("content-type", ""))
    return told


def answer(returned: bytes) -> Answer:
    """Raises `NoAnswer`. Without a `statusCode` what is returned is the body, as JSON."""
    try:
        given = msgspec.json.decode(returned)
    except msgspec.DecodeError as error:
        raise NoAnswer from error
    if not isinstance(given, dict) or "statusCode" not in given:
        body = given.encode() if isinstance(given, str) else returned
        return Answer(status=200, headers=[("content-type", "application/json")], body=body)
    headers = _answer_headers(given)
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain; charset=utf-8"))
    return Answer(status=_status(given["statusCode"]), headers=headers, body=_answer_body(given))


def common_log_time(now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms / 1_000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def _joined(pairs: Headers, *, lowered: bool = True) -> dict[str, str]:
    together: dict[str, str] = {}
    for given, value in pairs:
        name = given.lower() if lowered else given
        together[name] = f"{together[name]},{value}" if name in together else value
    return together


def _body(body: bytes, content_type: str) -> tuple[str, bool]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _TEXTS:
        return body.decode(errors="replace"), False
    return base64.b64encode(body).decode(), True


def _status(given: Any) -> int:
    try:
        status = int(given)
    except (TypeError, ValueError) as error:
        raise NoAnswer from error
    if status not in _STATUS:
        raise NoAnswer
    return status


def _answer_headers(given: dict[str, Any]) -> list[tuple[str, str]]:
    headers, cookies = given.get("headers") or {}, given.get("cookies") or []
    if not isinstance(headers, dict) or not isinstance(cookies, list):
        raise NoAnswer
    values = [*headers.values(), *cookies]
    if not all(isinstance(value, str | int | float) for value in values):
        raise NoAnswer
    return [
        *((name.lower(), str(value)) for name, value in headers.items()),
        *(("set-cookie", str(cookie)) for cookie in cookies),
    ]


def _answer_body(given: dict[str, Any]) -> bytes:
    body = given.get("body") or ""
    if not isinstance(body, str):
        raise NoAnswer
    if not given.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise NoAnswer from error
