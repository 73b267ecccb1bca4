"""Who may call: an app key for an access token, an access token for a visitor's token of one hour.

`x-app-key` is the tenant's id and its client id with a dash between, the app secret is its secret id. As with the
vendor, whoever holds an access token may speak for any visitor of that tenant: where that matters, a page's own back
end asks for both tokens and hands the page the second.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import unquote

from msgspec import Meta
from starlette.requests import Request
from starlette.responses import JSONResponse

from kefu.desk.call import Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.input import named
from kefu.desk.tenants import WrongCredentials
from kefu.desk.web_clients import begin_telling
from kefu.desk.web_tokens import (
    AppAccess,
    NoSuchWebToken,
    WebVisitor,
    app_of,
    open_app,
    sign_app,
    sign_visitor,
    visitor_of,
)
from kefu.domain.bounds import REQUEST_BYTES_MAX
from kefu.domain.instants import MINUTE, SECOND, Instant
from kefu.domain.refusals import Invalid
from kefu.wire.huawei.answers import OK, WRONG, answer, gateway_error
from kefu.wire.huawei.fields import ChannelConfigId, Fields, UserId
from kefu.wire.huawei.requests import Unreadable, Wrong, read_body, read_fields
from kefu.wire.huawei.visit import CHANNEL

HEADER = "ccmessaging-token"
ACCESS_LIFE_S, ACCESS_LIFE_S_MAX = 600, 3_600
VISITOR_LIFE_S = 3_600
_RENEWED_AT_MS = 30 * MINUTE


class AppKey(Fields, frozen=True, kw_only=True, rename=None):
    app_key: Annotated[str, Meta(min_length=1, max_length=300)]
    app_secret: Annotated[str, Meta(min_length=1, max_length=300)]


class ApplyToken(Fields, frozen=True, kw_only=True):
    user_id: UserId
    user_name: Annotated[str, Meta(max_length=128)] = ""
    channel_id: ChannelConfigId
    locale: Annotated[str, Meta(max_length=16)] = "zh"


async def token_by_ak_sk(desk: Desk, secret: str, request: Request) -> JSONResponse:
    try:
        asked = read_fields(await read_body(request, REQUEST_BYTES_MAX), AppKey)
        life_s = _life_s(request.headers.get("x-token-expire", str(ACCESS_LIFE_S)))
    except (Unreadable, Wrong) as wrong:
        return gateway_error(400, str(wrong))
    try:
        access = await open_app(desk, asked.app_key, asked.app_secret, life_s)
    except WrongCredentials:
        return gateway_error(403, "app_key or app_secret is wrong.")
    return JSONResponse(
        {
            "AccessToken": sign_app(access, secret),
            "ApplyType": "Bearer",
            "CreateTime": _date(desk.clock.now()),
            "Expires": str(life_s),
            "Scope": "",
            "AppKey": asked.app_key,
            "UserID": "Anonymous",
        }
    )


async def apply_token(desk: Desk, secret: str, access: AppAccess, request: Request) -> JSONResponse:
    try:
        asked = read_fields(await read_body(request, REQUEST_BYTES_MAX), ApplyToken)
        user_name = named(asked.user_id, "userId")
        nickname = asked.user_name and named(asked.user_name, "userName")
    except (Wrong, Invalid) as wrong:
        return JSONResponse(answer(WRONG, str(wrong)))
    visitor = WebVisitor(
        tenant=access.tenant,
        user_name=user_name,
        nickname=nickname,
        channel_config_id=asked.channel_id,
        locale=asked.locale,
        expires_at=_ends_at(desk),
    )
    caller = Caller(tenant=visitor.tenant, role=Role.VISITOR, user_name=visitor.user_name)
    await begin_telling(desk, caller, CHANNEL)
    return JSONResponse({"resultCode": OK, "resultDesc": "success", "token": sign_visitor(visitor, secret)})


def app_access(request: Request, secret: str, now: Instant) -> AppAccess:
    """Raises `NoSuchWebToken`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise NoSuchWebToken
    access = app_of(token.strip(), secret, now)
    if request.headers.get("x-app-key") != access.app_key:
        raise NoSuchWebToken
    return access


def visitor_access(request: Request, secret: str, access: AppAccess, now: Instant) -> WebVisitor:
    """The token as it came, quoted or percent-encoded. Raises `NoSuchWebToken`."""
    given = request.headers.get(HEADER, "").strip().strip('"')
    visitor = visitor_of(unquote(given), secret, now)
    if visitor.tenant != access.tenant:
        raise NoSuchWebToken
    return visitor


def renewed(desk: Desk, visitor: WebVisitor, secret: str) -> dict[str, str]:
    """A newer token for the reply's headers, once the old one is half over."""
    if visitor.expires_at - desk.clock.now() > _RENEWED_AT_MS:
        return {}
    return {HEADER: sign_visitor(replace(visitor, expires_at=_ends_at(desk)), secret)}


def _ends_at(desk: Desk) -> Instant:
    return (desk.clock.now() // SECOND + VISITOR_LIFE_S) * SECOND


def _life_s(asked: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", asked) or not 0 < int(asked) <= ACCESS_LIFE_S_MAX:
        raise Wrong(f"X-Token-Expire must be 1 to {ACCESS_LIFE_S_MAX} seconds.")
    return int(asked)


def _date(at: Instant) -> str:
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S")
