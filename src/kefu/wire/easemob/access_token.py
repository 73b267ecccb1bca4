"""`POST …/accessToken`: clientId and secretId for an access token of two hours, as a partner starts."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kefu.desk.desk import Desk
from kefu.desk.tenants import Credentials, UnknownTenant, WrongCredentials, issue_access_token
from kefu.domain.bounds import REQUEST_BYTES_MAX
from kefu.domain.routing_keys import clean_keys
from kefu.records import tenants
from kefu.wire.easemob.errors import ApiError, fail

PATHS = ("/api/platform/tenants/{tenant}/accessToken", "/api/tenant/{tenant}/accessToken")


def routes(desk: Desk) -> list[Route]:
    async def access_token(request: Request) -> Response:
        return await _answer(desk, request.path_params["tenant"], await _body(request))

    return [Route(path, access_token, methods=["POST"]) for path in PATHS]


async def _answer(desk: Desk, tenant: str, body: dict[str, Any] | None) -> Response:
    credentials = await _credentials(desk, tenant, body)
    if isinstance(credentials, ApiError):
        return fail(credentials)
    try:
        token, life_s = await issue_access_token(desk, credentials)
    except UnknownTenant:
        return fail(ApiError.TENANT_INCORRECT)
    except WrongCredentials:
        return fail(ApiError.CREDENTIALS_INCORRECT)
    return JSONResponse({"status": "OK", "entity": {"accessToken": token, "expireTime": life_s}})


async def _credentials(desk: Desk, tenant: str, body: dict[str, Any] | None) -> Credentials | ApiError:
    """What the body claims, its faults told in the vendor's order: the path's tenant, then the fields."""
    if not tenant.isdecimal() or await tenants.load(desk.store, tenant) is None:
        return ApiError.TENANT_INCORRECT
    if body is None:
        return ApiError.PARAM_INVALID
    if str(body.get("tenantId", tenant)) != tenant:
        return ApiError.TENANT_INCORRECT
    client_id, secret_id = body.get("clientId"), body.get("secretId")
    if not (isinstance(client_id, str) and client_id and isinstance(secret_id, str) and secret_id):
        return ApiError.PARAM_INVALID
    return Credentials(tenant=tenant, client_id=client_id, secret_id=secret_id)


async def _body(request: Request) -> dict[str, Any] | None:
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > REQUEST_BYTES_MAX:
            return None
    try:
        return clean_keys(msgspec.json.decode(raw, type=dict[str, Any]))
    except msgspec.DecodeError:
        return None
