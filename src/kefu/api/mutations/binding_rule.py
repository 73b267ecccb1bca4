from dataclasses import replace
from datetime import datetime
from typing import Annotated, TypeVar, cast

import strawberry
from strawberry.scalars import JSON

from kefu.api import define
from kefu.api.context import Info, to_datetime
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.mutations.message import KEY
from kefu.api.queries.binding_rules import load_rules
from kefu.api.scalars import Duration
from kefu.api.types.binding_rule import BindingRule
from kefu.desk.binding_rules import delete_binding_rule, save_binding_rule
from kefu.domain import binding_rules as domain
from kefu.domain.refusals import Invalid

T = TypeVar("T")


@define.input(description="Asks something of a business event's attribute: equals or atLeast, one of the two.")
class BindingRuleConditionInput:
    attribute: str = strawberry.field(description="Which attribute, compared exactly.")
    equals: str | None = strawberry.field(
        default=None, description="Its value: a text, or a number or boolean as JSON writes it."
    )
    at_least: float | None = strawberry.field(
        default=None, description="The least that it must be; holds for numbers alone."
    )


@define.input(description="A binding rule to make or change; what is left out stays as it is.")
class BindingRuleSaveInput:
    name: str = strawberry.field(description="Names it; the rules on one event go in the order of their names.")
    event: domain.BindingRuleEvent | None = strawberry.field(default=None, description="On what. A new one needs it.")
    act: domain.BindingRuleAct | None = strawberry.field(default=None, description="What it does; BIND at first.")
    business_flag: str | None = strawberry.field(
        default=None, description="The flag of the binding; empty: the session's or business event's own, as at first."
    )
    expires_after: Duration | None = strawberry.field(
        default=None, description="How long its bindings last; PT0S: for good, as at first."
    )
    replaces_others: bool | None = strawberry.field(
        default=None, description="Whether a binding to another agent gives way; not at first."
    )
    agent_messages_min: int | None = strawberry.field(
        default=None, description="EFFECTIVE_RECEPTION: so many messages of agents; 1 at first."
    )
    closed_sessions_min: int | None = strawberry.field(
        default=None, description="REGULAR_CUSTOMER: so many closed sessions, this one too, up to 50; 3 at first."
    )
    within: Duration | None = strawberry.field(
        default=None, description="REGULAR_CUSTOMER: closed within this time, up to 366 days; 30 days at first."
    )
    stars_min: int | None = strawberry.field(default=None, description="RATED: so many stars; 5 at first.")
    event_name: str | None = strawberry.field(default=None, description="BUSINESS_EVENT, which needs it: which.")
    conditions: list[BindingRuleConditionInput] | None = strawberry.field(
        default=None, description="BUSINESS_EVENT: all of these must hold."
    )
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class BindingRuleSavePayload:
    binding_rule: BindingRule | None = strawberry.field(default=None, description="The rule as it is now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="A binding rule to delete; the bindings that it made stay.")
class BindingRuleDeleteInput:
    name: str = strawberry.field(description="Its name.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class BindingRuleDeletePayload:
    deleted_name: str | None = strawberry.field(default=None, description="Which is gone.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="Something of your own business that happened to a visitor: an order, a complaint.")
class BusinessEventRecordInput:
    name: str = strawberry.field(description="What happened, as your binding rules name it.")
    visitor_user_name: str = strawberry.field(description="To whom.")
    business_flag: str | None = strawberry.field(
        default=None, description="For which business; needed by rules that name no flag of their own."
    )
    agent_user_name: str | None = strawberry.field(
        default=None, description="To whom rules bind; left out, the agent who serves the visitor or served him last."
    )
    attributes: JSON | None = strawberry.field(
        default=None, description="An object; conditions look at its texts, numbers and booleans."
    )
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class BusinessEventRecordPayload:
    recorded_at: datetime | None = strawberry.field(default=None, description="When it was recorded.")
    applied_rules: list[str] | None = strawberry.field(
        default=None, description="Names of the rules that changed a binding because of it."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


Save = Annotated[BindingRuleSaveInput, strawberry.argument(description="The rule.")]
Delete = Annotated[BindingRuleDeleteInput, strawberry.argument(description="Which rule.")]
Record = Annotated[BusinessEventRecordInput, strawberry.argument(description="What happened.")]


@refusals_as_data(BindingRuleSavePayload)
async def binding_rule_save(info: Info, input: Save) -> BindingRuleSavePayload:  # noqa: A002  the contract's name
    call = info.context.call("bindingRuleSave", input)
    done = await save_binding_rule(info.context.desk, call, input.name, lambda known: _changed(input, known))
    found = [BindingRule.of(rule) for rule in await load_rules(info) if rule.name == done.name]
    return BindingRuleSavePayload(binding_rule=found[0] if found else None)


@refusals_as_data(BindingRuleDeletePayload)
async def binding_rule_delete(info: Info, input: Delete) -> BindingRuleDeletePayload:  # noqa: A002  as above
    call = info.context.call("bindingRuleDelete", input)
    done = await delete_binding_rule(info.context.desk, call, input.name)
    return BindingRuleDeletePayload(deleted_name=done.name)


@refusals_as_data(BusinessEventRecordPayload)
async def business_event_record(info: Info, input: Record) -> BusinessEventRecordPayload:  # noqa: A002  as above
    from kefu.desk.business_events import IncomingEvent, record_business_event  # noqa: PLC0415  seldom, at first use

    incoming = IncomingEvent(
        name=input.name,
        visitor=input.visitor_user_name,
        business_flag=input.business_flag,
        agent=input.agent_user_name,
        attributes=cast("dict[str, object] | None", input.attributes),
    )
    call = info.context.call("businessEventRecord", input)
    done = await record_business_event(info.context.desk, call, incoming)
    return BusinessEventRecordPayload(recorded_at=to_datetime(done.at), applied_rules=list(done.rules))


def _changed(given: BindingRuleSaveInput, known: domain.BindingRule | None) -> domain.BindingRule:
    event = given.event or (known.event if known else None)
    if event is None:
        raise Invalid("A new rule needs its event. Say on what it acts.", "event")
    known = known or domain.BindingRule(name=given.name, event=event)
    return replace(
        known,
        event=event,
        act=_kept(given.act, known.act),
        business_flag=_kept(given.business_flag, known.business_flag) or None,
        expires_after_ms=_kept(given.expires_after, known.expires_after_ms) or None,
        replaces_others=_kept(given.replaces_others, known.replaces_others),
        agent_messages_min=_kept(given.agent_messages_min, known.agent_messages_min),
        closed_sessions_min=_kept(given.closed_sessions_min, known.closed_sessions_min),
        within_ms=_kept(given.within, known.within_ms),
        stars_min=_kept(given.stars_min, known.stars_min),
        event_name=_kept(given.event_name, known.event_name),
        conditions=known.conditions if given.conditions is None else tuple(map(_condition, given.conditions)),
    )


def _condition(given: BindingRuleConditionInput) -> domain.AttributeCondition:
    return domain.AttributeCondition(attribute=given.attribute, equals=given.equals, at_least=given.at_least)


def _kept(given: T | None, known: T) -> T:
    return known if given is None else given
