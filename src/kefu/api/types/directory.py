import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.scalars import Duration
from kefu.api.types.skill_group import SkillGroup, load_group
from kefu.api.types.working_hours import WorkingHours
from kefu.domain import directory as domain
from kefu.domain.channel import Channel


@define.type(description="A routingRuleFlag and the skill group it leads to.")
class RoutingRule:
    value: strawberry.Private[domain.RoutingRule]
    routing_rule_flag: str = strawberry.field(description="The flag that messages carry, compared exactly.")

    @classmethod
    def of(cls, value: domain.RoutingRule) -> "RoutingRule":
        return cls(value=value, routing_rule_flag=value.routing_rule_flag)

    @strawberry.field(description="The group it leads to; null if since deleted.")
    async def skill_group(self, info: Info) -> SkillGroup | None:
        return await load_group(info, self.value.skill_group)


@define.type(description="What goes first for one businessFlag or one channel.")
class BusinessSource:
    business_flag: str | None = strawberry.field(description="For messages with this flag.")
    channel: Channel | None = strawberry.field(description="For messages from this channel.")
    precedence: domain.Precedence = strawberry.field(description="What goes first.")

    @classmethod
    def of(cls, value: domain.BusinessSource) -> "BusinessSource":
        return cls(business_flag=value.business_flag, channel=value.channel, precedence=value.precedence)


@define.type(description="How one entry channel behaves.")
class ChannelSettings:
    value: strawberry.Private[domain.ChannelSettings]
    channel: Channel = strawberry.field(description="Which channel.")
    has_bot: bool = strawberry.field(description="Whether a bot receives its visitors.")

    @classmethod
    def of(cls, value: domain.ChannelSettings) -> "ChannelSettings":
        return cls(value=value, channel=value.channel, has_bot=value.has_bot)

    @strawberry.field(description="The group its visitors enter by, if nothing else names one.")
    async def skill_group(self, info: Info) -> SkillGroup | None:
        return await load_group(info, self.value.skill_group)


@define.type(description="The tenant's choices.")
class TenantSettings:
    precedence: domain.Precedence = strawberry.field(description="What goes first where no source says otherwise.")
    ranking: domain.Ranking = strawberry.field(description="Who of the free agents is best.")
    strict_ranking: bool = strawberry.field(description="Never another than the best, even under contention.")
    designated_offline_overflow: bool = strawberry.field(
        description="Whether a designated agent who is offline is given up for the groups."
    )
    has_bindings: bool = strawberry.field(description="Whether business bindings are used.")
    has_iframe_extras: bool = strawberry.field(
        description="Whether CRM windows are told more than the default parameters."
    )
    channels: list[ChannelSettings] = strawberry.field(description="Channels that differ from the usual.")
    transfer_label: str = strawberry.field(
        description="What the button says that takes a visitor from the bot to a human."
    )
    transfer_keywords: list[str] = strawberry.field(description="Texts that ask for a human, beside the label.")
    is_rating_invited_at_close: bool = strawberry.field(
        description="Whether the end of a served session asks its visitor for a rating."
    )
    rating_window: Duration = strawberry.field(description="How long after its end a session can be rated.")
    shows_agent_to_visitor: bool = strawberry.field(
        description="Whether Easemob's clients are told nickname and avatar of the agent who serves them."
    )
    has_transfer_object: bool = strawberry.field(
        description="Whether Easemob's notice of a transfer says who takes over; an older client wants null there."
    )
    strict_http_status: bool = strawberry.field(
        description="Whether errors of the vendors' REST carry an HTTP status of their own instead of 200."
    )
    strict_unbind: bool = strawberry.field(
        description="Whether removing a binding that is not there is an error on the vendors' REST."
    )
    working_hours: WorkingHours | None = strawberry.field(description="When the desk is open; null means always.")
    directed_wait_max: Duration | None = strawberry.field(
        description="How long one waits for one agent before he goes to his group; null for as long as it takes."
    )
    is_queue_place_announced: bool = strawberry.field(
        description="Whether who joins a line is told where he stands, and how long it may take."
    )
    queue_place_text: str = strawberry.field(description="Said then; {position} becomes the place.")
    queue_wait_text: str = strawberry.field(
        description="Said behind it where the wait can be estimated; {minutes} becomes the minutes."
    )
    queue_full_text: str = strawberry.field(description="Said to who is declined because a queue is full.")
    presence_lease: Duration = strawberry.field(
        description="How long an agent counts as there after his own client showed itself."
    )
    reassign_after_offline: Duration = strawberry.field(
        description="How long after he went offline an agent's sessions are handed on."
    )
    visitor_timeout: Duration | None = strawberry.field(
        description="After how long of the visitor's silence a session ends, also with the bot; null: never."
    )
    agent_timeout: Duration | None = strawberry.field(
        description="After how long of the agent's silence a session ends; null: never."
    )
    pending_timeout: Duration | None = strawberry.field(
        description="After how long of the visitor's absence a session that waits ends; null: never."
    )
    timeout_warning: Duration | None = strawberry.field(
        description="How long before such an end it is announced, by TIMEOUT_WARNED; null: it is not."
    )
    timeout_warning_text: str = strawberry.field(description="What the visitor reads then.")

    @classmethod
    def of(cls, value: domain.TenantSettings) -> "TenantSettings":
        return cls(
            precedence=value.precedence,
            ranking=value.ranking,
            strict_ranking=value.strict_ranking,
            designated_offline_overflow=value.designated_offline_overflow,
            has_bindings=value.bindings_entitled,
            has_iframe_extras=value.iframe_extras_entitled,
            channels=[ChannelSettings.of(channel) for channel in value.channels],
            transfer_label=value.transfer_label,
            transfer_keywords=list(value.transfer_keywords),
            is_rating_invited_at_close=value.invites_rating_at_close,
            rating_window=Duration(value.rating_window_ms),
            shows_agent_to_visitor=value.shows_agent_to_visitor,
            has_transfer_object=value.has_transfer_object,
            strict_http_status=value.strict_http_status,
            strict_unbind=value.strict_unbind,
            working_hours=WorkingHours.of(value.working_hours),
            directed_wait_max=_duration(value.queueing.directed_wait_max_ms),
            is_queue_place_announced=value.queueing.announces_place,
            queue_place_text=value.queueing.place_text,
            queue_wait_text=value.queueing.wait_text,
            queue_full_text=value.queueing.full_text,
            presence_lease=Duration(value.presence_lease_ms),
            reassign_after_offline=Duration(value.reassign_after_offline_ms),
            visitor_timeout=_duration(value.timeouts.visitor_ms),
            agent_timeout=_duration(value.timeouts.agent_ms),
            pending_timeout=_duration(value.timeouts.pending_ms),
            timeout_warning=_duration(value.timeouts.warning_ms),
            timeout_warning_text=value.timeouts.warning_text,
        )


def _duration(milliseconds: int | None) -> Duration | None:
    return None if milliseconds is None else Duration(milliseconds)
