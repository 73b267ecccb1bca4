"""The tenant's directory: groups, rules, sources and settings, as one decision sees them."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from kefu.dataclass import dataclass
from kefu.domain.binding_rules import BindingRule
from kefu.domain.channel import Channel
from kefu.domain.human_request import TRANSFER_LABEL
from kefu.domain.iframe import Iframe
from kefu.domain.instants import HOUR, SECOND
from kefu.domain.queueing import AS_USUAL, Queueing
from kefu.domain.skill_group import BUILT_IN, DEFAULT_GROUP, SkillGroup
from kefu.domain.timeouts import NO_TIMEOUTS, Timeouts
from kefu.domain.working_hours import WorkingHours


class Precedence(StrEnum):
    BINDING_FIRST = "BINDING_FIRST"
    ROUTING_FIRST = "ROUTING_FIRST"


class Ranking(StrEnum):
    LEAST_LOADED = "LEAST_LOADED"
    LONGEST_IDLE = "LONGEST_IDLE"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelSettings:
    channel: Channel
    skill_group: str | None = None
    """Id of the entry channel's own group."""
    has_bot: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantSettings:
    precedence: Precedence = Precedence.BINDING_FIRST
    ranking: Ranking = Ranking.LEAST_LOADED
    strict_ranking: bool = False
    """Never take another of the equally good agents, even when a claim was lost."""
    designated_offline_overflow: bool = False
    bindings_entitled: bool = True
    shows_agent_to_visitor: bool = True
    """Whether a visitor's client is told the nickname and avatar of the agent who serves him."""
    has_transfer_object: bool = True
    """Whether the notice of a transfer says who takes over; an older client wants a plain null there."""
    strict_http_status: bool = False
    """Errors of the vendors' REST carry a status of their own instead of 200."""
    strict_unbind: bool = False
    """Removing a binding that is not there is an error on the vendors' REST."""
    iframe_extras_entitled: bool = False
    """Whether CRM windows are told more than the default parameters."""
    channels: tuple[ChannelSettings, ...] = ()
    transfer_label: str = TRANSFER_LABEL
    """What the button says that takes a visitor from the bot to a human; written as a text, it does the same."""
    transfer_keywords: tuple[str, ...] = ()
    """Texts that ask for a human, beside the label and `TRANSFER_TEXTS`."""
    invites_rating_at_close: bool = False
    rating_window_ms: int = 8 * HOUR
    """How long after a session's end it can be rated."""
    queueing: Queueing = AS_USUAL
    working_hours: WorkingHours | None = None
    """None: always open."""
    presence_lease_ms: int = 90 * SECOND
    reassign_after_offline_ms: int = 120 * SECOND
    timeouts: Timeouts = NO_TIMEOUTS

    def channel(self, channel: Channel) -> ChannelSettings:
        return next((each for each in self.channels if each.channel is channel), ChannelSettings(channel=channel))


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingRule:
    routing_rule_flag: str
    skill_group: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BusinessSource:
    """Which comes first, binding or routing, for one businessFlag or for one channel."""

    business_flag: str | None = None
    channel: Channel | None = None
    precedence: Precedence


@dataclass(frozen=True, kw_only=True, slots=True)
class Directory:
    settings: TenantSettings = TenantSettings()
    groups: Mapping[str, SkillGroup] = field(default_factory=dict)
    """By id, the built-in default group left out."""
    rules: Mapping[str, RoutingRule] = field(default_factory=dict)
    """By routingRuleFlag."""
    sources: tuple[BusinessSource, ...] = ()
    binding_rules: tuple[BindingRule, ...] = ()
    """By name."""
    iframes: tuple[Iframe, ...] = ()
    """CRM windows, oldest first."""
    profiles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By skill group id: the routing profiles (distinct sets of groups) whose agents serve it."""

    def group(self, group_id: str | None) -> SkillGroup | None:
        if group_id is None:
            return None
        return BUILT_IN if group_id == DEFAULT_GROUP else self.groups.get(group_id)

    def group_named(self, name: str) -> SkillGroup | None:
        return next((group for group in self.groups.values() if group.name == name), None)

    def hours_of(self, group_id: str | None) -> WorkingHours | None:
        """A group's own hours, or else the tenant's."""
        group = self.group(group_id)
        return (group.working_hours if group else None) or self.settings.working_hours

    def precedence_of(self, business_flag: str | None, channel: Channel) -> Precedence:
        for source in self.sources:
            if source.business_flag is not None and source.business_flag == business_flag:
                return source.precedence
        for source in self.sources:
            if source.business_flag is None and source.channel is channel:
                return source.precedence
        return self.settings.precedence
