"""Calls by voice and video are not offered: this desk dispatches written sessions. Each call says so in its own way."""

from collections.abc import Mapping
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse

from kefu.desk.desk import Desk
from kefu.desk.web_tokens import AppAccess
from kefu.domain.bounds import REQUEST_BYTES_MAX
from kefu.wire.huawei.answers import FAILED, OK, WRONG, Answer, answer
from kefu.wire.huawei.fields import Fields, OnChannel
from kefu.wire.huawei.requests import Wrong, read_body, read_fields
from kefu.wire.huawei.visit import Visit
from kefu.wire.huawei.web_call import AnyWebCall, WebCall

_UNSUPPORTED, _VOICE_REFUSED = "7", "30010000"


class CreateClickToCall(OnChannel, frozen=True, kw_only=True):
    media_ability: Literal["0", "1"]


class CreateCall(Fields, frozen=True, kw_only=True):
    called: str
    call_data: str | None = None
    caller_present: str | None = None


async def check_support(_visit: Visit, _asked: OnChannel) -> Answer:
    return answer(OK, "success", webRTCSupported=False, clickToCallSupported=False)


async def create_click_to_call(_visit: Visit, _asked: CreateClickToCall) -> Answer:
    return answer(_UNSUPPORTED, "Click to call is not supported.")


async def click_to_call_events(_visit: Visit, _asked: OnChannel) -> Answer:
    return answer(OK, "ClickToCall polled without any events")


async def drop_click_to_call(_visit: Visit, _asked: OnChannel) -> Answer:
    return answer(FAILED, "There is no call to drop.")


async def create_call(_desk: Desk, _secret: str, _access: AppAccess, request: Request) -> JSONResponse:
    try:
        read_fields(await read_body(request, REQUEST_BYTES_MAX), CreateCall)
    except Wrong as wrong:
        return JSONResponse(answer(WRONG, str(wrong)))
    return JSONResponse(answer(_VOICE_REFUSED, "Anonymous calls are not supported."))


CALLS: Mapping[str, AnyWebCall] = {
    "checkclicktocallsupport": WebCall(asked=OnChannel, reply=check_support, method="GET"),
    "createclicktocall": WebCall(asked=CreateClickToCall, reply=create_click_to_call),
    "getclicktocallevents": WebCall(asked=OnChannel, reply=click_to_call_events, method="GET"),
    "dropclicktocall": WebCall(asked=OnChannel, reply=drop_click_to_call),
}
