"""How deep an `ext` may be."""

from typing import Any

import pytest

from kefu.desk.input import json_object
from kefu.domain.bounds import EXT_DEPTH_MAX
from kefu.domain.refusals import Invalid


def nested(levels: int, *, in_lists: bool = False) -> dict[str, Any]:
    """An object with so many levels in all."""
    inner: Any = [] if in_lists else {}
    for _ in range(levels - 2):
        inner = [inner] if in_lists else {"a": inner}
    return {"a": inner}


@pytest.mark.parametrize("in_lists", [False, True])
def test_as_deep_as_the_bound_is_right(*, in_lists: bool) -> None:
    value = nested(EXT_DEPTH_MAX, in_lists=in_lists)
    assert json_object(value, "ext") is value


@pytest.mark.parametrize("in_lists", [False, True])
@pytest.mark.parametrize("levels", [EXT_DEPTH_MAX + 1, 900])
def test_deeper_is_refused(levels: int, *, in_lists: bool) -> None:
    with pytest.raises(Invalid, match="nests deeper"):
        json_object(nested(levels, in_lists=in_lists), "ext")
