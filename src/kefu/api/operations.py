"""One operation of a socket, executed: what it tells, result by result."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeAlias

from graphql import GraphQLError, get_operation_ast, parse
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from kefu.api.context import Context
from kefu.api.errors import code_errors, error_body
from kefu.api.schema import TOKENS_MAX, KefuSchema
from kefu.dataclass import dataclass
from kefu.realtime.actions import Start

_SINGLE_RESULT = (OperationType.QUERY, OperationType.MUTATION)


@dataclass(frozen=True, slots=True)
class Next:
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """The operation ends with errors of its own, not of one result."""

    errors: list[Any]


Outcome: TypeAlias = Next | Failed


async def outcomes(schema: KefuSchema, context: Context, start: Start) -> AsyncGenerator[Outcome, None]:
    """What to tell, in order; nothing comes behind a `Failed`. Faults of ours are masked and logged."""
    try:
        async with aclosing(_results(schema, context, start)) as results:
            async for result in results:
                errors = [error.formatted for error in result.errors or ()]
                if _is_of_the_operation(result):
                    yield Failed(errors)
                    return
                yield Next({"data": result.data} | ({"errors": errors} if errors else {}))
    except (MissingQueryError, CannotGetOperationTypeError) as unclear:
        yield Failed(error_body(_what_is_unclear(unclear), "BAD_REQUEST")["errors"])
    except Exception as fault:  # noqa: BLE001  masked and logged as over HTTP; the socket's other operations go on
        yield failed_by(fault, context)


def is_subscription(start: Start) -> bool:
    """Whether it is well-formed enough to be one."""
    try:
        operation = get_operation_ast(parse(start.query, max_tokens=TOKENS_MAX), start.operation_name)
    except GraphQLError:
        return False
    return operation is not None and operation.operation.value == OperationType.SUBSCRIPTION.value


def failed_by(fault: Exception, context: Context) -> Failed:
    error = GraphQLError(str(fault), original_error=fault)
    code_errors([error], context.request_id)
    return Failed([error.formatted])


async def _results(schema: KefuSchema, context: Context, start: Start) -> AsyncGenerator[ExecutionResult, None]:
    asked: dict[str, Any] = {
        "query": start.query,
        "variable_values": start.variables,
        "context_value": replace(context),  # what one operation has read is not the next one's
        "operation_name": start.operation_name,
        "operation_extensions": start.extensions,
    }
    try:
        single = await schema.execute(**asked, allowed_operation_types=_SINGLE_RESULT)
    except InvalidOperationTypeError:
        single = None
    if single is not None:
        yield single
        return
    async with aclosing(await schema.subscribe(**asked)) as results:
        async for result in results:
            yield result


def _is_of_the_operation(result: ExecutionResult) -> bool:
    """No field failed, so the operation did: refused before its start, or the source of its events broke off."""
    if isinstance(result, PreExecutionError):
        return True
    return result.data is None and not any(error.path for error in result.errors or ())


def _what_is_unclear(unclear: MissingQueryError | CannotGetOperationTypeError) -> str:
    if isinstance(unclear, MissingQueryError):
        return "The operation is empty. Send its text as `query`."
    if unclear.operation_name is None:
        return "The document holds no operation. Send one as `query`."
    return f'The document holds no operation named "{unclear.operation_name}". Name one that is there.'
