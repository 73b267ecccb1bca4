"""A tenant's rules of automatic binding: kept with the directory, in force from the next commit on."""

import math
from collections.abc import Callable

from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.directory import DirectoryChanged, change_directory
from kefu.desk.input import at_most, message_text, named
from kefu.domain.binding_rules import AttributeCondition, BindingRule, BindingRuleEvent
from kefu.domain.bounds import BINDING_RULES_MAX, COUNTED_SESSIONS_MAX, NAME_LENGTH_MAX, RULE_CONDITIONS_MAX
from kefu.domain.directory import Directory
from kefu.domain.instants import DAY
from kefu.domain.rating import STARS
from kefu.domain.refusals import Invalid, NotFound, RefusalCode
from kefu.records import binding_rules
from kefu.store.port import Write

WITHIN_MS_MAX = 366 * DAY
EXPIRES_AFTER_MS_MAX = 3_660 * DAY
AGENT_MESSAGES_MAX = 1_000


async def save_binding_rule(
    desk: Desk, call: Call, name: str, change: Callable[[BindingRule | None], BindingRule]
) -> DirectoryChanged:
    """`change` makes the new rule of the old, None where there is none. Raises `Invalid`; nothing changes then."""
    named(name, "name")

    async def save(directory: Directory) -> tuple[str, list[Write]]:
        known = find_rule(directory, name)
        rule = change(known)
        _check(rule)
        if known is None and len(directory.binding_rules) >= BINDING_RULES_MAX:
            raise Invalid(f"A tenant has at most {BINDING_RULES_MAX} binding rules. Delete one first.", "name")
        return name, [binding_rules.write_rule(call.tenant, rule)]

    return await change_directory(desk, call, save)


async def delete_binding_rule(desk: Desk, call: Call, name: str) -> DirectoryChanged:
    """Bindings that the rule made stay. Raises `NotFound`."""

    async def delete(directory: Directory) -> tuple[str, list[Write]]:
        if find_rule(directory, name) is None:
            raise NotFound(RefusalCode.BINDING_RULE_NOT_FOUND, "No binding rule has this name. Check it.", "name")
        return name, [binding_rules.delete_rule(call.tenant, name)]

    return await change_directory(desk, call, delete)


def find_rule(directory: Directory, name: str) -> BindingRule | None:
    return next((rule for rule in directory.binding_rules if rule.name == name), None)


def _check(rule: BindingRule) -> None:
    if rule.business_flag is not None:
        named(rule.business_flag, "businessFlag")
    if rule.expires_after_ms is not None:
        _between(rule.expires_after_ms, 1, EXPIRES_AFTER_MS_MAX, "expiresAfter", "0 (exclusive) and 3,660 days")
    _between(rule.within_ms, 1, WITHIN_MS_MAX, "within", "0 (exclusive) and 366 days")
    _between(rule.agent_messages_min, 1, AGENT_MESSAGES_MAX, "agentMessagesMin")
    _between(rule.closed_sessions_min, 1, COUNTED_SESSIONS_MAX, "closedSessionsMin")
    _between(rule.stars_min, STARS[0], STARS[-1], "starsMin")
    _check_business_event(rule)


def _check_business_event(rule: BindingRule) -> None:
    if rule.event is not BindingRuleEvent.BUSINESS_EVENT:
        if rule.event_name or rule.conditions:
            raise Invalid("eventName and conditions are for rules on BUSINESS_EVENT alone. Leave them out.", "event")
        return
    named(rule.event_name, "eventName")
    if len(rule.conditions) > RULE_CONDITIONS_MAX:
        raise Invalid(f"At most {RULE_CONDITIONS_MAX} conditions are accepted.", "conditions")
    for condition in rule.conditions:
        _check_condition(condition)


def _check_condition(condition: AttributeCondition) -> None:
    named(condition.attribute, "conditions")
    if (condition.equals is None) == (condition.at_least is None):
        raise Invalid("A condition has either equals or atLeast, one of the two.", "conditions")
    if condition.equals is not None:
        at_most(message_text(condition.equals, "conditions"), "conditions", NAME_LENGTH_MAX)
    if condition.at_least is not None and not math.isfinite(condition.at_least):
        raise Invalid("atLeast must be a finite number.", "conditions")


def _between(value: int, least: int, most: int, field: str, words: str = "") -> None:
    if not least <= value <= most:
        raise Invalid(f"{field} must lie between {words or f'{least} and {most}'}.", field)
