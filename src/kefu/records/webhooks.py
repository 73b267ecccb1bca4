from kefu.domain.bounds import WEBHOOKS_PER_TENANT_MAX
from kefu.domain.webhook import Webhook
from kefu.records import keys
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Delete, Expect, Expectation, Put, Record, Span, Store, Write

_webhooks = Codec(Webhook)


async def load(store: Store, tenant: str, webhook_id: str) -> Loaded[Webhook] | None:
    [record] = await store.get([keys.webhook(tenant, webhook_id)])
    return _webhooks.load_if(record)


async def load_all(store: Store, tenant: str) -> list[Webhook]:
    """Oldest first; a little over the bound, where several were made at once."""
    page = await store.scan(keys.webhook_partition(tenant), Span(limit=2 * WEBHOOKS_PER_TENANT_MAX))
    return [_webhooks.decode(record.value) for record in page.records]


def write(tenant: str, webhook: Webhook, expect: Expectation) -> Write:
    return Put(Record(key=keys.webhook(tenant, webhook.id), value=_webhooks.encode(webhook)), expect)


def delete(tenant: str, webhook_id: str) -> Write:
    return Delete(keys.webhook(tenant, webhook_id), Expect.PRESENT)
