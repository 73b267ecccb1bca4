"""Dead letters are sent again: in the order of their session, and beside what happens in it now."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from kefu.desk.access import require_staff
from kefu.desk.attempts import commit
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.once import attempt_once, mark
from kefu.desk.webhooks import webhook_not_found
from kefu.domain.bounds import DEAD_LETTERS_REPLAYED_MAX
from kefu.domain.delivery import DeliveryState, Lane, WebhookDelivery
from kefu.domain.instants import Instant
from kefu.domain.refusals import Declined, Invalid, NotFound, RefusalCode
from kefu.records import deliveries, webhooks
from kefu.records.codec import Codec, Loaded
from kefu.records.deliveries import LaneKey
from kefu.store.port import Expect, Write

_FIELD = "deliveryIds"


class DeliveryName(NamedTuple):
    webhook: str
    session: str
    seq: int


_results = Codec(tuple[DeliveryName, ...])


async def replay_deliveries(desk: Desk, call: Call, names: Sequence[DeliveryName]) -> tuple[DeliveryName, ...]:
    """All of them or none. Raises `Invalid`, `NotFound`, or `Declined` with WEBHOOK_DISABLED."""
    require_staff(call.by)
    wanted = tuple(sorted(set(names)))
    if not 1 <= len(wanted) <= DEAD_LETTERS_REPLAYED_MAX:
        raise Invalid(f"Name 1 to {DEAD_LETTERS_REPLAYED_MAX} deliveries.", _FIELD)

    async def replay(desk: Desk, _lost: int) -> tuple[DeliveryName, ...]:
        now = desk.clock.now()
        dead = [_dead(each) for each in await deliveries.load(desk.store, call.tenant, wanted)]
        for webhook in {each.webhook for each in wanted}:
            await _require_enabled(desk, call.tenant, webhook)
        writes: list[Write] = []
        for lane in {LaneKey(tenant=call.tenant, webhook=each.webhook, session=each.session, is_replay=True): None
                     for each in wanted}:  # fmt: skip
            known = await deliveries.load_lane(desk.store, lane)
            again = [each for each in dead if (each.webhook, each.ref.id) == (lane.webhook, lane.session)]
            value = _lane(known, again, now)
            writes.append(deliveries.write_lane(lane, value, known.version if known else Expect.ABSENT))
        writes += [
            deliveries.write(call.tenant, replace(each, state=DeliveryState.RETRYING, attempts=0, due_at=now))
            for each in dead
        ]
        await commit(desk, [*writes, *mark(call, _results, wanted, now)])
        return wanted

    done, _ = await attempt_once(desk, call, _results, replay)
    return done


def _dead(found: WebhookDelivery | None) -> WebhookDelivery:
    if found is None or found.state is not DeliveryState.DEAD:
        raise delivery_not_found()
    return found


def delivery_not_found() -> NotFound:
    return NotFound(
        RefusalCode.WEBHOOK_DELIVERY_NOT_FOUND,
        "There is no such dead letter. Use ids of webhookDeliveries whose state is DEAD.",
        _FIELD,
    )


async def _require_enabled(desk: Desk, tenant: str, webhook_id: str) -> None:
    loaded = await webhooks.load(desk.store, tenant, webhook_id)
    if loaded is None:
        raise webhook_not_found(_FIELD)
    if not loaded.value.is_enabled:
        raise Declined(RefusalCode.WEBHOOK_DISABLED, "The webhook is off. Enable it first, with webhookSave.", _FIELD)


def _lane(known: Loaded[Lane] | None, again: Sequence[WebhookDelivery], now: Instant) -> Lane:
    """From the first of them on; with what an earlier replay has not told yet."""
    numbers = {each.seq for each in again}
    starts = {each.seq: each.before for each in again}
    if known:
        lane = known.value
        left = [seq for seq in lane.only if seq > lane.told_seq]
        numbers |= set(left)
        if left and left[0] < min(starts):
            return replace(lane, only=tuple(sorted(numbers)), claim="", due_at=now).knowing(max(numbers))
    return Lane(told=starts[min(starts)], known_seq=max(numbers), only=tuple(sorted(numbers)), due_at=now)
