from dataclasses import replace
from typing import Annotated, TypeVar

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.mutations.message import KEY
from kefu.api.scalars import Duration
from kefu.api.types.directory import TenantSettings
from kefu.api.types.skill_group import group_id_of
from kefu.desk.tenant_settings import update_settings
from kefu.domain import directory as domain
from kefu.domain.channel import Channel


@define.input(description="How one entry channel behaves.")
class ChannelSettingsInput:
    channel: Channel = strawberry.field(description="Which channel.")
    skill_group_id: strawberry.ID | None = strawberry.field(
        default=None, description="The group its visitors enter by, if nothing else names one."
    )
    has_bot: bool = strawberry.field(default=False, description="Whether a bot receives its visitors.")


@define.input(description="The tenant's choices; what is left out stays as it is.")
class TenantSettingsUpdateInput:
    precedence: domain.Precedence | None = strawberry.field(default=None, description="What goes first.")
    ranking: domain.Ranking | None = strawberry.field(default=None, description="Who of the free agents is best.")
    strict_ranking: bool | None = strawberry.field(default=None, description="Never another than the best.")
    designated_offline_overflow: bool | None = strawberry.field(
        default=None, description="Whether a designated agent who is offline is given up for the groups."
    )
    has_bindings: bool | None = strawberry.field(default=None, description="Whether business bindings are used.")
    channels: list[ChannelSettingsInput] | None = strawberry.field(
        default=None, description="All channels that differ from the usual."
    )
    transfer_label: str | None = strawberry.field(
        default=None, description="What the button says that takes a visitor from the bot to a human."
    )
    transfer_keywords: list[str] | None = strawberry.field(
        default=None, description="All texts that ask for a human, beside the label, 转人工 and 转人工客服."
    )
    is_rating_invited_at_close: bool | None = strawberry.field(
        default=None, description="Whether the end of a served session asks its visitor for a rating."
    )
    rating_window: Duration | None = strawberry.field(
        default=None, description="How long after its end a session can be rated; 8 hours at first."
    )
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class TenantSettingsUpdatePayload:
    settings: TenantSettings | None = strawberry.field(default=None, description="The choices as they are now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


T = TypeVar("T")

Update = Annotated[TenantSettingsUpdateInput, strawberry.argument(description="The choices.")]


@refusals_as_data(TenantSettingsUpdatePayload)
async def tenant_settings_update(
    info: Info,
    input: Update,  # noqa: A002  the contract's name
) -> TenantSettingsUpdatePayload:
    context = info.context
    channels = None if input.channels is None else tuple(_channel(info, each) for each in input.channels)

    def changed(known: domain.TenantSettings) -> domain.TenantSettings:
        return replace(
            known,
            precedence=_kept(input.precedence, known.precedence),
            ranking=_kept(input.ranking, known.ranking),
            strict_ranking=_kept(input.strict_ranking, known.strict_ranking),
            designated_offline_overflow=_kept(input.designated_offline_overflow, known.designated_offline_overflow),
            bindings_entitled=_kept(input.has_bindings, known.bindings_entitled),
            channels=_kept(channels, known.channels),
            transfer_label=_kept(input.transfer_label, known.transfer_label),
            transfer_keywords=known.transfer_keywords
            if input.transfer_keywords is None
            else tuple(input.transfer_keywords),
            invites_rating_at_close=_kept(input.is_rating_invited_at_close, known.invites_rating_at_close),
            rating_window_ms=_kept(input.rating_window, known.rating_window_ms),
        )

    await update_settings(context.desk, context.call("tenantSettingsUpdate", input), changed)
    directory = (await context.desk.directories.load(context.desk.store, context.tenant)).directory
    return TenantSettingsUpdatePayload(settings=TenantSettings.of(directory.settings))


def _kept(given: T | None, known: T) -> T:
    return known if given is None else given


def _channel(info: Info, given: ChannelSettingsInput) -> domain.ChannelSettings:
    group = given.skill_group_id
    return domain.ChannelSettings(
        channel=given.channel,
        skill_group=group_id_of(info, group, "channels") if group is not None else None,
        has_bot=given.has_bot,
    )
