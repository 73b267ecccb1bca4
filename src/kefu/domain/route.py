"""Which skill group a session belongs to, by its keys and channel."""

from typing import NamedTuple

from kefu.domain.channel import Channel
from kefu.domain.decision import DispatchReason, DispatchRule, DispatchStep
from kefu.domain.directory import Directory
from kefu.domain.routing_keys import RoutingKeys
from kefu.domain.skill_group import DEFAULT_GROUP, SkillGroup


class Route(NamedTuple):
    group: SkillGroup
    is_explicit: bool
    """The visitor's message named it; it was not merely fallen back to."""
    steps: tuple[DispatchStep, ...]


def resolve_group(directory: Directory, keys: RoutingKeys, channel: Channel) -> Route:
    """routingRuleFlag, else queueName, else the channel's group, else the default group.

    An unmapped flag or an unknown name falls through and is recorded: never an error to the visitor.
    """
    steps: list[DispatchStep] = []
    for rule, reason_if_found, reason_if_not, named, group in _named_groups(directory, keys):
        reason = reason_if_found if group else reason_if_not
        steps.append(DispatchStep(rule=rule, reason=reason, detail=named))
        if group:
            return Route(group, is_explicit=True, steps=tuple(steps))
    return _fall_back(directory, channel, steps)


_Named = tuple[DispatchRule, DispatchReason, DispatchReason, str, SkillGroup | None]


def _named_groups(directory: Directory, keys: RoutingKeys) -> list[_Named]:
    named: list[_Named] = []
    if (flag := keys.routing_rule_flag) is not None:
        rule = directory.rules.get(flag)
        group = directory.group(rule.skill_group) if rule else None
        found, missed = DispatchReason.RULE_MATCHED, DispatchReason.UNMATCHED_RULE_FLAG
        named.append((DispatchRule.ROUTING_RULE, found, missed, flag, group))
    if (name := keys.queue_name) is not None:
        found, missed = DispatchReason.QUEUE_NAME_MATCHED, DispatchReason.UNMATCHED_QUEUE_NAME
        named.append((DispatchRule.QUEUE_NAME, found, missed, name, directory.group_named(name)))
    return named


def _fall_back(directory: Directory, channel: Channel, steps: list[DispatchStep]) -> Route:
    group = directory.group(directory.settings.channel(channel).skill_group)
    if group:
        step = DispatchStep(
            rule=DispatchRule.CHANNEL_GROUP, reason=DispatchReason.CHANNEL_HAS_GROUP, detail=channel.value
        )
        return Route(group, is_explicit=False, steps=(*steps, step))
    step = DispatchStep(rule=DispatchRule.DEFAULT_GROUP, reason=DispatchReason.NO_GROUP_NAMED)
    default = directory.group(DEFAULT_GROUP)
    assert default is not None  # noqa: S101  built in
    return Route(default, is_explicit=False, steps=(*steps, step))
