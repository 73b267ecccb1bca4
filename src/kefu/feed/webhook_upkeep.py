"""Deliveries without Lambda: this process follows the store's changes itself, and looks after what is due.

Any number of processes may do it over one store: a lane has one sender. What a process has not taken when it dies, the
next one takes: it goes on from a place that was kept, at most an hour old, and what was taken already is known by its
number.
"""

import asyncio
import logging
from contextlib import aclosing, suppress

import msgspec

from kefu.desk.attempts import commit
from kefu.domain.bounds import SWEEP_PAGE, SWEPT_MAX, TENANTS_SWEPT_MAX
from kefu.domain.instants import DAY, HOUR, Instant
from kefu.domain.session import Session, SessionState
from kefu.feed.webhook_claims import Claimed, wake
from kefu.feed.webhooks import Courier, take, tell_due, tell_in_peace
from kefu.records import follower_places, sessions, tenants, webhooks
from kefu.records.deliveries import LaneKey
from kefu.store.port import Change, PositionExpired, Span, StoreError

FOLLOWER = "webhooks"
KEPT_EVERY_MS = HOUR
LOOKS_EVERY_S = 1.0
UNDER_WAY_MAX = 500
"""Lanes claimed and not yet told: with more, they wait for their turn by the clock."""
CAUGHT_UP_MS = 7 * DAY
"""Closed sessions that began longer ago are not looked at any more when changes were missed."""

log = logging.getLogger("kefu.feed.webhooks")


class Upkeep:
    def __init__(self, courier: Courier, position: str) -> None:
        self.position = position
        self._courier = courier
        self._kept_at = courier.desk.clock.now()
        self._under_way: set[asyncio.Task[None]] = set()

    @classmethod
    async def begin(cls, courier: Courier) -> "Upkeep":
        """From where the last one kept its place, else from now on."""
        store = courier.desk.store
        known = await follower_places.load(store, FOLLOWER)
        upkeep = cls(courier, known or await store.position())
        if known is None:
            await upkeep.keep_place()
        return upkeep

    async def run(self) -> None:
        """Until it is cancelled. What goes wrong is logged and tried again."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow())
                tasks.create_task(self._look_after())
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            with suppress(StoreError):  # it is only some work that the next one repeats
                await self.keep_place()

    async def keep_place(self) -> None:
        await commit(self._courier.desk, [follower_places.write(FOLLOWER, self.position)])
        self._kept_at = self._courier.desk.clock.now()

    async def follow_once(self) -> None:
        """Takes every change from the position on, until the store is closed."""
        desk = self._courier.desk
        try:
            async with aclosing(desk.store.changes(self.position)) as changes:
                async for change in changes:
                    has_room = len(self._under_way) < UNDER_WAY_MAX
                    for claimed in await self._take(change, claims=has_room):
                        self._begin(claimed)
                    self.position = change.position
                    if desk.clock.now() - self._kept_at >= KEPT_EVERY_MS:
                        await self.keep_place()
        except PositionExpired:
            log.warning("changes were missed; every session of the last days is looked at")
            position = await desk.store.position()
            await catch_up(self._courier)
            self.position = position

    async def _take(self, change: Change, *, claims: bool) -> list[Claimed]:
        """A record that nobody can read, today or later, must not keep all that come behind it from being told."""
        try:
            return await take(self._courier, change, claims=claims)
        except msgspec.MsgspecError:
            log.exception("the change at %s cannot be read; its session is told no further", change.position)
            return []

    async def _follow(self) -> None:
        while True:
            try:
                await self.follow_once()
            except Exception:  # whatever tears, the same change is taken again
                log.exception("a change was not taken; it is tried again")
            await self._courier.desk.clock.sleep(LOOKS_EVERY_S)

    async def _look_after(self) -> None:
        while True:
            try:
                await tell_due(self._courier, lambda: True)
            except Exception:  # as above; what is due stays due
                log.exception("deliveries that are due were not looked after; they are tried again")
            await self._courier.desk.clock.sleep(LOOKS_EVERY_S)

    def _begin(self, claimed: Claimed) -> None:
        task = asyncio.create_task(tell_in_peace(self._courier, claimed))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


async def catch_up(courier: Courier) -> None:
    """Lets every lane know how far its log goes, for all that may have happened since changes were read last."""
    oldest = courier.desk.clock.now() - CAUGHT_UP_MS
    after: str | None = ""
    for _ in range(TENANTS_SWEPT_MAX // SWEEP_PAGE):
        if after is None:
            return
        page, after = await tenants.load_page(courier.desk.store, after=after, limit=SWEEP_PAGE)
        for tenant in page:
            hooks = [each.id for each in await webhooks.load_all(courier.desk.store, tenant.id) if each.is_enabled]
            for state in SessionState if hooks else ():
                await _catch_up(courier, tenant.id, hooks, state, oldest)


async def _catch_up(courier: Courier, tenant: str, hooks: list[str], state: SessionState, oldest: Instant) -> None:
    span = Span(SWEEP_PAGE, newest_first=True)
    for _ in range(SWEPT_MAX // SWEEP_PAGE):
        page, has_more = await sessions.listed(courier.desk.store, tenant, state, span)
        for session in page:
            if not session.is_open and session.started_at < oldest:
                return
            for hook in hooks:
                await _wake(courier, tenant, hook, session)
        if not has_more:
            return
        span = span.beyond(sessions.listing_order(page[-1]))


async def _wake(courier: Courier, tenant: str, hook: str, session: Session) -> None:
    lane = LaneKey(tenant=tenant, webhook=hook, session=session.id)
    await wake(courier.desk, lane, session.last_seq, claims=False)
