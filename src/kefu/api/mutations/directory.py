from typing import Annotated

import strawberry
from strawberry.types.unset import UNSET

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.mutations.message import KEY
from kefu.api.scalars import Duration
from kefu.api.types.directory import BusinessSource, RoutingRule
from kefu.api.types.skill_group import SkillGroup, group_id_of, load_group
from kefu.api.types.working_hours import WorkingHoursInput
from kefu.desk.directory import GroupChange, delete_group, delete_rule, save_group, save_rule, save_source
from kefu.domain import directory as domain
from kefu.domain.channel import Channel


@define.input(description="A skill group to make or change; what is left out stays as it is.")
class SkillGroupSaveInput:
    id: strawberry.ID | None = strawberry.field(default=None, description="Which to change; left out makes a new one.")
    name: str = strawberry.field(description="Its name, unique in the tenant.")
    overflow_group_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The groups that take over, in order."
    )
    overflow_after: Duration | None = strawberry.field(
        default=UNSET, description="How long the head waits before it overflows; null for as long as it takes."
    )
    queue_length_max: int | None = strawberry.field(
        default=UNSET,
        description="How many may wait: one more goes to the next group, or is declined. At most 1000; null for no limit.",
    )
    working_hours: WorkingHoursInput | None = strawberry.field(default=None, description="Its own working hours.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class SkillGroupSavePayload:
    skill_group: SkillGroup | None = strawberry.field(default=None, description="The group as it is now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="A skill group to delete.")
class SkillGroupDeleteInput:
    id: strawberry.ID = strawberry.field(description="The group.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class SkillGroupDeletePayload:
    deleted_skill_group_id: strawberry.ID | None = strawberry.field(default=None, description="Which is gone.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="A routing rule to make or change.")
class RoutingRuleSaveInput:
    routing_rule_flag: str = strawberry.field(description="The flag that messages carry, compared exactly.")
    skill_group_id: strawberry.ID = strawberry.field(description="The group it leads to.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class RoutingRuleSavePayload:
    routing_rule: RoutingRule | None = strawberry.field(default=None, description="The rule as it is now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="A routing rule to delete.")
class RoutingRuleDeleteInput:
    routing_rule_flag: str = strawberry.field(description="Its flag.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class RoutingRuleDeletePayload:
    deleted_routing_rule_flag: str | None = strawberry.field(default=None, description="Which is gone.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="For a businessFlag or for a channel, one of the two: what goes first.")
class BusinessSourceSaveInput:
    business_flag: str | None = strawberry.field(default=None, description="For messages with this flag.")
    channel: Channel | None = strawberry.field(default=None, description="For messages from this channel.")
    precedence: domain.Precedence = strawberry.field(description="What goes first.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class BusinessSourceSavePayload:
    business_source: BusinessSource | None = strawberry.field(default=None, description="The source as it is now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


GroupSave = Annotated[SkillGroupSaveInput, strawberry.argument(description="The group.")]
GroupDelete = Annotated[SkillGroupDeleteInput, strawberry.argument(description="Which group.")]
RuleSave = Annotated[RoutingRuleSaveInput, strawberry.argument(description="The rule.")]
RuleDelete = Annotated[RoutingRuleDeleteInput, strawberry.argument(description="Which rule.")]
SourceSave = Annotated[BusinessSourceSaveInput, strawberry.argument(description="The source.")]


@refusals_as_data(SkillGroupSavePayload)
async def skill_group_save(info: Info, input: GroupSave) -> SkillGroupSavePayload:  # noqa: A002  the contract's name
    overflow = input.overflow_group_ids
    hours = input.working_hours.read() if input.working_hours else None
    change = GroupChange(
        id=group_id_of(info, input.id, "id") if input.id is not None else None,
        name=input.name,
        overflow_groups=(
            None if overflow is None else tuple(group_id_of(info, each, "overflowGroupIds") for each in overflow)
        ),
        overflow_after_ms=input.overflow_after if input.overflow_after is not UNSET else None,
        queue_length_max=input.queue_length_max if input.queue_length_max is not UNSET else None,
        waits_without_end=input.overflow_after is None,
        has_no_limit=input.queue_length_max is None,
        working_hours=hours,
        has_tenants_hours=input.working_hours is not None and hours is None,
    )
    done = await save_group(info.context.desk, info.context.call("skillGroupSave", input), change)
    return SkillGroupSavePayload(skill_group=await load_group(info, done.name))


@refusals_as_data(SkillGroupDeletePayload)
async def skill_group_delete(info: Info, input: GroupDelete) -> SkillGroupDeletePayload:  # noqa: A002  as above
    group = group_id_of(info, input.id, "id")
    await delete_group(info.context.desk, info.context.call("skillGroupDelete", input), group)
    return SkillGroupDeletePayload(deleted_skill_group_id=input.id)


@refusals_as_data(RoutingRuleSavePayload)
async def routing_rule_save(info: Info, input: RuleSave) -> RoutingRuleSavePayload:  # noqa: A002  as above
    group = group_id_of(info, input.skill_group_id, "skillGroupId")
    rule = domain.RoutingRule(routing_rule_flag=input.routing_rule_flag, skill_group=group)
    await save_rule(info.context.desk, info.context.call("routingRuleSave", input), rule)
    return RoutingRuleSavePayload(routing_rule=RoutingRule.of(rule))


@refusals_as_data(RoutingRuleDeletePayload)
async def routing_rule_delete(info: Info, input: RuleDelete) -> RoutingRuleDeletePayload:  # noqa: A002  as above
    call = info.context.call("routingRuleDelete", input)
    done = await delete_rule(info.context.desk, call, input.routing_rule_flag)
    return RoutingRuleDeletePayload(deleted_routing_rule_flag=done.name)


@refusals_as_data(BusinessSourceSavePayload)
async def business_source_save(info: Info, input: SourceSave) -> BusinessSourceSavePayload:  # noqa: A002  as above
    source = domain.BusinessSource(
        business_flag=input.business_flag, channel=input.channel, precedence=input.precedence
    )
    await save_source(info.context.desk, info.context.call("businessSourceSave", input), source)
    return BusinessSourceSavePayload(business_source=BusinessSource.of(source))
