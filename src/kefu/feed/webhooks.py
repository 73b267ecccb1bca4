"""The delivery engine: what sessions' logs say reaches each webhook, in order per session, at least once.

Whoever hears of a log record *takes* it: each webhook's lane of that session then knows of it, durably. Whoever looks
after a lane *claims* it by a conditional write that says until when; if he dies, the next one claims it then. He tells
event after event and writes how far he came. So a lane has one sender at a time, and an event is passed over only when
the receiver took it, or when it has become a dead letter.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from kefu.desk.attempts import attempt, commit, commit_alone
from kefu.desk.desk import Desk
from kefu.domain.delivery import DeliveryState, Happening, Lane, WebhookDelivery, retry_at
from kefu.domain.instants import SECOND, Instant
from kefu.domain.log import LogEntry
from kefu.domain.session import apply
from kefu.domain.webhook import Webhook
from kefu.feed.outgoing import Dialects, NotTaken, Post
from kefu.feed.topics import log_record_in
from kefu.feed.webhook_health import note_health
from kefu.records import deliveries, keys, sessions, webhooks
from kefu.records.codec import Loaded
from kefu.records.deliveries import LaneKey
from kefu.store.port import Change, Expect

LEASE_MS = 60 * SECOND
"""A claim ends then, whoever has it."""
TELLS_FOR_MS = 40 * SECOND
"""Of its lease, how long a claim begins another event: the last may hang, and has to be written down."""
ENTRIES_PAGE = 40
"""Of a log, read and told between two writes of the lane. With each a record may be written."""
SENDS_MAX = 32
"""Lanes that one process tells at once."""
OFF = "the webhook was switched off"


@dataclass(frozen=True, kw_only=True, slots=True)
class Courier:
    desk: Desk
    dialects: Dialects
    post: Post
    sends: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SENDS_MAX))


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A lane that is ours, as we wrote it."""

    lane: LaneKey
    value: Lane
    version: int
    ahead: tuple[LogEntry, ...] = ()
    """Entries of the log that are known already."""

    @property
    def tells_until(self) -> Instant:
        return (self.value.due_at or 0) - LEASE_MS + TELLS_FOR_MS


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
        due = await deliveries.due_lanes(courier.desk.store, courier.desk.clock.now(), limit)
        claims = await asyncio.gather(*(_claim(courier.desk, lane) for lane in due))
        await asyncio.gather(*(tell(courier, claimed) for claimed in claims if claimed))
        looked_after += sum(1 for each in claims if each)
        if not any(claims):
            break
    return looked_after


async def tell(courier: Courier, claimed: Claimed) -> None:
    """As much of the lane as its lease allows."""
    async with courier.sends:
        current: Claimed | None = claimed
        while current and courier.desk.clock.now() < current.tells_until:
            current = await _tell_page(courier, current)


async def wake(
    desk: Desk, lane: LaneKey, last: int, ahead: tuple[LogEntry, ...] = (), *, claims: bool
) -> Claimed | None:
    """Lets a lane know that its log goes up to entry `last`."""
    claim = _new_claim(desk)

    async def step(desk: Desk, _lost: int) -> Claimed | None:
        loaded = await deliveries.load_lane(desk.store, lane)
        before = loaded.value if loaded else Lane()
        if before.known_seq >= last:
            return _ours(lane, loaded, claim, ahead)
        after = before.knowing(last)
        if before.due_at is None:
            now = desk.clock.now()
            after = after.claimed(claim, now + LEASE_MS) if claims else after.resting(now)
        await commit_alone(desk, deliveries.write_lane(lane, after, loaded.version if loaded else Expect.ABSENT))
        return _ours(lane, Loaded(after, (loaded.version if loaded else 0) + 1), claim, ahead)

    return await attempt(desk, step)


async def _claim(desk: Desk, lane: LaneKey) -> Claimed | None:
    """None if somebody else has it, or nothing is due any more."""
    claim = _new_claim(desk)

    async def step(desk: Desk, _lost: int) -> Claimed | None:
        loaded, now = await deliveries.load_lane(desk.store, lane), desk.clock.now()
        if loaded is None or loaded.value.due_at is None or loaded.value.due_at > now:
            return _ours(lane, loaded, claim)
        after = loaded.value.claimed(claim, now + LEASE_MS)
        await commit_alone(desk, deliveries.write_lane(lane, after, loaded.version))
        return _ours(lane, Loaded(after, loaded.version + 1), claim)

    return await attempt(desk, step)


def _ours(lane: LaneKey, loaded: Loaded[Lane] | None, claim: str, ahead: tuple[LogEntry, ...] = ()) -> Claimed | None:
    """Also when only the answer to the claim was lost."""
    if loaded is None or loaded.value.claim != claim:
        return None
    return Claimed(lane=lane, value=loaded.value, version=loaded.version, ahead=ahead)


def _new_claim(desk: Desk) -> str:
    return desk.new_id(desk.clock.now())


@dataclass(slots=True)
class _Progress:
    """How far a claim came, and what is to be written down of it."""

    value: Lane
    notes: list[WebhookDelivery] = field(default_factory=list)
    has_failed: bool = False


async def _tell_page(courier: Courier, claimed: Claimed) -> Claimed | None:
    """The next events of the lane; the claim again if there are more and all went well."""
    desk, lane = courier.desk, claimed.lane
    loaded = await attempt(desk, lambda desk, _: webhooks.load(desk.store, lane.tenant, lane.webhook))
    progress = _Progress(claimed.value)
    for entry in await _entries(desk, claimed):
        if desk.clock.now() >= claimed.tells_until or not await _tell_entry(
            courier, claimed, loaded.value if loaded else None, progress, entry
        ):
            break
    return await _write_down(desk, claimed, progress)


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


async def _write_down(desk: Desk, claimed: Claimed, progress: _Progress) -> Claimed | None:
    """How far it came, unless the claim was lost meanwhile; the claim again if there is more to tell now."""
    is_stuck = progress.has_failed or progress.value.told_seq == claimed.value.told_seq
    lane = claimed.lane

    async def step(desk: Desk, lost: int) -> Claimed | None:
        now = desk.clock.now()
        current: Loaded[Lane] | None = Loaded(claimed.value, claimed.version)
        if lost:
            current = await deliveries.load_lane(desk.store, lane)
        if current is None or current.value.claim != claimed.value.claim:
            return None
        after = progress.value.knowing(current.value.known_seq)
        goes_on = after.has_more and not is_stuck
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
