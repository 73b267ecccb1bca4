import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.node_ids import encode_id, parts_of
from kefu.api.scalars import Duration
from kefu.api.types.node import Node
from kefu.api.types.working_hours import WorkingHours
from kefu.domain import skill_group as domain
from kefu.domain.refusals import NotFound, RefusalCode


@define.type(description="Agents who can serve one kind of request; owns one queue.")
class SkillGroup(Node):
    value: strawberry.Private[domain.SkillGroup]
    name: str = strawberry.field(description="Unique in the tenant; `queueName` must equal it exactly.")
    overflow_after: Duration | None = strawberry.field(description="How long the head waits before it overflows.")
    queue_length_max: int | None = strawberry.field(description="How many may wait; null means no limit.")
    working_hours: WorkingHours | None = strawberry.field(description="Its own, which go before the tenant's.")
    is_default: bool = strawberry.field(description="Whether it is the built-in group of agents in no other.")

    @classmethod
    def of(cls, value: domain.SkillGroup, tenant: str) -> "SkillGroup":
        return cls(
            id=strawberry.ID(encode_id("SkillGroup", tenant, value.id)),
            value=value,
            name=value.name,
            overflow_after=None if value.overflow_after_ms is None else Duration(value.overflow_after_ms),
            queue_length_max=value.queue_length_max,
            working_hours=WorkingHours.of(value.working_hours),
            is_default=value.id == domain.DEFAULT_GROUP,
        )

    @strawberry.field(description="The groups that take over, in order.")
    async def overflow_groups(self, info: Info) -> list["SkillGroup"]:
        groups = [await load_group(info, group) for group in self.value.overflow_groups]
        return [group for group in groups if group]


async def load_group(info: Info, group_id: str | None) -> SkillGroup | None:
    context = info.context
    directory = (await context.desk.directories.load(context.desk.store, context.tenant)).directory
    group = directory.group(group_id)
    return SkillGroup.of(group, context.tenant) if group else None


def group_id_of(info: Info, node_id: str, field: str) -> str:
    """The group behind a node id. Raises `NotFound`."""
    parts = parts_of(node_id, "SkillGroup", info.context.tenant)
    if not parts:
        raise NotFound(
            RefusalCode.SKILL_GROUP_NOT_FOUND, "There is no such skill group. Use an id as skillGroups gives it.", field
        )
    return parts[0]
