"""What a subscribe asks for, as it is kept: its topic, and the words that those who want the same have in common."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, TypeVar

import msgspec
from graphql import (
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    get_operation_ast,
    parse,
    visit,
)

from kefu.api.operations import Failed, outcomes
from kefu.api.schema import TOKENS_MAX
from kefu.dataclass import dataclass
from kefu.desk.call import Caller
from kefu.domain.instants import Instant
from kefu.feed.interest import Interest
from kefu.feed.replay import resumed
from kefu.gateway import registry
from kefu.gateway.gateway import Gateway
from kefu.realtime.actions import Start
from kefu.store.port import Store

N = TypeVar("N")

_AFTER = "after"


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    topic: str
    variables: str
    after: str | None


class _Registrar:
    """A follower that tells nothing: it hears what is asked for."""

    def __init__(self, now: Instant) -> None:
        self._now = now
        self.topic: str | None = None
        self.after: str | None = None

    async def __call__(
        self, _store: Store, _tenant: str, interest: Interest[N], after: str | None
    ) -> AsyncGenerator[N, None]:
        if after is not None:
            resumed(after, self._now)
        self.topic, self.after = interest.topic, after
        nothing: tuple[N, ...] = ()
        for each in nothing:
            yield each


async def register(
    gateway: Gateway, caller: Caller | None, token_ends_at: Instant | None, start: Start
) -> Registration | Failed:
    """Held against the schema and against what the caller may follow; nothing is written."""
    registrar = _Registrar(gateway.desk.clock.now())
    context = gateway.context(caller, token_ends_at, registrar)
    async with aclosing(outcomes(gateway.schema, context, start)) as told:
        async for outcome in told:
            if isinstance(outcome, Failed):
                return outcome
    if registrar.topic is None:
        raise RuntimeError("a subscription told nothing and followed nothing")
    if not await registry.has_room(gateway.desk.store, context.by, registrar.topic):
        return Failed([_TOO_MANY])
    return Registration(topic=registrar.topic, variables=_shared_variables(start), after=registrar.after)


def _shared_variables(start: Start) -> str:
    """The variables without the cursor, which is each subscriber's own."""
    variables: dict[str, Any] = dict(start.variables or {})
    name = _name_of_cursor(start)
    if name in variables:
        variables[name] = ""
    return msgspec.json.encode(variables, order="sorted").decode()


def _name_of_cursor(start: Start) -> str | None:
    """The variable that is the field's cursor and nothing else."""
    operation = get_operation_ast(parse(start.query, max_tokens=TOKENS_MAX), start.operation_name)
    uses = _uses_of_variables(operation) if operation else []
    for field in operation.selection_set.selections if operation else ():
        for argument in getattr(field, "arguments", None) or ():
            if argument.name.value == _AFTER and isinstance(argument.value, VariableNode):
                name = argument.value.name.value
                return name if uses.count(name) == 1 else None
    return None


def _uses_of_variables(operation: OperationDefinitionNode) -> list[str]:
    uses: list[str] = []

    class Uses(Visitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            uses.append(node.name.value)

        def enter_variable_definition(self, *_: Any) -> Any:
            return False  # what it declares is no use of it

    visit(operation, Uses())
    return uses


_TOO_MANY = {
    "message": "Too many subscriptions follow the same already. Complete one, or follow something narrower.",
    "extensions": {"code": "TOO_MANY_SUBSCRIPTIONS"},
}
