"""The table row that says how a call of the page is made and answered."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from kefu.dataclass import dataclass
from kefu.domain.bounds import REQUEST_BYTES_MAX
from kefu.wire.huawei.answers import FAILED, WRONG, Answer
from kefu.wire.huawei.visit import Visit

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class WebCall(Generic[T]):
    """How one call is made: its fields are `asked`, of the body or, where it is a GET, of the query."""

    asked: type[T]
    reply: Callable[[Visit, T], Awaitable[Answer]]
    method: str = "POST"
    missing: str = WRONG
    """The code for a field that is not there."""
    wrong: str = WRONG
    """The code for a field that is not what it must be."""
    failed: str = FAILED
    """The code for what the desk declines."""
    body_bytes_max: int = REQUEST_BYTES_MAX
    has_return_code: bool = False


AnyWebCall = WebCall[Any]
