"""How errors reach a client: refusals as data in mutations, coded request errors, internal ones masked."""

import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError

from kefu.api import define
from kefu.domain.refusals import Declined, Refusal, RefusalCode
from kefu.store.port import Conflict, OutcomeUnknown, Throttled

log = logging.getLogger("kefu.api")

UNAVAILABLE = "UNAVAILABLE"

P = ParamSpec("P")
T = TypeVar("T")


class CodedError(Exception):
    """A request that cannot be carried out; told to the client with its code."""

    code = "BAD_USER_INPUT"


class BadUserInput(CodedError):
    pass


class SubscriptionOverHttp(CodedError):
    code = "BAD_REQUEST"


class Unauthenticated(CodedError):
    code = "UNAUTHENTICATED"


class Forbidden(CodedError):
    code = "FORBIDDEN"


class CursorExpired(CodedError):
    code = "CURSOR_EXPIRED"


@define.type(description="Something understood and declined: what it was, what to do, and where in the input.")
class UserError:
    code: RefusalCode = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="For people: what is wrong and what to do.")
    field: list[str] | None = strawberry.field(description="Path of the input field at fault, if one is.")

    @classmethod
    def of(cls, refusal: Refusal) -> "UserError":
        field = ["input", *refusal.field] if refusal.field else None
        return cls(code=refusal.code, message=refusal.message, field=field)


def refusals_as_data(
    payload: Callable[..., T],
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """A mutation whose refusals become the `userErrors` of an otherwise empty `payload`."""

    def wrap(mutate: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(mutate)
        async def answer(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return await mutate(*args, **kwargs)
            except Refusal as refusal:
                return payload(user_errors=[UserError.of(refusal)])

        return answer

    return wrap


def code_errors(errors: list[GraphQLError], request_id: str) -> None:
    """Gives every error its code, in place; what is ours to mend is masked and logged."""
    for error in errors:
        code = _code_of(error)
        if code == UNAVAILABLE:
            log.warning("request %s was not answered by the store", request_id, exc_info=error.original_error)
            error.message = (
                "The store did not answer in time: this was done or not. Send it again; "
                "with the same clientMutationKey or clientMessageId it is done once."
            )
        if code is None:
            log.error("request %s failed", request_id, exc_info=error.original_error)
            error.message = f"Something went wrong on our side. Quote request {request_id} when you report it."
            code = "INTERNAL_SERVER_ERROR"
        error.extensions = {**(error.extensions or {}), "code": code}


def _code_of(error: GraphQLError) -> str | None:
    """The code for the client; None for a fault of ours."""
    match error.original_error:
        case CodedError() as coded:
            return coded.code
        case Declined(code=RefusalCode.NOT_ALLOWED):
            return "FORBIDDEN"
        case Refusal():
            return "BAD_USER_INPUT"
        case Throttled() | OutcomeUnknown() | Conflict():
            return UNAVAILABLE
        case None | GraphQLError():
            return _code_of_request(error)
    return None


def _code_of_request(error: GraphQLError) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    return "BAD_USER_INPUT" if error.message.startswith("Variable ") else "GRAPHQL_VALIDATION_FAILED"


def error_body(message: str, code: str) -> dict[str, Any]:
    """The body of a request that never became an operation."""
    return {"errors": [{"message": message, "extensions": {"code": code}}]}
