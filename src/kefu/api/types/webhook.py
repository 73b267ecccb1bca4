from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info, to_datetime, to_datetime_if
from kefu.api.node_ids import encode_id, parts_of
from kefu.api.types.node import Node
from kefu.desk.replay_deliveries import DeliveryName, delivery_not_found
from kefu.desk.webhooks import webhook_not_found
from kefu.domain import delivery as deliveries
from kefu.domain import webhook as domain
from kefu.domain.log import EventKind
from kefu.records import webhooks as records

if TYPE_CHECKING:
    from kefu.api.types.session import Session


@define.type(description="Where the tenant wants to be told what happens in sessions. Its secret is never shown again.")
class Webhook(Node):
    url: str = strawberry.field(description="Where events are posted to.")
    dialect: domain.Dialect = strawberry.field(description="How they are written and signed.")
    event_kinds: list[EventKind] = strawberry.field(description="Which are told; empty means all.")
    is_enabled: bool = strawberry.field(description="Whether anything is told.")
    has_secret: bool = strawberry.field(description="Whether what is sent is signed.")
    failing_since: datetime | None = strawberry.field(
        description="The first failure since it took an event last; five days later it is switched off."
    )
    switched_off_at: datetime | None = strawberry.field(
        description="When it was switched off for having failed too long; null once somebody enables it."
    )
    sdk_app_id: str = strawberry.field(description="TENCENT: SdkAppid of the call-back.")
    customer_service_id: str = strawberry.field(description="TENCENT: CustomerServiceId of the call-back.")
    created_at: datetime = strawberry.field(description="Since when it is there.")

    @classmethod
    def of(cls, value: domain.Webhook, tenant: str) -> "Webhook":
        return cls(
            id=strawberry.ID(encode_id("Webhook", tenant, value.id)),
            url=value.url,
            dialect=value.dialect,
            event_kinds=list(value.kinds),
            is_enabled=value.is_enabled,
            has_secret=bool(value.secret),
            failing_since=to_datetime_if(value.failing_since),
            switched_off_at=to_datetime_if(value.switched_off_at),
            sdk_app_id=value.sdk_app_id,
            customer_service_id=value.customer_service_id,
            created_at=to_datetime(value.created_at),
        )


@define.type(description="An event that a webhook did not take at once, kept for thirty days.")
class WebhookDelivery(Node):
    value: strawberry.Private[deliveries.WebhookDelivery]
    event_kind: EventKind = strawberry.field(description="What happened.")
    happened_at: datetime = strawberry.field(description="When it happened.")
    seq: int = strawberry.field(description="Its number in the session.")
    message_id: str = strawberry.field(description="The id that the receiver sees, the same at every attempt.")
    state: deliveries.DeliveryState = strawberry.field(description="What became of it.")
    attempts: int = strawberry.field(description="How often it was sent, since it began or was replayed.")
    last_answer: str = strawberry.field(description="What came back last, in words; empty if it was taken.")
    last_attempt_at: datetime = strawberry.field(description="When it was sent last.")
    next_attempt_at: datetime | None = strawberry.field(description="When it is sent again, if it is.")

    @classmethod
    def of(cls, value: deliveries.WebhookDelivery, tenant: str) -> "WebhookDelivery":
        return cls(
            id=strawberry.ID(encode_id("WebhookDelivery", tenant, value.webhook, value.ref.id, str(value.seq))),
            value=value,
            event_kind=value.kind,
            happened_at=to_datetime(value.at),
            seq=value.seq,
            message_id=deliveries.message_id(value.ref.id, value.seq),
            state=value.state,
            attempts=value.attempts,
            last_answer=value.answer,
            last_attempt_at=to_datetime(value.tried_at),
            next_attempt_at=to_datetime_if(value.due_at),
        )

    @strawberry.field(description="Where to; null if since deleted.")
    async def webhook(self, info: Info) -> Webhook | None:
        return await load_webhook(info, self.value.webhook)

    @strawberry.field(description="The session it happened in, as it is now.")
    async def session(self, info: Info) -> Annotated["Session", strawberry.lazy("kefu.api.types.session")]:
        from kefu.api.types.session import load_result_session  # noqa: PLC0415  as events have it

        return await load_result_session(info, self.value.ref)


async def load_webhook(info: Info, webhook_id: str) -> Webhook | None:
    loaded = await records.load(info.context.desk.store, info.context.tenant, webhook_id)
    return Webhook.of(loaded.value, info.context.tenant) if loaded else None


def webhook_id_of(info: Info, node_id: str, field: str) -> str:
    """The webhook behind a node id. Raises `NotFound`."""
    parts = parts_of(node_id, "Webhook", info.context.tenant)
    if not parts:
        raise webhook_not_found(field)
    return parts[0]


def delivery_name_of(info: Info, node_id: str) -> DeliveryName:
    """The delivery behind a node id. Raises `NotFound`."""
    parts = parts_of(node_id, "WebhookDelivery", info.context.tenant)
    name = delivery_name(parts) if parts else None
    if name is None:
        raise delivery_not_found()
    return name


def delivery_name(parts: list[str]) -> DeliveryName | None:
    try:
        webhook, session, seq = parts
        return DeliveryName(webhook, session, int(seq))
    except ValueError:
        return None
