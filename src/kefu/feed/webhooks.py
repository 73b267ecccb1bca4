"""The delivery engine: what sessions' logs say reaches each webhook, in order per session, at least once.

Whoever hears of a log record *takes* it: each webhook's lane of that session then knows of it, durably. Whoever looks
after a lane *claims* it by a conditional write that says until when; if he dies, the next one claims it then. He tells
event after event and writes how far he came. So a lane has one sender at a time, and an event is passed over only when
the receiver took it, or when it has become a dead letter.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from operator import itemgetter

from kefu.dataclass import dataclass
from kefu.desk.attempts import attempt, commit
from kefu.desk.desk import Desk
from kefu.domain.delivery import DeliveryState, Happening, Lane, WebhookDelivery, retry_at
from kefu.domain.instants import SECOND, Instant
from kefu.domain.log import LogEntry
from kefu.domain.refusals import Declined
from kefu.domain.session import apply
from kefu.domain.webhook import Webhook
from kefu.feed.outgoing import Dialects, NotTaken, Post
from kefu.feed.topics import log_record_in
from kefu.feed.webhook_claims import LEASE_MS, Claimed, claim, wake
from kefu.feed.webhook_health import note_health
from kefu.records import deliveries, keys, sessions, webhooks
from kefu.records.codec import Loaded
from kefu.records.deliveries import LaneKey
from kefu.store.port import Change, StoreError

ENTRIES_PAGE = 40
"""Of a log, read and told between two writes of the lane. With each a record may be written."""
SENDS_MAX = 32
"""Lanes that one process tells at once."""
DUE_PAGE = 500
"""Due lanes that are chosen from: so many of one webhook that fails do not hold up another's."""
OFF = "the webhook was switched off"
UNWANTED = "the webhook does not ask for it any more"
PAGE_TOLD_MS = 2 * SECOND
"""So long, and one event more, telling goes on before it is written down how far it came."""

log = logging.getLogger("kefu.feed.webhooks")


@dataclass(frozen=True, kw_only=True, slots=True)
class Courier:
    desk: Desk
    dialects: Dialects
    post: Post
    sends: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SENDS_MAX))


async def take(courier: Courier, change: Change, *, claims: bool = True) -> list[Claimed]:
    """Every lane that a change of the store concerns knows of it when this returns; those to be told now are claimed.

    A webhook that fails already is left to `tell_due`: it would only hold up whoever took the change.
    """
    tenant = keys.tenant_of(change.key.partition)
    record = log_record_in(change, tenant) if tenant is not None else None
    if tenant is None or record is None:
        return []
    known = await attempt(courier.desk, lambda desk, _: webhooks.load_all(desk.store, tenant))
    wanting = [each for each in known if each.is_enabled and any(each.wants(entry) for entry in record.entries)]
    lanes = [LaneKey(tenant=tenant, webhook=each.id, session=record.ref.id) for each in wanting]
    woken = await asyncio.gather(
        *(
            wake(courier.desk, lane, record.entries[-1].seq, record.entries, claims=claims and not each.failing_since)
            for lane, each in zip(lanes, wanting, strict=True)
        )
    )
    return [each for each in woken if each]


async def tell_due(courier: Courier, has_time: Callable[[], bool], limit: int = SENDS_MAX) -> int:
    """Tells what is due on any lane; returns how many lanes were looked after. Safe to run twice, at once."""
    looked_after = 0
    while has_time():
        due = await deliveries.due_lanes(courier.desk.store, courier.desk.clock.now(), DUE_PAGE)
        were_ours = await asyncio.gather(*(_look_after(courier, lane) for lane in _in_turn(due)[:limit]))
        looked_after += sum(were_ours)
        if not any(were_ours):
            break
    return looked_after


def _in_turn(due: Sequence[LaneKey]) -> list[LaneKey]:
    """Of each webhook the longest due, then of each the next one."""
    waiting: Counter[tuple[str, str]] = Counter()
    turns: list[tuple[int, LaneKey]] = []
    for lane in due:
        waiting[lane.tenant, lane.webhook] += 1
        turns.append((waiting[lane.tenant, lane.webhook], lane))
    return [lane for _, lane in sorted(turns, key=itemgetter(0))]


async def _look_after(courier: Courier, lane: LaneKey) -> bool:
    """Whether it was ours to tell. One lane's trouble is not the next one's."""
    try:
        claimed = await claim(courier.desk, lane)
    except (Declined, StoreError):
        log.warning("a lane was not claimed; it stays due", exc_info=True)
        return False
    if claimed:
        await tell_in_peace(courier, claimed)
    return claimed is not None


async def tell_in_peace(courier: Courier, claimed: Claimed) -> None:
    """As `tell`; whatever goes wrong is logged, and when the claim ends the lane is due again."""
    try:
        await tell(courier, claimed)
    except Exception:  # one lane's trouble is not the next one's
        log.exception("telling webhook %s broke off; it is tried again", claimed.lane.webhook)


async def tell(courier: Courier, claimed: Claimed) -> None:
    """As much of the lane as one claim has time for; what is left is due again, behind others."""
    async with courier.sends:
        current: Claimed | None = claimed
        while current and courier.desk.clock.now() < claimed.tells_until:
            current = await _tell_page(courier, current, claimed.tells_until)


@dataclass(slots=True)
class _Progress:
    """How far a claim came, and what is to be written down of it."""

    value: Lane
    notes: list[WebhookDelivery] = field(default_factory=list)
    has_failed: bool = False


async def _tell_page(courier: Courier, claimed: Claimed, until: Instant) -> Claimed | None:
    """The next events of the lane; the claim again if there are more, there is time, and all went well.

    How far it came is written down before whoever runs this may be cut off: a slow receiver is told each event once.
    """
    desk, lane = courier.desk, claimed.lane
    loaded = await attempt(desk, lambda desk, _: webhooks.load(desk.store, lane.tenant, lane.webhook))
    progress = _Progress(claimed.value)
    page_until = min(until, desk.clock.now() + PAGE_TOLD_MS)
    for entry in await _entries(desk, claimed):
        if desk.clock.now() >= page_until or not await _tell_entry(
            courier, claimed, loaded.value if loaded else None, progress, entry
        ):
            break
    return await _write_down(desk, claimed, progress, until)


async def _entries(desk: Desk, claimed: Claimed) -> Sequence[LogEntry]:
    """What follows in the log."""
    told = claimed.value.told_seq
    if claimed.ahead and claimed.ahead[0].seq == told + 1:
        return claimed.ahead
    lane = claimed.lane
    entries, _ = await attempt(
        desk, lambda desk, _: sessions.log_after(desk.store, lane.tenant, lane.session, told, ENTRIES_PAGE)
    )
    return entries


async def _tell_entry(
    courier: Courier, claimed: Claimed, webhook: Webhook | None, progress: _Progress, entry: LogEntry
) -> bool:
    """Whether the lane goes on to the next entry."""
    lane, now = progress.value, courier.desk.clock.now()
    happening = Happening(lane.told, entry, apply(lane.told, entry))
    outgoing = None
    if webhook is not None and (entry.seq in lane.only if lane.only else webhook.wants(entry)):
        outgoing = courier.dialects[webhook.dialect](webhook, happening, now)
    if webhook is None or outgoing is None:
        if webhook is not None and (lane.attempts or entry.seq in lane.only):
            progress.notes.append(
                _note(webhook, happening, DeliveryState.DEAD, attempts=lane.attempts, now=now, answer=UNWANTED)
            )
        progress.value = lane.passed(happening.after)
        return True
    if not webhook.is_enabled:
        progress.notes.append(
            _note(webhook, happening, DeliveryState.DEAD, attempts=lane.attempts, now=now, answer=OFF)
        )
        progress.value = lane.passed(happening.after)
        return True
    try:
        await courier.post(outgoing)
    except NotTaken as failure:
        await note_health(courier.desk, claimed.lane.tenant, webhook, is_taken=False)
        _fail(progress, webhook, happening, courier.desk.clock.now(), str(failure))
        return False
    await note_health(courier.desk, claimed.lane.tenant, webhook, is_taken=True)
    if lane.attempts or lane.only:
        progress.notes.append(_note(webhook, happening, DeliveryState.DELIVERED, attempts=lane.attempts + 1, now=now))
    progress.value = lane.passed(happening.after)
    return True


def _fail(progress: _Progress, webhook: Webhook, happening: Happening, now: Instant, answer: str) -> None:
    """The event is tried again later, or it is a dead letter and the lane goes on."""
    lane, attempts = progress.value, progress.value.attempts + 1
    progress.has_failed = True
    again = retry_at(attempts, now)
    if again is None:
        progress.notes.append(_note(webhook, happening, DeliveryState.DEAD, attempts=attempts, now=now, answer=answer))
        progress.value = lane.passed(happening.after)
    else:
        note = _note(webhook, happening, DeliveryState.RETRYING, attempts=attempts, now=now, answer=answer)
        progress.notes.append(replace(note, due_at=again))
        progress.value = lane.retrying(again)


def _note(
    webhook: Webhook, happening: Happening, state: DeliveryState, *, attempts: int, now: Instant, answer: str = ""
) -> WebhookDelivery:
    return WebhookDelivery(
        webhook=webhook.id,
        ref=happening.after.ref,
        seq=happening.entry.seq,
        kind=happening.entry.kind,
        at=happening.entry.at,
        state=state,
        attempts=attempts,
        tried_at=now,
        answer=answer,
        before=happening.before if state is not DeliveryState.DELIVERED else None,
    )


async def _write_down(desk: Desk, claimed: Claimed, progress: _Progress, until: Instant) -> Claimed | None:
    """How far it came, unless the claim was lost meanwhile; the claim again if there is more to tell now."""
    is_stuck = progress.has_failed or progress.value.told_seq == claimed.value.told_seq
    lane, known = claimed.lane, iter([Loaded(claimed.value, claimed.version)])

    async def step(desk: Desk, _: int) -> Claimed | None:
        now = desk.clock.now()
        current = next(known, None) or await deliveries.load_lane(desk.store, lane)
        if current is None or current.value.claim != claimed.value.claim:
            return None
        after = progress.value.knowing(current.value.known_seq)
        goes_on = after.has_more and not is_stuck and now < until
        if goes_on:
            after = after.claimed(claimed.value.claim, now + LEASE_MS)
        elif not after.attempts:
            after = after.resting(now)
        is_over = lane.is_replay and not after.has_more
        write = (
            deliveries.delete_lane(lane, current.version)
            if is_over
            else deliveries.write_lane(lane, after, current.version)
        )
        await commit(desk, [write, *(deliveries.write(lane.tenant, note) for note in progress.notes)])
        return Claimed(lane=lane, value=after, version=current.version + 1) if goes_on else None

    return await attempt(desk, step)
