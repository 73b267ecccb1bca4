from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.pagination import After, Connection, First, Window, connect, cut, pick, window
from kefu.api.types.webhook import Webhook, WebhookDelivery, delivery_name, load_webhook, webhook_id_of
from kefu.desk.access import STAFF, require_staff
from kefu.domain import delivery as domain
from kefu.domain.bounds import PAGE_MAX
from kefu.domain.webhook import Webhook as WebhookValue
from kefu.records import deliveries, webhooks


@define.input(description="Which deliveries; what is left out does not matter.")
class WebhookDeliveryFilter:
    webhook_id: strawberry.ID | None = strawberry.field(default=None, description="To this webhook.")
    states: list[domain.DeliveryState] | None = strawberry.field(default=None, description="In one of these states.")


Filter = Annotated[WebhookDeliveryFilter | None, strawberry.argument(description="Which deliveries.")]


async def list_webhooks(info: Info, first: First = None, after: After = None) -> Connection[Webhook]:
    context = info.context
    require_staff(context.by)
    whole = await webhooks.load_all(context.desk.store, context.tenant)

    async def fetch(asked: Window) -> tuple[list[WebhookValue], bool]:
        return cut(whole, asked, lambda each: each.id)

    return await connect(
        window("webhooks", first, after),
        fetch,
        place=lambda each: each.id,
        node=lambda each: Webhook.of(each, context.tenant),
    )


async def list_deliveries(
    info: Info,
    filter: Filter = None,  # noqa: A002  the contract's name
    first: First = None,
    after: After = None,
) -> Connection[WebhookDelivery]:
    """Latest event first."""
    context = info.context
    require_staff(context.by)
    asked_filter = filter or WebhookDeliveryFilter()
    webhook = None if asked_filter.webhook_id is None else webhook_id_of(info, asked_filter.webhook_id, "webhookId")
    states = asked_filter.states

    def matches(value: domain.WebhookDelivery) -> bool:
        return (webhook is None or value.webhook == webhook) and (states is None or value.state in states)

    async def listed(behind: str) -> tuple[list[domain.WebhookDelivery], bool]:
        return await deliveries.listed(context.desk.store, context.tenant, before=behind or None, limit=PAGE_MAX)

    return await connect(
        window("deliveries", first, after),
        lambda asked: pick(asked, listed, matches, deliveries.listing_order),
        place=deliveries.listing_order,
        node=lambda value: WebhookDelivery.of(value, context.tenant),
    )


async def find_webhook(info: Info, webhook_id: str) -> Webhook | None:
    return await load_webhook(info, webhook_id) if info.context.by.role in STAFF else None


async def find_delivery(info: Info, parts: list[str]) -> WebhookDelivery | None:
    context, name = info.context, delivery_name(parts)
    if name is None or context.by.role not in STAFF:
        return None
    [found] = await deliveries.load(context.desk.store, context.tenant, [name])
    return WebhookDelivery.of(found, context.tenant) if found else None
