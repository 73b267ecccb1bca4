from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.mutations.message import KEY
from kefu.api.scalars import Url
from kefu.api.types.webhook import Webhook, WebhookDelivery, delivery_name_of, load_webhook, webhook_id_of
from kefu.desk.replay_deliveries import replay_deliveries
from kefu.desk.webhooks import WebhookChange, delete_webhook, save_webhook
from kefu.domain import webhook as domain
from kefu.domain.log import EventKind
from kefu.records import deliveries


@define.input(description="A webhook to make or change; what is left out stays as it is.")
class WebhookSaveInput:
    id: strawberry.ID | None = strawberry.field(default=None, description="Which to change; left out makes a new one.")
    url: Url | None = strawberry.field(
        default=None, description="Where to: https, and on the public internet. A new one needs it."
    )
    dialect: domain.Dialect | None = strawberry.field(
        default=None, description="How events are written and signed; KEFU if left out."
    )
    secret: str | None = strawberry.field(
        default=None,
        description="What signs, written and never read: for KEFU `whsec_…`, made if left out; for TENCENT the token.",
    )
    event_kinds: list[EventKind] | None = strawberry.field(
        default=None, description="Which events are told; empty means all."
    )
    is_enabled: bool | None = strawberry.field(
        default=None, description="Off, what waits becomes dead letters; on again, what happens from then on is told."
    )
    sdk_app_id: str | None = strawberry.field(default=None, description="TENCENT, which needs it: SdkAppid, digits.")
    customer_service_id: str | None = strawberry.field(default=None, description="TENCENT: CustomerServiceId.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class WebhookSavePayload:
    webhook: Webhook | None = strawberry.field(default=None, description="The webhook as it is now.")
    secret: str | None = strawberry.field(
        default=None, description="The secret, if one was made: keep it, it is not shown again."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="A webhook to delete.")
class WebhookDeleteInput:
    id: strawberry.ID = strawberry.field(description="The webhook.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class WebhookDeletePayload:
    deleted_webhook_id: strawberry.ID | None = strawberry.field(default=None, description="Which is gone.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="Dead letters to send again, all or none; those of one session in its order.")
class WebhookDeliveryReplayInput:
    delivery_ids: list[strawberry.ID] = strawberry.field(description="Up to 25 deliveries whose state is DEAD.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class WebhookDeliveryReplayPayload:
    deliveries: list[WebhookDelivery] | None = strawberry.field(
        default=None, description="The deliveries as they are now."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


Save = Annotated[WebhookSaveInput, strawberry.argument(description="The webhook.")]
Delete = Annotated[WebhookDeleteInput, strawberry.argument(description="Which webhook.")]
Replay = Annotated[WebhookDeliveryReplayInput, strawberry.argument(description="Which deliveries.")]


@refusals_as_data(WebhookSavePayload)
async def webhook_save(info: Info, input: Save) -> WebhookSavePayload:  # noqa: A002  the contract's name
    change = WebhookChange(
        id=webhook_id_of(info, input.id, "id") if input.id is not None else None,
        url=input.url,
        dialect=input.dialect,
        secret=input.secret,
        kinds=None if input.event_kinds is None else tuple(input.event_kinds),
        is_enabled=input.is_enabled,
        sdk_app_id=input.sdk_app_id,
        customer_service_id=input.customer_service_id,
    )
    saved = await save_webhook(info.context.desk, info.context.call("webhookSave", input), change)
    return WebhookSavePayload(webhook=await load_webhook(info, saved.id), secret=saved.secret)


@refusals_as_data(WebhookDeletePayload)
async def webhook_delete(info: Info, input: Delete) -> WebhookDeletePayload:  # noqa: A002  as above
    webhook = webhook_id_of(info, input.id, "id")
    await delete_webhook(info.context.desk, info.context.call("webhookDelete", input), webhook)
    return WebhookDeletePayload(deleted_webhook_id=input.id)


@refusals_as_data(WebhookDeliveryReplayPayload)
async def webhook_delivery_replay(info: Info, input: Replay) -> WebhookDeliveryReplayPayload:  # noqa: A002  as above
    context = info.context
    names = [delivery_name_of(info, each) for each in input.delivery_ids]
    done = await replay_deliveries(context.desk, context.call("webhookDeliveryReplay", input), names)
    found = await deliveries.load(context.desk.store, context.tenant, done)
    return WebhookDeliveryReplayPayload(deliveries=[WebhookDelivery.of(each, context.tenant) for each in found if each])
