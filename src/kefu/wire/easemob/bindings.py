"""`…/busniessbind`: another system binds visitors to agents, and unbinds them. The path's spelling is the vendor's."""

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from kefu.desk.access import STAFF
from kefu.desk.bindings import BindingName, create_binding, delete_binding
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.domain.refusals import Declined, NotFound, RefusalCode
from kefu.wire.easemob.door import body_of, caller_in, endpoint, text_in
from kefu.wire.easemob.errors import ApiError, Failed

PATHS = tuple(f"/api/platform/tenants/{{tenant}}/{name}" for name in ("busniessbind", "businessbind"))

_FLAG = ("businessFlag",)
_VISITOR = ("visitUserName", "visitorUserName")
_AGENT = ("agentUserName", "agentUsername")


def routes(desk: Desk, secret: str) -> list[Route]:
    async def bind_or_unbind(request: Request, tenant: str) -> dict[str, Any]:
        call = await _call(desk, secret, request, tenant)
        if request.method == "POST":
            await _bind(desk, call, await body_of(request, tenant))
        else:
            body = await body_of(request, tenant, may_be_empty=True)
            await _unbind(desk, call, {**request.query_params, **body})
        return {"status": "OK"}

    return [Route(path, endpoint(desk, bind_or_unbind), methods=["POST", "DELETE"]) for path in PATHS]


async def _call(desk: Desk, secret: str, request: Request, tenant: str) -> Call:
    caller = await caller_in(desk, secret, request, tenant)
    if caller.role not in STAFF:
        raise Failed(ApiError.TOKEN_INVALID)
    return Call(by=caller)


async def _bind(desk: Desk, call: Call, body: dict[str, Any]) -> None:
    name = BindingName(business_flag=text_in(body, *_FLAG), visitor=text_in(body, *_VISITOR))
    agent = text_in(body, *_AGENT)
    await _require_entitled(desk, call)
    try:
        await create_binding(desk, call, name, agent)
    except Declined as declined:
        if declined.code is RefusalCode.BINDING_EXISTS:
            raise Failed(ApiError.BINDING_FAILED) from declined
        raise


async def _unbind(desk: Desk, call: Call, named: dict[str, Any]) -> None:
    """Some gateways drop the body of a DELETE, so the names may stand in the query as well."""
    name = BindingName(business_flag=text_in(named, *_FLAG), visitor=text_in(named, *_VISITOR))
    await _require_entitled(desk, call)
    try:
        await delete_binding(desk, call, name)
    except NotFound as missing:
        if (await desk.directories.load(desk.store, call.tenant)).directory.settings.strict_unbind:
            raise Failed(ApiError.BINDING_FAILED) from missing


async def _require_entitled(desk: Desk, call: Call) -> None:
    """Of the vendor's a tenant without bindings has no credentials at all; ours are for more than these two calls."""
    if not (await desk.directories.load(desk.store, call.tenant)).directory.settings.bindings_entitled:
        raise Failed(ApiError.BINDING_FAILED)
