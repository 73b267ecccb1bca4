"""Every call by its path: authorise, read, delegate, answer.

Paths are compared without regard to case and `v1/` may be left out, as the vendor's own pages and samples differ.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kefu.blobs.port import Blobs
from kefu.desk.attempts import left_to_the_next_look
from kefu.desk.desk import Desk
from kefu.desk.web_clients import show_presence
from kefu.desk.web_tokens import NoSuchWebToken
from kefu.domain.refusals import Invalid, Refusal
from kefu.store.port import StoreError
from kefu.wire.huawei import click_to_call, files, history, polling, queue_place, sending, visitor_words
from kefu.wire.huawei.answers import Answer, answer, both_codes, gateway_error
from kefu.wire.huawei.requests import Unreadable, Wrong, read_body, read_fields
from kefu.wire.huawei.tokens import app_access, apply_token, renewed, token_by_ak_sk, visitor_access
from kefu.wire.huawei.visit import CHANNEL, Visit
from kefu.wire.huawei.web_call import AnyWebCall

log = logging.getLogger("kefu.wire.huawei")

POLL_WAIT_S = 20.0
"""How long a poll waits for something to tell: less than the gateways' limits of half a minute."""

CALLS: Mapping[str, AnyWebCall] = {
    **sending.CALLS,
    **polling.CALLS,
    **queue_place.CALLS,
    **files.CALLS,
    **visitor_words.CALLS,
    **history.CALLS,
    **click_to_call.CALLS,
}
"""By path, in small letters and without `v1/`."""

APP_CALLS = {"applytoken": apply_token, "mobileagent/createcall": click_to_call.create_call}
"""Those that need no visitor's token."""
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def routes(desk: Desk, secret: str, blobs: Blobs, *, poll_wait_s: float = POLL_WAIT_S) -> list[Route]:
    async def gateway(request: Request) -> Response:
        path = request.path_params["path"].lower()
        if path != "oauth/tokenbyaksk" or request.method != "POST":
            return gateway_error(404, "There is no such path.")
        return await _guarded(lambda: token_by_ak_sk(desk, secret, request))

    async def messaging(request: Request) -> Response:
        return await _guarded(lambda: _call(desk, secret, blobs, poll_wait_s, request))

    return [
        Route("/apigovernance/api/{path:path}", gateway, methods=_METHODS),
        Route("/apiaccess/ccmessaging/{path:path}", messaging, methods=_METHODS),
    ]


async def _guarded(call: Callable[[], Awaitable[Response]]) -> Response:
    try:
        return await call()
    except Unreadable as unreadable:
        return gateway_error(400, str(unreadable))
    except NoSuchWebToken:
        return gateway_error(401, "A token is missing, wrong or has expired. Ask for new ones.")
    except ClientDisconnect:
        raise
    except (Refusal, StoreError):
        log.warning("a call did not come through", exc_info=True)
    except Exception:
        log.exception("a call failed")
    return gateway_error(500, "Nothing could be done. Send it again.")


async def _call(desk: Desk, secret: str, blobs: Blobs, poll_wait_s: float, request: Request) -> Response:
    path, now = request.path_params["path"].lower().removeprefix("v1/"), desk.clock.now()
    of_the_app = APP_CALLS.get(path) if request.method == "POST" else None
    web_call = CALLS.get(path)
    if of_the_app is not None:
        return await of_the_app(desk, secret, app_access(request, secret, now), request)
    if web_call is None or request.method != web_call.method:
        return gateway_error(404, "There is no such path.")
    visitor = visitor_access(request, secret, app_access(request, secret, now), now)
    visit = Visit(desk=desk, blobs=blobs, visitor=visitor, poll_wait_s=poll_wait_s, is_gone=request.is_disconnected)
    made = await _answer(web_call, visit, request)
    with left_to_the_next_look():
        await show_presence(desk, visit.caller, CHANNEL)
    return JSONResponse(both_codes(made) if web_call.has_return_code else made, headers=renewed(desk, visitor, secret))


async def _answer(web_call: AnyWebCall, visit: Visit, request: Request) -> Answer:
    """The call's own answer, or its own error. Raises `Unreadable` and `StoreError`."""
    is_query = web_call.method == "GET"
    given = dict(request.query_params) if is_query else await read_body(request, web_call.body_bytes_max)
    try:
        asked = read_fields(given, web_call.asked)
        if asked.user not in {None, visit.visitor.user_name}:
            return answer(web_call.wrong, "The token is another user's.")
        return await web_call.reply(visit, asked)
    except Wrong as wrong:
        return answer(web_call.missing if wrong.is_missing else web_call.wrong, str(wrong))
    except Invalid as invalid:
        return answer(web_call.wrong, invalid.message)
    except Refusal as refusal:
        return answer(web_call.failed, refusal.message)
