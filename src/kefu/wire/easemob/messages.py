"""`GET …/messages`: a visitor without a socket long-polls what he is told.

`cursor` of one answer asks for what comes behind it: at least once, in order, without a gap.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kefu.desk.bearer_tokens import NoSuchToken, caller_of
from kefu.desk.call import Caller, Role
from kefu.desk.desk import Desk
from kefu.feed.cursors import Cursor, CursorUnknown
from kefu.feed.following import SessionNews, follow_sessions
from kefu.records import agents
from kefu.wire.easemob.errors import ApiError, fail
from kefu.wire.easemob.outbound import outbound_message

PATH = "/api/platform/tenants/{tenant}/messages"
WAIT_MAX_S = 20.0
"""How long an answer may be waited for; the vendor's own client polls every 20 s."""
ENTITIES_MAX = 50
_MORE_WITHIN_S = 0.05
"""Once there is something to tell, more is waited for only so long."""


def routes(desk: Desk, secret: str) -> list[Route]:
    async def messages(request: Request) -> Response:
        visitor = await _visitor(desk, secret, request)
        wait_s = _wait_s(request)
        if isinstance(visitor, ApiError):
            return fail(visitor)
        if wait_s is None:
            return fail(ApiError.PARAM_INVALID)
        try:
            return JSONResponse(await _poll(desk, visitor, request.query_params.get("cursor"), wait_s))
        except CursorUnknown:
            return fail(ApiError.PARAM_INVALID)

    return [Route(PATH, messages, methods=["GET"])]


async def _visitor(desk: Desk, secret: str, request: Request) -> Caller | ApiError:
    """Whose messages are asked for: a visitor's token names its visitor, a partner's needs `visitor` beside it."""
    token = request.headers.get("kefu-token") or request.headers.get("authorization", "").partition(" ")[2]
    try:
        caller, _ = await caller_of(desk, token.strip(), secret)
    except NoSuchToken:
        return ApiError.TOKEN_INVALID
    if caller.tenant != request.path_params["tenant"]:
        return ApiError.TENANT_INCORRECT
    if caller.role is Role.VISITOR:
        return caller
    named = request.query_params.get("visitor")
    if caller.role is not Role.PARTNER or not named:
        return ApiError.PARAM_INVALID
    return Caller(tenant=caller.tenant, role=Role.VISITOR, user_name=named)


def _wait_s(request: Request) -> float | None:
    asked = request.query_params.get("waitSeconds", str(WAIT_MAX_S))
    return min(float(asked), WAIT_MAX_S) if asked.replace(".", "", 1).isdecimal() else None


async def _poll(desk: Desk, visitor: Caller, cursor: str | None, wait_s: float) -> dict[str, Any]:
    """What the visitor is told behind `cursor`, or from now on; nothing when nothing came in time."""
    behind = cursor if cursor is not None else Cursor(await desk.store.position()).encode()
    news = follow_sessions(desk.store, visitor.tenant, behind, lambda record: record.ref.visitor == visitor.user_name)
    entities: list[dict[str, Any]] = []
    async with aclosing(news):
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        while len(entities) < ENTITIES_MAX and (each := await _next(news, deadline)):
            behind = each.cursor
            if message := await _message(desk, visitor.tenant, each):
                entities.append(message)
                deadline = min(deadline, loop.time() + _MORE_WITHIN_S)
    return {"status": "OK", "entities": entities, "cursor": behind}


async def _next(news: AsyncGenerator[SessionNews, None], deadline: float) -> SessionNews | None:
    try:
        async with asyncio.timeout_at(deadline):
            return await anext(news)
    except (TimeoutError, StopAsyncIteration):
        return None


async def _message(desk: Desk, tenant: str, news: SessionNews) -> dict[str, Any] | None:
    login = news.entry.agent
    agent = await agents.load_one(desk.store, tenant, login) if login else None
    return outbound_message(news.record.ref, news.entry, agent.value if agent else None)
