import pytest

from kefu.domain.chains import chain_from, cycle_through
from kefu.domain.directory import Directory
from kefu.domain.skill_group import SkillGroup

CYCLES: dict[str, tuple[dict[str, str], str]] = {
    "none": ({"a": "", "b": ""}, ""),
    "a to b": ({"a": "b", "b": ""}, ""),
    "a to itself": ({"a": "a"}, "aa"),
    "a to b and back": ({"a": "b", "b": "a"}, "aba"),
    "a to b to c and back": ({"a": "b", "b": "c", "c": "a"}, "abca"),
    "b and c in a circle without a": ({"a": "b", "b": "c", "c": "b"}, ""),
    "two ways to one end": ({"a": "bc", "b": "d", "c": "d", "d": ""}, ""),
    "to a group that is gone": ({"a": "x"}, ""),
}

CHAINS: dict[str, tuple[dict[str, str], str, str, str]] = {
    "no chain": ({"a": ""}, "a", "", ""),
    "in the order named": ({"a": "bc", "b": "", "c": ""}, "a", "", "bc"),
    "down before across": ({"a": "bc", "b": "d", "c": "", "d": ""}, "a", "", "bdc"),
    "back over the group it came from": ({"a": "bc", "b": "", "c": ""}, "b", "a", "c"),
    "never into a group it left": ({"a": "b", "b": "a"}, "b", "a", ""),
    "past a group that is removed": ({"a": "xb", "b": ""}, "a", "", "b"),
    "eight at most": ({c: chr(ord(c) + 1) for c in "abcdefghijk"} | {"l": ""}, "a", "", "bcdefghi"),
}


def groups_of(chains: dict[str, str]) -> dict[str, SkillGroup]:
    return {name: SkillGroup(id=name, name=name, overflow_groups=tuple(to)) for name, to in chains.items()}


@pytest.mark.parametrize(("chains", "circle"), CYCLES.values(), ids=CYCLES)
def test_a_chain_that_leads_back_is_named(chains: dict[str, str], circle: str) -> None:
    assert "".join(cycle_through(groups_of(chains), "a")) == circle


@pytest.mark.parametrize(("chains", "start", "left", "ahead"), CHAINS.values(), ids=CHAINS)
def test_a_chain_is_walked(chains: dict[str, str], start: str, left: str, ahead: str) -> None:
    found = chain_from(Directory(groups=groups_of(chains)), start, tuple(left))
    assert "".join(group.id for group in found) == ahead
