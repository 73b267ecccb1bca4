from typing import Annotated

import strawberry

from kefu.api.context import Info
from kefu.api.errors import Forbidden
from kefu.api.pagination import After, Connection, First, Window, connect, cut, window
from kefu.api.types.queue import Queue, groups_seen
from kefu.api.types.skill_group import SkillGroup, group_id_of
from kefu.desk.call import Role
from kefu.domain.line import group_line
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.domain.skill_group import SkillGroup as GroupValue

GroupIds = Annotated[
    list[strawberry.ID] | None, strawberry.argument(description="Of these groups; left out means all.")
]


async def list_skill_groups(info: Info, first: First = None, after: After = None) -> Connection[SkillGroup]:
    """The built-in default group first, then by name."""
    context = info.context
    if context.by.role is Role.VISITOR:
        raise Forbidden("A visitor's token does not see skill groups.")
    directory = (await context.desk.directories.load(context.desk.store, context.tenant)).directory
    named = sorted(directory.groups.values(), key=_place)
    default = directory.group(DEFAULT_GROUP)
    whole = [default, *named] if default else named

    async def fetch(asked: Window) -> tuple[list[GroupValue], bool]:
        return cut(whole, asked, _place)

    return await connect(
        window("groups", first, after), fetch, place=_place, node=lambda group: SkillGroup.of(group, context.tenant)
    )


async def list_queues(info: Info, skill_group_ids: GroupIds = None) -> list[Queue]:
    """The queues that the token may see: staff all, an agent those of his groups."""
    seen = await groups_seen(info)
    asked = seen if skill_group_ids is None else [group_id_of(info, each, "skillGroupIds") for each in skill_group_ids]
    return [Queue.of(group_line(group), info.context.tenant) for group in asked if group in seen]


def _place(group: GroupValue) -> str:
    return "" if group.id == DEFAULT_GROUP else f"{group.name}#{group.id}"
