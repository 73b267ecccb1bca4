"""Replies as the vendor's clients read them: `resultCode` is always a string, and they compare it strictly."""

from typing import Any, TypeAlias

from starlette.responses import JSONResponse

Answer: TypeAlias = dict[str, Any]

OK = "0"
WRONG = "1"
OFF_HOURS = "12"
FAILED = "13"


def answer(code: str, text: str, **more: object) -> Answer:
    return {"resultCode": code, "resultDesc": text, **more}


def both_codes(made: Answer) -> Answer:
    """For the calls that clients know with `returnCode` as well."""
    return {"returnCode": made["resultCode"], **made}


def gateway_error(status: int, text: str) -> JSONResponse:
    """What the vendor's gateway says before a call is reached; a client that looks for `resultCode` finds one."""
    return JSONResponse({"errorCode": "0", "exceptionInfo": text, **answer(str(status), text)}, status_code=status)
