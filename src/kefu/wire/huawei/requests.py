"""Reading a request: whatever is not of the call's shape is a `Wrong`, told in the dialect and changing nothing."""

from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from kefu.request_body import TooManyBytes, read_bounded

T = TypeVar("T")

_MISSING = "missing required field"


class Unreadable(Exception):
    """The body is no JSON object of plain Unicode text, or too large."""


class Wrong(Exception):
    """A field is missing or not what it must be; the message says which."""

    def __init__(self, message: str, *, is_missing: bool = False) -> None:
        super().__init__(message)
        self.is_missing = is_missing


async def read_body(request: Request, bytes_max: int) -> dict[str, Any]:
    """Raises `Unreadable`."""
    try:
        raw = await read_bounded(request.stream(), bytes_max)
    except TooManyBytes as too_many:
        raise Unreadable(f"The body is over {bytes_max} bytes.") from too_many
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as unreadable:
        raise Unreadable("The body must be a JSON object of plain Unicode text.") from unreadable


def read_fields(given: dict[str, Any], shape: type[T]) -> T:
    """Raises `Wrong`."""
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError as invalid:
        raise Wrong(str(invalid), is_missing=_MISSING in str(invalid)) from invalid
