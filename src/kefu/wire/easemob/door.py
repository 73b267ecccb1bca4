"""What every call of the vendor's REST has in common: whose tenant, whose token, what body, and one kind of error."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from kefu.desk.bearer_tokens import NoSuchToken, caller_of
from kefu.desk.call import Caller
from kefu.desk.desk import Desk
from kefu.domain.bounds import NAME_LENGTH_MAX, REQUEST_BYTES_MAX
from kefu.domain.refusals import Declined, Refusal, RefusalCode
from kefu.domain.routing_keys import clean_keys
from kefu.records import tenants
from kefu.request_body import TooManyBytes, read_bounded
from kefu.store.port import StoreError
from kefu.wire.easemob.errors import ApiError, Failed, fail

Handler: TypeAlias = Callable[[Request, str], Awaitable[dict[str, Any]]]
"""From a request and its tenant's id to the answer. Raises `Failed`, or a refusal of the desk."""

log = logging.getLogger("kefu.wire")

_TOKEN_HEADERS = ("kefu-token", "kefu-toke")
"""The second is what the vendor's own table calls it; where both come, the first counts."""


def endpoint(desk: Desk, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
    """`handle` behind the check of the tenant; whatever goes wrong is told in the vendor's words."""

    async def answer(request: Request) -> Response:
        tenant = request.path_params.get("tenant") or request.query_params.get("tenantId", "")
        try:
            if not await _is_known(desk, tenant):
                return fail(ApiError.TENANT_INCORRECT)
            return JSONResponse(await handle(request, tenant))
        except ClientDisconnect:
            raise
        except Exception as failure:  # noqa: BLE001  the edge: what has no name of its own is logged and API_400
            return await _failed(desk, tenant, _error_of(failure))

    return answer


async def caller_in(desk: Desk, secret: str, request: Request, tenant: str) -> Caller:
    """Who calls, by the token of the header. Raises `Failed`."""
    headers = request.headers
    token = next((headers[name] for name in _TOKEN_HEADERS if headers.get(name)), None)
    try:
        caller, _ = await caller_of(desk, (token or headers.get("authorization", "").partition(" ")[2]).strip(), secret)
    except NoSuchToken as unknown:
        raise Failed(ApiError.TOKEN_INVALID) from unknown
    if caller.tenant != tenant:
        raise Failed(ApiError.TENANT_INCORRECT)
    return caller


async def body_of(request: Request, tenant: str, *, may_be_empty: bool = False) -> dict[str, Any]:
    """The body's object, its keys without padding. Raises `Failed` if there is none, or it names another tenant."""
    try:
        raw = await read_bounded(request.stream(), REQUEST_BYTES_MAX)
    except TooManyBytes as too_many:
        raise Failed(ApiError.PARAM_INVALID) from too_many
    if not raw.strip() and may_be_empty:
        return {}
    try:
        body = clean_keys(msgspec.json.decode(raw, type=dict[str, Any]))
    except (ValueError, RecursionError) as invalid:
        raise Failed(ApiError.PARAM_INVALID) from invalid
    named = body.get("tenantId")
    if named is not None and (isinstance(named, bool) or str(named) != tenant):
        raise Failed(ApiError.TENANT_INCORRECT)
    return body


def text_in(body: dict[str, Any], *spellings: str) -> str:
    """The value under the first of these spellings that is there. Raises `Failed` unless it is one non-blank text."""
    value = next((body[name] for name in spellings if name in body), None)
    if not isinstance(value, str) or not value.strip():
        raise Failed(ApiError.PARAM_INVALID)
    return value


async def _is_known(desk: Desk, tenant: str) -> bool:
    is_number = tenant.isdecimal() and len(tenant) <= NAME_LENGTH_MAX
    return is_number and await tenants.load(desk.store, tenant) is not None


def _error_of(failure: Exception) -> ApiError:
    match failure:
        case Failed(error=error):
            return error
        case Declined(code=RefusalCode.BUSY) | StoreError():
            log.warning("a request of the vendor's REST was not carried out", exc_info=failure)
            return ApiError.REQUEST_FAILED
        case Refusal():
            return ApiError.PARAM_INVALID
    log.error("a request of the vendor's REST failed", exc_info=failure)
    return ApiError.REQUEST_FAILED


async def _failed(desk: Desk, tenant: str, error: ApiError) -> Response:
    try:
        settings = (await desk.directories.load(desk.store, tenant)).directory.settings
    except StoreError:
        return fail(error)
    return fail(error, strict=settings.strict_http_status)
