import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.scalars import Duration
from kefu.api.types.skill_group import SkillGroup, load_group
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
    channels: list[ChannelSettings] = strawberry.field(description="Channels that differ from the usual.")
    transfer_label: str = strawberry.field(
        description="What the button says that takes a visitor from the bot to a human."
    )
    transfer_keywords: list[str] = strawberry.field(description="Texts that ask for a human, beside the label.")
    is_rating_invited_at_close: bool = strawberry.field(
        description="Whether the end of a served session asks its visitor for a rating."
    )
    rating_window: Duration = strawberry.field(description="How long after its end a session can be rated.")

    @classmethod
    def of(cls, value: domain.TenantSettings) -> "TenantSettings":
        return cls(
            precedence=value.precedence,
            ranking=value.ranking,
            strict_ranking=value.strict_ranking,
            designated_offline_overflow=value.designated_offline_overflow,
            has_bindings=value.bindings_entitled,
            channels=[ChannelSettings.of(channel) for channel in value.channels],
            transfer_label=value.transfer_label,
            transfer_keywords=list(value.transfer_keywords),
            is_rating_invited_at_close=value.invites_rating_at_close,
            rating_window=Duration(value.rating_window_ms),
        )
