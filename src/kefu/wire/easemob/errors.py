"""The vendor's error codes and texts, exactly as its clients know them."""

from enum import Enum

from starlette.responses import JSONResponse


class ApiError(Enum):
    PARAM_INVALID = ("API_001", "param is invalid,please check your param is correct!")
    TOKEN_INVALID = ("API_002", "token is invalid")
    TENANT_INCORRECT = ("API_003", "tenantId is incorrect,please confirm that the tenant ID belongs to you")
    CREDENTIALS_INCORRECT = ("API_004", "clientId or secretId is incorrect")
    PAGE_INDEX_INVALID = ("API_111", "page index must be more than 0.")
    PAGE_SIZE_INVALID = ("API_112", "page size must be less than 50.")
    BINDING_FAILED = ("API_120", "business bind operation failed")
    REQUEST_FAILED = ("API_400", "api request failed")


_STRICT_STATUS = {
    ApiError.PARAM_INVALID: 400,
    ApiError.TOKEN_INVALID: 401,
    ApiError.TENANT_INCORRECT: 403,
    ApiError.CREDENTIALS_INCORRECT: 403,
    ApiError.PAGE_INDEX_INVALID: 400,
    ApiError.PAGE_SIZE_INVALID: 400,
    ApiError.BINDING_FAILED: 409,
    ApiError.REQUEST_FAILED: 503,
}


class Failed(Exception):
    """The request ends with this error."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.name)
        self.error = error


def fail(error: ApiError, *, strict: bool = False) -> JSONResponse:
    """A refusal as the vendor gives it: HTTP 200, its clients look at `status`; another where a tenant wants that."""
    code, description = error.value
    return JSONResponse(
        {"status": "FAIL", "errorCode": code, "errorDescription": description},
        status_code=_STRICT_STATUS[error] if strict else 200,
    )
