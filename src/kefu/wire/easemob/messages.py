"""A visitor without a socket: he sends by `POST …/messages`, and long-polls what he is told by `GET …/messages`.

`cursor` of one answer asks for what comes behind it: at least once, in order, without a gap. The vendor's web client
knows no cursor: where it stands is kept here, and it is told everything once.
"""

import asyncio
import math
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.input import named
from kefu.desk.web_clients import begin_telling
from kefu.feed.cursors import CursorUnknown
from kefu.wire.easemob.door import body_of, caller_in, endpoint
from kefu.wire.easemob.enquiry import enquiry_in, take_enquiry
from kefu.wire.easemob.envelope import Envelope, NoEnvelope, read_envelope
from kefu.wire.easemob.errors import ApiError, Failed
from kefu.wire.easemob.outbound import in_bodies
from kefu.wire.easemob.polling import WEB_CHANNEL, Poll, web_visitor

PATH = "/api/platform/tenants/{tenant}/messages"
WEB_CLIENT_PATH = "/v1/imgateway/messages"
"""Where the vendor's web client turns to; it names the tenant in the query and reads `bodies`."""
WAIT_MAX_S = 20.0
"""How long an answer may be waited for; the vendor's own client polls every 20 s."""
_NAMES_VISITOR = ("visitor", "visitorEasemobId")
_DESK_SENDS_AS = "admin"


def routes(desk: Desk, secret: str) -> list[Route]:
    async def messages(request: Request, tenant: str) -> dict[str, Any]:
        return await _post(desk, secret, request, tenant) if request.method == "POST" else await _get(request, tenant)

    async def _get(request: Request, tenant: str) -> dict[str, Any]:
        visitor = _visitor(await caller_in(desk, secret, request, tenant), _named_in(request))
        poll = Poll(desk, tenant, visitor, until=asyncio.get_running_loop().time() + _wait_s(request))
        cursor = request.query_params.get("cursor")
        is_web_client = request.url.path == WEB_CLIENT_PATH
        try:
            told = await (poll.of_web_client() if is_web_client and cursor is None else poll.behind(cursor))
        except CursorUnknown as unknown:
            raise Failed(ApiError.PARAM_INVALID) from unknown
        if is_web_client:
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
        rated = await take_enquiry(desk, Call(by=caller), named(visitor, "from"), enquiry)
        return {"status": "OK", "entity": {"serviceSessionId": rated.id}}
    if request.url.path == WEB_CLIENT_PATH:
        await begin_telling(desk, web_visitor(tenant, named(visitor, "from")), WEB_CHANNEL)
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
