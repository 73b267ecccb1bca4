"""A visitor without a socket: he sends by `POST …/messages`, and long-polls what he is told by `GET …/messages`.

`cursor` of one answer asks for what comes behind it: at least once, in order, without a gap.
"""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.feed.cursors import Cursor, CursorUnknown
from kefu.feed.following import follow_sessions
from kefu.feed.interest import SessionNews
from kefu.records import agents
from kefu.wire.easemob.door import body_of, caller_in, endpoint
from kefu.wire.easemob.enquiry import enquiry_in, take_enquiry
from kefu.wire.easemob.envelope import Envelope, NoEnvelope, read_envelope
from kefu.wire.easemob.errors import ApiError, Failed
from kefu.wire.easemob.outbound import in_bodies, outbound_message

PATH = "/api/platform/tenants/{tenant}/messages"
WEB_CLIENT_PATH = "/v1/imgateway/messages"
"""Where the vendor's web client turns to; it names the tenant in the query and reads `bodies`."""
WAIT_MAX_S = 20.0
"""How long an answer may be waited for; the vendor's own client polls every 20 s."""
ENTITIES_MAX = 50
_MORE_WITHIN_S = 0.05
"""Once there is something to tell, more is waited for only so long."""
_NAMES_VISITOR = ("visitor", "visitorEasemobId")
_DESK_SENDS_AS = "admin"


def routes(desk: Desk, secret: str) -> list[Route]:
    async def messages(request: Request, tenant: str) -> dict[str, Any]:
        return await _post(desk, secret, request, tenant) if request.method == "POST" else await _get(request, tenant)

    async def _get(request: Request, tenant: str) -> dict[str, Any]:
        visitor = _visitor(await caller_in(desk, secret, request, tenant), _named_in(request))
        poll = Poll(desk, tenant, visitor, until=asyncio.get_running_loop().time() + _wait_s(request))
        try:
            told = await poll.run(request.query_params.get("cursor"))
        except CursorUnknown as unknown:
            raise Failed(ApiError.PARAM_INVALID) from unknown
        if request.url.path == WEB_CLIENT_PATH:
            sender = request.query_params.get("easemobId", _DESK_SENDS_AS)
            told["entities"] = [in_bodies(each, sender=sender, to=visitor) for each in told["entities"]]
        return told

    return [Route(path, endpoint(desk, messages), methods=["GET", "POST"]) for path in (PATH, WEB_CLIENT_PATH)]


async def _post(desk: Desk, secret: str, request: Request, tenant: str) -> dict[str, Any]:
    caller = await caller_in(desk, secret, request, tenant)
    try:
        envelope = read_envelope(await body_of(request, tenant))
    except NoEnvelope as unreadable:
        raise Failed(ApiError.PARAM_INVALID) from unreadable
    visitor = _visitor(caller, envelope.sender or _named_in(request))
    if enquiry := enquiry_in(envelope.ext):
        rated = await take_enquiry(desk, Call(by=caller), visitor, enquiry)
        return {"status": "OK", "entity": {"serviceSessionId": rated.id}}
    ingested = await ingest_message(desk, Call(by=caller), _incoming(envelope, visitor))
    return {"status": "OK", "entity": {"serviceSessionId": ingested.session.id}}


def _incoming(envelope: Envelope, visitor: str) -> IncomingMessage:
    return IncomingMessage(
        visitor=visitor,
        channel=envelope.channel,
        type=envelope.type,
        text=envelope.text,
        payload=envelope.payload,
        ext=envelope.ext,
        client_message_id=envelope.message_id,
    )


def _named_in(request: Request) -> str | None:
    return next((request.query_params[name] for name in _NAMES_VISITOR if name in request.query_params), None)


def _visitor(caller: Caller, named: str | None) -> str:
    """Who writes or asks: a visitor's token names its visitor, a partner's needs the name beside it."""
    if caller.role is Role.VISITOR:
        return caller.user_name
    if caller.role is not Role.PARTNER:
        raise Failed(ApiError.TOKEN_INVALID)
    if not named:
        raise Failed(ApiError.PARAM_INVALID)
    return named


def _wait_s(request: Request) -> float:
    try:
        asked = float(request.query_params.get("waitSeconds", WAIT_MAX_S))
    except ValueError as invalid:
        raise Failed(ApiError.PARAM_INVALID) from invalid
    if not (math.isfinite(asked) and asked >= 0):
        raise Failed(ApiError.PARAM_INVALID)
    return min(asked, WAIT_MAX_S)


@dataclass(frozen=True, slots=True)
class Poll:
    desk: Desk
    tenant: str
    visitor: str
    until: float
    """By the running loop's clock."""

    async def run(self, cursor: str | None) -> dict[str, Any]:
        """What the visitor is told behind `cursor`, or from now on; nothing when nothing came in time."""
        behind = cursor if cursor is not None else Cursor(await self.desk.store.position()).encode()
        news = follow_sessions(self.desk.store, self.tenant, behind, lambda record: record.ref.visitor == self.visitor)
        entities: list[dict[str, Any]] = []
        async with aclosing(news):
            loop, until = asyncio.get_running_loop(), self.until
            while len(entities) < ENTITIES_MAX and (each := await _next(news, until)):
                behind = each.cursor
                if message := await self._message(each):
                    entities.append(message)
                    until = min(until, loop.time() + _MORE_WITHIN_S)
        return {"status": "OK", "entities": entities, "cursor": behind}

    async def _message(self, news: SessionNews) -> dict[str, Any] | None:
        login, store = news.entry.agent, self.desk.store
        agent = await agents.load_one(store, self.tenant, login) if login else None
        settings = (await self.desk.directories.load(store, self.tenant)).directory.settings
        return outbound_message(news.record.ref, news.entry, agent.value if agent else None, settings)


async def _next(news: AsyncGenerator[SessionNews, None], deadline: float) -> SessionNews | None:
    try:
        async with asyncio.timeout_at(deadline):
            return await anext(news)
    except (TimeoutError, StopAsyncIteration):
        return None
