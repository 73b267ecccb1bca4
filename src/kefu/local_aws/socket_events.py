"""What the function of a WebSocket API is called with."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from kefu.local_aws.http_events import API, Headers, common_log_time

STAGE = "local"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What is told of a socket at each of its events."""

    connection_id: str
    connected_at_ms: int
    host: str
    source_ip: str
    user_agent: str


def connect_event(opened: Opened, *, headers: Headers, query: str, request_id: str, now_ms: int) -> dict[str, Any]:
    # Names as a browser writes them: this API does not make them small, unlike an HTTP API.
    named = [(_browsers(name), value) for name, value in headers]
    pairs = parse_qsl(query, keep_blank_values=True)
    told: dict[str, Any] = {
        "headers": dict(named),
        "multiValueHeaders": _many(named),
        "requestContext": _context(opened, "$connect", "CONNECT", request_id, now_ms),
        "isBase64Encoded": False,
    }
    if pairs:
        told["queryStringParameters"], told["multiValueQueryStringParameters"] = dict(pairs), _many(pairs)
    return told


def message_event(opened: Opened, *, body: str, message_id: str, request_id: str, now_ms: int) -> dict[str, Any]:
    context = _context(opened, "$default", "MESSAGE", request_id, now_ms)
    return {"requestContext": {**context, "messageId": message_id}, "body": body, "isBase64Encoded": False}


def disconnect_event(opened: Opened, *, code: int, reason: str, request_id: str, now_ms: int) -> dict[str, Any]:
    headers = [("Host", opened.host), ("x-api-key", ""), ("x-restapi", "")]
    context = _context(opened, "$disconnect", "DISCONNECT", request_id, now_ms)
    return {
        "headers": dict(headers),
        "multiValueHeaders": _many(headers),
        "requestContext": {**context, "disconnectStatusCode": code, "disconnectReason": reason},
        "isBase64Encoded": False,
    }


def _context(opened: Opened, route: str, kind: str, request_id: str, now_ms: int) -> dict[str, Any]:
    return {
        "routeKey": route,
        "eventType": kind,
        "extendedRequestId": request_id,
        "requestTime": common_log_time(now_ms),
        "messageDirection": "IN",
        "stage": STAGE,
        "connectedAt": opened.connected_at_ms,
        "requestTimeEpoch": now_ms,
        "identity": {"userAgent": opened.user_agent, "sourceIp": opened.source_ip},
        "requestId": request_id,
        "domainName": opened.host,
        "connectionId": opened.connection_id,
        "apiId": API,
    }


def _browsers(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-")).replace("Websocket", "WebSocket")


def _many(pairs: Headers) -> dict[str, list[str]]:
    together: dict[str, list[str]] = {}
    for name, value in pairs:
        together.setdefault(name, []).append(value)
    return together
