import pytest

from kefu.domain.skill_group import SkillGroup, overflow_cycle

CHAINS: dict[str, tuple[dict[str, str], bool]] = {
    "none": ({"a": "", "b": ""}, False),
    "a to b": ({"a": "b", "b": ""}, False),
    "a to itself": ({"a": "a"}, True),
    "a to b and back": ({"a": "b", "b": "a"}, True),
    "a to b to c and back": ({"a": "b", "b": "c", "c": "a"}, True),
    "b and c in a circle without a": ({"a": "b", "b": "c", "c": "b"}, False),
    "two ways to one end": ({"a": "bc", "b": "d", "c": "d", "d": ""}, False),
    "to a group that is gone": ({"a": "x"}, False),
}


@pytest.mark.parametrize(("chains", "leads_back"), CHAINS.values(), ids=CHAINS)
def test_a_chain_that_leads_back_is_a_cycle(chains: dict[str, str], leads_back: bool) -> None:  # noqa: FBT001  a table's column
    groups = {name: SkillGroup(id=name, name=name, overflow_groups=tuple(to)) for name, to in chains.items()}
    assert overflow_cycle(groups, "a") is leads_back
