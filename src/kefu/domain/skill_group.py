from kefu.dataclass import dataclass
from kefu.domain.working_hours import WorkingHours

DEFAULT_GROUP = "default"
"""Id of the built-in group whose members are the agents in no other group."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SkillGroup:
    id: str
    name: str
    overflow_groups: tuple[str, ...] = ()
    """Ids of the groups that take over, in order."""
    overflow_after_ms: int | None = None
    """How long the head of the queue waits before it goes to the next group."""
    queue_length_max: int | None = None
    """How many wait at most; whoever comes then goes to the next group, or is declined."""
    working_hours: WorkingHours | None = None
    """None: the tenant's."""


BUILT_IN = SkillGroup(id=DEFAULT_GROUP, name="default")
