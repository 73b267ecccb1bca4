"""Groups, rules, sources and settings. Every change moves the directory's head, so they come one by one."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.access import require_staff
from kefu.desk.attempts import attempt, commit
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.input import named
from kefu.desk.looking import look_at_line
from kefu.desk.once import attempt_once, mark
from kefu.domain.bounds import GROUPS_PER_TENANT_MAX, LINE_COUNT_MAX, OVERFLOW_HOPS_MAX
from kefu.domain.chains import chain_from, cycle_through
from kefu.domain.decision import DispatchTrigger
from kefu.domain.directory import BusinessSource, Directory, RoutingRule
from kefu.domain.line import group_line
from kefu.domain.refusals import Declined, Invalid, NotFound, RefusalCode
from kefu.domain.skill_group import BUILT_IN, SkillGroup
from kefu.domain.working_hours import WorkingHours
from kefu.records import directories, sessions
from kefu.records.codec import Codec
from kefu.store.port import Write


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupChange:
    """What is None stays as it is; without an id a new group is made."""

    id: str | None = None
    name: str
    overflow_groups: tuple[str, ...] | None = None
    overflow_after_ms: int | None = None
    queue_length_max: int | None = None
    working_hours: WorkingHours | None = None
    has_tenants_hours: bool = False
    """Takes the group's own hours away."""
    waits_without_end: bool = False
    """Nobody overflows by time any more."""
    has_no_limit: bool = False
    """As many as come may wait from now on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryChanged:
    name: str
    """Of what was saved or deleted: a group's id, a rule's flag."""


_results = Codec(DirectoryChanged)


async def save_group(desk: Desk, call: Call, change: GroupChange) -> DirectoryChanged:
    """Raises `Invalid`, `NotFound`, or `Declined` with SKILL_GROUP_NAME_TAKEN or OVERFLOW_CYCLE."""
    named(change.name, "name")
    if not 0 <= (change.queue_length_max or 0) <= LINE_COUNT_MAX:
        raise Invalid(f"queueLengthMax must lie between 0 and {LINE_COUNT_MAX}.", "queueLengthMax")
    if (change.overflow_after_ms or 0) < 0:
        raise Invalid("overflowAfter must not be negative.", "overflowAfter")
    if len(change.overflow_groups or ()) > OVERFLOW_HOPS_MAX:
        raise Invalid(f"At most {OVERFLOW_HOPS_MAX} groups take over from one.", "overflowGroupIds")

    async def save(directory: Directory) -> tuple[str, list[Write]]:
        group = _changed_group(desk, directory, change)
        return group.id, [directories.write_group(call.tenant, group)]

    changed = await change_directory(desk, call, save)
    if change.id is not None:
        await _look_along_chain(desk, call.tenant, change.id)
    return changed


async def _look_along_chain(desk: Desk, tenant: str, group_id: str) -> None:
    """Who waits in the group, or came from it by the chain as it was, may have somewhere to go on to now."""
    before = desk.directories.last_known(tenant)
    after = (await attempt(desk, lambda desk, _: desk.directories.load(desk.store, tenant))).directory
    ahead = dict.fromkeys(each.id for known in (before, after) if known for each in chain_from(known, group_id))
    for group in (group_id, *ahead):
        await look_at_line(desk, tenant, group_line(group), DispatchTrigger.LOOK)


async def delete_group(desk: Desk, call: Call, group_id: str) -> DirectoryChanged:
    """Raises `NotFound`, or `Declined` with SKILL_GROUP_IN_USE while agents, rules, chains or visitors need it."""

    async def delete(directory: Directory) -> tuple[str, list[Write]]:
        if group_id not in directory.groups:
            raise group_not_found("id")
        if await sessions.first_in_line(desk.store, call.tenant, group_line(group_id)):
            raise _in_use("visitors wait in its queue")
        if use := _use_of(directory, group_id):
            raise _in_use(use)
        return group_id, [directories.delete_group(call.tenant, group_id)]

    changed = await change_directory(desk, call, delete)
    await look_at_line(desk, call.tenant, group_line(group_id), DispatchTrigger.SKILL_GROUP_REMOVED)
    return changed


async def save_rule(desk: Desk, call: Call, rule: RoutingRule) -> DirectoryChanged:
    named(rule.routing_rule_flag, "routingRuleFlag")

    async def save(directory: Directory) -> tuple[str, list[Write]]:
        if directory.group(rule.skill_group) is None:
            raise group_not_found("skillGroupId")
        return rule.routing_rule_flag, [directories.write_rule(call.tenant, rule)]

    return await change_directory(desk, call, save)


async def delete_rule(desk: Desk, call: Call, flag: str) -> DirectoryChanged:
    async def delete(directory: Directory) -> tuple[str, list[Write]]:
        if flag not in directory.rules:
            raise NotFound(
                RefusalCode.ROUTING_RULE_NOT_FOUND, "No rule maps this flag. Check its spelling.", "routingRuleFlag"
            )
        return flag, [directories.delete_rule(call.tenant, flag)]

    return await change_directory(desk, call, delete)


async def save_source(desk: Desk, call: Call, source: BusinessSource) -> DirectoryChanged:
    if (source.business_flag is None) == (source.channel is None):
        raise Invalid("Name either businessFlag or channel, one of the two.", "businessFlag")
    if source.business_flag is not None:
        named(source.business_flag, "businessFlag")

    async def save(_directory: Directory) -> tuple[str, list[Write]]:
        name = source.business_flag or str(source.channel)
        return name, [directories.write_source(call.tenant, source)]

    return await change_directory(desk, call, save)


async def change_directory(
    desk: Desk, call: Call, change: Callable[[Directory], Awaitable[tuple[str, list[Write]]]]
) -> DirectoryChanged:
    """One change of the directory: `change` gets what it is now and names what it changed, with the writes."""
    require_staff(call.by)

    async def step(desk: Desk, _lost: int) -> DirectoryChanged:
        loaded = await desk.directories.load(desk.store, call.tenant)
        name, writes = await change(loaded.directory)
        changed = DirectoryChanged(name=name)
        head = directories.write_head(call.tenant, loaded)
        await commit(desk, [*writes, head, *mark(call, _results, changed, desk.clock.now())])
        return changed

    changed, _ = await attempt_once(desk, call, _results, step)
    return changed


def _changed_group(desk: Desk, directory: Directory, change: GroupChange) -> SkillGroup:
    if change.id is not None and change.id not in directory.groups:
        raise group_not_found("id")
    if change.id is None and len(directory.groups) >= GROUPS_PER_TENANT_MAX:
        raise Invalid(f"A tenant has at most {GROUPS_PER_TENANT_MAX} groups.", "name")
    homonym = directory.group_named(change.name)
    if change.name == BUILT_IN.name or (homonym and homonym.id != change.id):
        raise Declined(
            RefusalCode.SKILL_GROUP_NAME_TAKEN, f"Another group is called {change.name}. Choose another name.", "name"
        )
    known = directory.groups[change.id] if change.id else SkillGroup(id=desk.new_id(desk.clock.now()), name="")
    group = replace(
        known,
        name=change.name,
        overflow_groups=known.overflow_groups if change.overflow_groups is None else change.overflow_groups,
        working_hours=None if change.has_tenants_hours else change.working_hours or known.working_hours,
        overflow_after_ms=_limit(known.overflow_after_ms, change.overflow_after_ms, is_off=change.waits_without_end),
        queue_length_max=_limit(known.queue_length_max, change.queue_length_max, is_off=change.has_no_limit),
    )
    _require_overflow(directory, group)
    return group


def _limit(known: int | None, given: int | None, *, is_off: bool) -> int | None:
    return None if is_off else known if given is None else given


def _require_overflow(directory: Directory, group: SkillGroup) -> None:
    if any(directory.group(each) is None for each in group.overflow_groups):
        raise group_not_found("overflowGroupIds")
    groups = {**directory.groups, group.id: group}
    if circle := cycle_through(groups, group.id):
        named = " → ".join(groups[each].name if each in groups else BUILT_IN.name for each in circle)
        raise Declined(
            RefusalCode.OVERFLOW_CYCLE,
            f"The overflow chain would lead back to this group: {named}. Leave out the group that closes the circle.",
            "overflowGroupIds",
        )


def _use_of(directory: Directory, group_id: str) -> str | None:
    if directory.profiles.get(group_id):
        return "agents belong to it"
    if any(rule.skill_group == group_id for rule in directory.rules.values()):
        return "a routing rule leads to it"
    if any(group_id in group.overflow_groups for group in directory.groups.values()):
        return "another group overflows to it"
    if any(channel.skill_group == group_id for channel in directory.settings.channels):
        return "a channel enters by it"
    return None


def _in_use(why: str) -> Declined:
    return Declined(RefusalCode.SKILL_GROUP_IN_USE, f"The group cannot be deleted: {why}. Change that first.", "id")


def group_not_found(field: str) -> NotFound:
    return NotFound(
        RefusalCode.SKILL_GROUP_NOT_FOUND, "There is no such skill group. Use an id as skillGroups gives it.", field
    )
