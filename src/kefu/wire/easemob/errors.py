"""The vendor's error codes and texts, exactly as its clients know them."""

from enum import Enum

from starlette.responses import JSONResponse


class ApiError(Enum):
    PARAM_INVALID = ("API_001", "param is invalid,please check your param is correct!")
    TOKEN_INVALID = ("API_002", "token is invalid")
    TENANT_INCORRECT = ("API_003", "tenantId is incorrect,please confirm that the tenant ID belongs to you")
    CREDENTIALS_INCORRECT = ("API_004", "clientId or secretId is incorrect")
    REQUEST_FAILED = ("API_400", "api request failed")


def fail(error: ApiError) -> JSONResponse:
    """A refusal as the vendor gives it: HTTP 200, its clients look at `status`."""
    code, description = error.value
    return JSONResponse({"status": "FAIL", "errorCode": code, "errorDescription": description})
