"""Strawberry's `type`, `input` and `interface` over our data class: half the cost of each definition at a cold start.

Strawberry names no way to say so: two of its names here are private. A release that moves them breaks every import.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from strawberry import input as input  # noqa: A004, PLC0414  so it is exported
    from strawberry import interface as interface  # noqa: PLC0414
    from strawberry import type as type  # noqa: A004, PLC0414
else:
    from strawberry.types.object_type import _check_field_annotations, _process_type

    from kefu.dataclass import dataclass

    def type(**options: Any) -> Callable[[Any], Any]:  # noqa: A001  as GraphQL calls it
        def define(cls: Any) -> Any:
            resolved = _check_field_annotations(cls)
            made = dataclass(kw_only=True, slots=False)(cls)
            for name in resolved:  # annotated for the data class alone
                del made.__annotations__[name]
            return _process_type(made, **options)

        return define

    def input(**options: Any) -> Callable[[Any], Any]:  # noqa: A001  as above
        return type(is_input=True, **options)

    def interface(**options: Any) -> Callable[[Any], Any]:
        return type(is_interface=True, **options)
