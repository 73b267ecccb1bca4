"""What lies in a store: domain values without the fields that stand at their defaults.

An item is billed by the started kilobyte, and most of a session's or an agent's fields stand at their defaults.
"""

import dataclasses
import functools
import types
import typing
from typing import Any

import msgspec


def lean_type(of: Any) -> Any:
    """`of` with every dataclass in it, at any depth, replaced by a struct that leaves defaults out when encoded."""
    if dataclasses.is_dataclass(of):
        return _lean_struct(typing.cast("type", of))
    arguments = typing.get_args(of)
    if not arguments:
        return of
    lean = tuple(each if each is Ellipsis else lean_type(each) for each in arguments)
    origin = typing.get_origin(of)
    return typing.Union[lean] if origin is types.UnionType else origin[lean]  # noqa: UP007  no operator builds one of many


@functools.cache
def _lean_struct(of: type) -> type[msgspec.Struct]:
    hints = typing.get_type_hints(of)
    fields = [(field.name, lean_type(hints[field.name]), _default(field)) for field in dataclasses.fields(of)]
    return msgspec.defstruct(of.__name__, fields, omit_defaults=True, kw_only=True)


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return msgspec.field(default_factory=field.default_factory)
    return msgspec.NODEFAULT
