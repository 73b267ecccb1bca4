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
from kefu.api.types.working_hours import WorkingHoursInput
from kefu.desk.tenant_settings import update_settings
from kefu.domain import directory as domain
from kefu.domain.channel import Channel
from kefu.domain.queueing import Queueing
from kefu.domain.timeouts import Timeouts


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
    has_iframe_extras: bool | None = strawberry.field(
        default=None, description="Whether CRM windows are told more than the default parameters."
    )
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
    shows_agent_to_visitor: bool | None = strawberry.field(
        default=None, description="Whether Easemob's clients are told nickname and avatar of the agent who serves them."
    )
    has_transfer_object: bool | None = strawberry.field(
        default=None,
        description="Whether Easemob's notice of a transfer says who takes over; an older client wants null there.",
    )
    strict_http_status: bool | None = strawberry.field(
        default=None,
        description="Whether errors of the vendors' REST carry an HTTP status of their own instead of 200.",
    )
    strict_unbind: bool | None = strawberry.field(
        default=None, description="Whether removing a binding that is not there is an error on the vendors' REST."
    )
    working_hours: WorkingHoursInput | None = strawberry.field(
        default=None, description="When the desk is open; always, at first."
    )
    directed_wait_max: Duration | None = strawberry.field(
        default=None,
        description="How long one waits for one agent before he goes to his group; PT0S for as long as it takes.",
    )
    is_queue_place_announced: bool | None = strawberry.field(
        default=None, description="Whether who joins a line is told where he stands, and how long it may take."
    )
    queue_place_text: str | None = strawberry.field(
        default=None, description="Said then; {position} becomes the place."
    )
    queue_wait_text: str | None = strawberry.field(
        default=None, description="Said behind it where the wait can be estimated; {minutes} becomes the minutes."
    )
    queue_full_text: str | None = strawberry.field(
        default=None, description="Said to who is declined because a queue is full."
    )
    presence_lease: Duration | None = strawberry.field(
        default=None, description="How long an agent counts as there after his own client showed itself; 90 s at first."
    )
    reassign_after_offline: Duration | None = strawberry.field(
        default=None, description="How long after he went offline an agent's sessions are handed on; 120 s at first."
    )
    visitor_timeout: Duration | None = strawberry.field(
        default=None, description="After how long of the visitor's silence a session ends; PT0S: never."
    )
    agent_timeout: Duration | None = strawberry.field(
        default=None, description="After how long of the agent's silence a session ends; PT0S: never."
    )
    pending_timeout: Duration | None = strawberry.field(
        default=None, description="After how long of the visitor's absence a session that waits ends; PT0S: never."
    )
    timeout_warning: Duration | None = strawberry.field(
        default=None, description="How long before such an end it is announced; PT0S: it is not."
    )
    timeout_warning_text: str | None = strawberry.field(default=None, description="What the visitor reads then.")
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
            iframe_extras_entitled=_kept(input.has_iframe_extras, known.iframe_extras_entitled),
            channels=_kept(channels, known.channels),
            transfer_label=_kept(input.transfer_label, known.transfer_label),
            transfer_keywords=known.transfer_keywords
            if input.transfer_keywords is None
            else tuple(input.transfer_keywords),
            invites_rating_at_close=_kept(input.is_rating_invited_at_close, known.invites_rating_at_close),
            shows_agent_to_visitor=_kept(input.shows_agent_to_visitor, known.shows_agent_to_visitor),
            has_transfer_object=_kept(input.has_transfer_object, known.has_transfer_object),
            strict_http_status=_kept(input.strict_http_status, known.strict_http_status),
            strict_unbind=_kept(input.strict_unbind, known.strict_unbind),
            rating_window_ms=_kept(input.rating_window, known.rating_window_ms),
            working_hours=known.working_hours if input.working_hours is None else input.working_hours.read(),
            queueing=_queueing(input, known.queueing),
            presence_lease_ms=_kept(input.presence_lease, known.presence_lease_ms),
            reassign_after_offline_ms=_kept(input.reassign_after_offline, known.reassign_after_offline_ms),
            timeouts=_timeouts(input, known.timeouts),
        )

    await update_settings(context.desk, context.call("tenantSettingsUpdate", input), changed)
    directory = (await context.desk.directories.load(context.desk.store, context.tenant)).directory
    return TenantSettingsUpdatePayload(settings=TenantSettings.of(directory.settings))


def _kept(given: T | None, known: T) -> T:
    return known if given is None else given


def _queueing(given: TenantSettingsUpdateInput, known: Queueing) -> Queueing:
    longest = known.directed_wait_max_ms if given.directed_wait_max is None else given.directed_wait_max or None
    return Queueing(
        directed_wait_max_ms=longest,
        announces_place=_kept(given.is_queue_place_announced, known.announces_place),
        place_text=_kept(given.queue_place_text, known.place_text),
        wait_text=_kept(given.queue_wait_text, known.wait_text),
        full_text=_kept(given.queue_full_text, known.full_text),
    )


def _timeouts(given: TenantSettingsUpdateInput, known: Timeouts) -> Timeouts:
    return Timeouts(
        visitor_ms=_kept(given.visitor_timeout, known.visitor_ms) or None,
        agent_ms=_kept(given.agent_timeout, known.agent_ms) or None,
        pending_ms=_kept(given.pending_timeout, known.pending_ms) or None,
        warning_ms=_kept(given.timeout_warning, known.warning_ms) or None,
        warning_text=_kept(given.timeout_warning_text, known.warning_text),
    )


def _channel(info: Info, given: ChannelSettingsInput) -> domain.ChannelSettings:
    group = given.skill_group_id
    return domain.ChannelSettings(
        channel=given.channel,
        skill_group=group_id_of(info, group, "channels") if group is not None else None,
        has_bot=given.has_bot,
    )
