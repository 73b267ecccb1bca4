"""Lanes to webhooks, and the events that were not taken at once."""

from collections.abc import Sequence

from kefu.dataclass import dataclass
from kefu.domain.delivery import Lane, WebhookDelivery
from kefu.domain.instants import DAY, Instant
from kefu.records import keys
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Delete, Expect, Expectation, Key, Put, Record, Span, Store, Write

KEPT_MS = 30 * DAY
"""Of an event that was not taken at once, after its last attempt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneKey:
    tenant: str
    webhook: str
    session: str
    is_replay: bool = False

    @property
    def key(self) -> Key:
        return keys.lane(self.tenant, self.session, self.webhook, is_replay=self.is_replay)


_lanes = Codec(Lane)
_deliveries = Codec(WebhookDelivery)


async def load_lane(store: Store, lane: LaneKey) -> Loaded[Lane] | None:
    [record] = await store.get([lane.key])
    return _lanes.load_if(record)


def write_lane(lane: LaneKey, value: Lane, expect: Expectation) -> Write:
    listing = keys.lane_listing(value.due_at, lane.key) if value.due_at is not None else None
    return Put(Record(key=lane.key, value=_lanes.encode(value), listing=listing), expect)


def delete_lane(lane: LaneKey, expect: Expectation) -> Write:
    return Delete(lane.key, expect)


async def due_lanes(store: Store, now: Instant, limit: int) -> list[LaneKey]:
    """Longest due first, of all tenants; eventually consistent."""
    page = await store.listing(keys.DUE_LANES, Span(before=keys.instant(now + 1), limit=limit))
    return [_lane_key(record.key) for record in page.records]


def _lane_key(key: Key) -> LaneKey:
    tenant, session, webhook, is_replay = keys.lane_of(key)
    return LaneKey(tenant=tenant, webhook=webhook, session=session, is_replay=is_replay)


async def load(store: Store, tenant: str, wanted: Sequence[tuple[str, str, int]]) -> list[WebhookDelivery | None]:
    """By webhook, session and number of the event; None where there is none."""
    records = await store.get([keys.delivery(tenant, *each) for each in wanted])
    return [_deliveries.decode(record.value) if record else None for record in records]


async def listed(
    store: Store, tenant: str, *, before: str | None = None, limit: int
) -> tuple[list[WebhookDelivery], bool]:
    """A page of the tenant's, latest event first, eventually consistent."""
    index = keys.delivery_listing(tenant, 0, "", "", 0).index
    page = await store.listing(index, Span(before=before, limit=limit, newest_first=True))
    return [_deliveries.decode(record.value) for record in page.records], page.has_more


def listing_order(delivery: WebhookDelivery) -> str:
    return keys.delivery_listing("", delivery.at, delivery.webhook, delivery.ref.id, delivery.seq).order


def write(tenant: str, delivery: WebhookDelivery) -> Write:
    place = (delivery.webhook, delivery.ref.id, delivery.seq)
    record = Record(
        key=keys.delivery(tenant, *place),
        value=_deliveries.encode(delivery),
        listing=keys.delivery_listing(tenant, delivery.at, *place),
        expires_at=delivery.tried_at + KEPT_MS,
    )
    return Put(record, Expect.ANY)
