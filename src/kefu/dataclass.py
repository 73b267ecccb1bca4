"""`dataclass` as the standard library has it, but a method is compiled when it is first called.

The library compiles up to six for each class that is defined. That was a fifth of a cold start on Lambda, where a container
calls those of few classes.
"""

import dataclasses
from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414  so it is exported
else:

    def dataclass(
        *, slots: bool, frozen: bool = False, kw_only: bool = False, eq: bool = True
    ) -> Callable[[type], type]:
        """With the options that are used here. No class that it decorates writes one of these methods itself."""

        def define(cls: type) -> type:
            cls.__doc__ = cls.__doc__ or cls.__name__  # or the library would write the signature there, which is slow
            made = dataclasses.dataclass(**NO_METHOD, kw_only=kw_only, slots=slots)(cls)
            methods = {"__init__": {"init": True, "frozen": frozen}, "__repr__": {"repr": True}}
            if eq:
                made.__hash__ = None
                methods |= {"__eq__": {"eq": True}}
            if eq and frozen:
                methods |= {"__hash__": {"unsafe_hash": True}}
            for name, options in methods.items():
                setattr(made, name, _compiled_at_the_first_call(made, name, NO_METHOD | options))
            if frozen:
                _freeze(made)
            return made

        return define


NO_METHOD = {"init": False, "repr": False, "eq": False}


def _compiled_at_the_first_call(cls: type, name: str, options: Mapping[str, bool]) -> Callable[..., Any]:
    def first_call(self: object, *arguments: object, **named: object) -> Any:
        compiled = vars(dataclasses.dataclass(**options)(_undecorated(cls)))[name]
        setattr(cls, name, compiled)
        return compiled(self, *arguments, **named)

    return first_call


def _undecorated(cls: Any) -> type:
    """A class of the same fields, as `dataclass` takes it."""
    body: dict[str, Any] = {field.name: copy(field) for field in dataclasses.fields(cls)}
    body["__annotations__"] = dict.fromkeys(body, object)
    if hasattr(cls, "__post_init__"):
        body["__post_init__"] = cls.__post_init__
    return type(cls.__name__, (), body | {"__doc__": cls.__doc__})


def _freeze(cls: Any) -> None:
    cls.__setattr__, cls.__delattr__ = _refuse_to_set, _refuse_to_delete
    cls.__getstate__, cls.__setstate__ = _state, _take_state


def _refuse_to_set(_self: object, name: str, _value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:
    """For copies: what they would set is frozen."""
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _take_state(self: Any, state: list[object]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
