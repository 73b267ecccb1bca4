"""The sweep of many tenants: begun every minute, or gone on with by calls that may each be cut anywhere."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from zlib import crc32

from kefu.dataclass import dataclass
from kefu.desk.attempts import attempt, commit
from kefu.desk.desk import Desk
from kefu.desk.sweep import Look, looks_of
from kefu.domain.bounds import SWEEP_PAGE, TENANTS_SWEPT_MAX
from kefu.domain.tenant import Tenant
from kefu.records import keys, sweep_places, tenants
from kefu.records.sweep_places import START, SweepPlace
from kefu.store.port import Conflict

SWEEP_EVERY_S = 60
STOP_BEFORE_S = 10.0
"""A bounded sweep begins no look with less time left than this, …"""
CUT_BEFORE_S = 3.0
"""… and cuts one that hangs, so that it can still say how far it came."""

log = logging.getLogger("kefu.desk.sweep")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """One of `of` equal parts of all tenants; which one a tenant belongs to never changes."""

    number: int = 0
    of: int = 1

    def has(self, tenant: str) -> bool:
        return crc32(tenant.encode()) % self.of == self.number


ALL_TENANTS = Shard()


async def keep_sweeping(desk: Desk) -> None:
    """Sweeps every tenant once a minute, for as long as it is let. What goes wrong is logged and tried again."""
    current = Round(desk)
    while True:
        await desk.clock.sleep(SWEEP_EVERY_S)
        try:
            current = Round(desk) if current.is_over else current
            await current.go_on()
        except Exception:  # the second net must hold whatever tears
            log.exception("the sweep did not come through; the next one tries again")


async def sweep_for(desk: Desk, shard: Shard, left_s: Callable[[], float]) -> "Round":
    """Goes on with the shard's round where the last call stopped, for as long as time is left.

    Calls beside it do no harm, and of two that keep their place at once the first is believed.
    """
    name = f"{shard.number}/{shard.of}"
    kept = await attempt(desk, lambda desk, _: sweep_places.load(desk.store, name))
    current = Round(desk, shard, kept.value)
    with suppress(TimeoutError):
        async with asyncio.timeout(left_s() - CUT_BEFORE_S):
            await current.go_on(lambda: left_s() > STOP_BEFORE_S)
    with suppress(Conflict):
        if not current.is_over:
            await commit(desk, [sweep_places.write(name, current.place, kept.version, desk.clock.now())])
        elif kept.version:
            await commit(desk, [sweep_places.delete(name, kept.version)])
    return current


class Round:
    """A sweep of all tenants of a shard that may be cut anywhere, and gone on with from `place`."""

    def __init__(self, desk: Desk, shard: Shard = ALL_TENANTS, place: SweepPlace = START) -> None:
        self.place = place
        self.looks = 0
        self.is_over = False
        self._desk = desk
        self._shard = shard
        self._has_seen_all = False

    async def go_on(self, has_time: Callable[[], bool] = lambda: True) -> None:
        if self.place.tenant and not self.place.is_tenant_done:
            await self._sweep(self.place.tenant, has_time)
        async with aclosing(self._tenants()) as tenants_left:
            async for tenant in tenants_left:
                if not has_time():
                    return
                self.place = SweepPlace(tenant=tenant)
                await self._sweep(tenant, has_time)
        self.is_over = self._has_seen_all and (self.place.is_tenant_done or not self.place.tenant)

    async def _sweep(self, tenant: str, has_time: Callable[[], bool]) -> None:
        try:
            async with aclosing(looks_of(self._desk, tenant, self.place)) as looks:
                async for place, look_here in looks:
                    if not has_time():
                        return
                    self.place = place  # before the look: one that hangs until the cut does not hang the next round
                    self.looks += 1
                    await self._look(tenant, look_here)
        except Exception:  # one tenant's trouble is not the next one's
            log.exception("the sweep of tenant %s did not come through; the next one tries again", tenant)
        self.place = replace(self.place, is_tenant_done=True)

    async def _look(self, tenant: str, look_here: Look) -> None:
        try:
            await look_here()
        except Exception:  # one look's trouble is not the next one's
            log.exception("a look at tenant %s did not come through; the next round tries again", tenant)

    async def _tenants(self) -> AsyncGenerator[str, None]:
        after = keys.tenant_record(self.place.tenant).sort
        for _ in range(TENANTS_SWEPT_MAX // SWEEP_PAGE):
            page, behind = await _tenants_page(self._desk, after)
            for tenant in page:
                if self._shard.has(tenant.id):
                    yield tenant.id
            if behind is None:
                self._has_seen_all = True
                return
            after = behind
            self.place = SweepPlace(tenant=page[-1].id, is_tenant_done=True)


async def _tenants_page(desk: Desk, after: str) -> tuple[list[Tenant], str | None]:
    return await attempt(desk, lambda desk, _: tenants.load_page(desk.store, after=after, limit=SWEEP_PAGE))
