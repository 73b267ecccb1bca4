from collections.abc import Mapping

from kefu.dataclass import dataclass

DEFAULT_GROUP = "default"
"""Id of the built-in group whose members are the agents in no other group."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SkillGroup:
    id: str
    name: str
    overflow_groups: tuple[str, ...] = ()
    """Ids of the groups that take over, in order."""
    overflow_after_ms: int | None = None
    queue_length_max: int | None = None


BUILT_IN = SkillGroup(id=DEFAULT_GROUP, name="default")


def overflow_cycle(groups: Mapping[str, SkillGroup], start: str) -> bool:
    """Whether following overflow groups from `start` can lead back to it."""
    reached, ahead = set[str](), [start]
    while ahead:
        for group in groups[found].overflow_groups if (found := ahead.pop()) in groups else ():
            if group == start:
                return True
            if group not in reached:
                reached.add(group)
                ahead.append(group)
    return False
