"""An HTTP API in front of one function."""

import asyncio
import logging
import time
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kefu.local_aws import http_events
from kefu.local_aws.bounds import HEADERS_BYTES_MAX, REQUEST_BYTES_MAX
from kefu.local_aws.functions import EventTooLarge, Function, FunctionFailed, TooBusy
from kefu.local_aws.http_events import Asked, NoAnswer

_HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})

log = logging.getLogger(__name__)


class HttpApi:
    def __init__(self, function: Function, *, limit_s: float) -> None:
        self._function = function
        self._limit_s = limit_s

    async def answer(self, request: Request) -> Response:
        request_id = str(uuid4())
        response = await self._answer(request, request_id)
        response.headers["apigw-requestid"] = request_id
        return response

    async def _answer(self, request: Request, request_id: str) -> Response:
        if _headers_size(request) > HEADERS_BYTES_MAX:
            return _message(431, "Request Header Fields Too Large")
        body = await _body(request)
        if body is None:
            return _message(413, "Request Entity Too Large")
        event = http_events.event(_asked(request, body), request_id=request_id, now_ms=time.time_ns() // 1_000_000)
        try:
            async with asyncio.timeout(self._limit_s):
                returned = await self._function.invoke(event)
            answer = http_events.answer(returned)
        except EventTooLarge:
            return _message(413, "Request Entity Too Large")
        except (TimeoutError, TooBusy) as late:
            log.warning("%s gave no answer in time: %r", self._function.name, late)
            return _message(503, "Service Unavailable")
        except (FunctionFailed, NoAnswer) as failure:
            log.warning("%s failed: %r", self._function.name, failure)
            return _message(500, "Internal Server Error")
        response = Response(answer.body, status_code=answer.status)
        for name, value in answer.headers:
            if name not in _HOP_BY_HOP:
                response.headers.append(name, value)
        return response


def _asked(request: Request, body: bytes) -> Asked:
    source_ip = request.client.host if request.client else ""
    added = {
        "x-forwarded-for": source_ip,
        "x-forwarded-port": str(request.url.port or 80),
        "x-forwarded-proto": request.url.scheme,
    }
    sent = [(name, value) for name, value in request.headers.items() if name not in added]
    return Asked(
        method=request.method,
        path=request.scope["raw_path"].decode("latin-1"),
        query=request.scope["query_string"].decode("latin-1"),
        headers=[*sent, *added.items()],
        body=body,
        source_ip=source_ip,
    )


async def _body(request: Request) -> bytes | None:
    """None if it is too large."""
    pieces, size = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > REQUEST_BYTES_MAX:
            return None
    return b"".join(pieces)


def _headers_size(request: Request) -> int:
    line = len(request.scope["raw_path"]) + len(request.scope["query_string"]) + len(request.method) + 12
    return line + sum(len(name) + len(value) + 4 for name, value in request.headers.raw)


def _message(status: int, text: str) -> Response:
    return JSONResponse({"message": text}, status)
