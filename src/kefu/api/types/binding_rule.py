import strawberry

from kefu.api import define
from kefu.api.scalars import Duration
from kefu.domain import binding_rules as domain


@define.type(description="Asks something of a business event's attribute.")
class BindingRuleCondition:
    attribute: str = strawberry.field(description="Which attribute, compared exactly.")
    equals: str | None = strawberry.field(description="Its value: a text, or a number or boolean as JSON writes it.")
    at_least: float | None = strawberry.field(description="The least that it must be; holds for numbers alone.")

    @classmethod
    def of(cls, value: domain.AttributeCondition) -> "BindingRuleCondition":
        return cls(attribute=value.attribute, equals=value.equals, at_least=value.at_least)


@define.type(description="A rule that binds visitors to agents by itself, or ends that, when something happens.")
class BindingRule:
    name: str = strawberry.field(description="Names it; the rules on one event go in the order of their names.")
    event: domain.BindingRuleEvent = strawberry.field(description="On what.")
    act: domain.BindingRuleAct = strawberry.field(description="What it does.")
    business_flag: str | None = strawberry.field(
        description="The flag of the binding; null: the session's or business event's own."
    )
    expires_after: Duration | None = strawberry.field(description="How long its bindings last; null: for good.")
    replaces_others: bool = strawberry.field(description="Whether a binding to another agent gives way.")
    agent_messages_min: int = strawberry.field(description="EFFECTIVE_RECEPTION: so many messages of agents.")
    closed_sessions_min: int = strawberry.field(description="REGULAR_CUSTOMER: so many closed sessions, this one too.")
    within: Duration = strawberry.field(description="REGULAR_CUSTOMER: closed within this time.")
    stars_min: int = strawberry.field(description="RATED: so many stars.")
    event_name: str = strawberry.field(description="BUSINESS_EVENT: which.")
    conditions: list[BindingRuleCondition] = strawberry.field(description="BUSINESS_EVENT: all of these must hold.")

    @classmethod
    def of(cls, value: domain.BindingRule) -> "BindingRule":
        return cls(
            name=value.name,
            event=value.event,
            act=value.act,
            business_flag=value.business_flag,
            expires_after=None if value.expires_after_ms is None else Duration(value.expires_after_ms),
            replaces_others=value.replaces_others,
            agent_messages_min=value.agent_messages_min,
            closed_sessions_min=value.closed_sessions_min,
            within=Duration(value.within_ms),
            stars_min=value.stars_min,
            event_name=value.event_name,
            conditions=[BindingRuleCondition.of(each) for each in value.conditions],
        )
