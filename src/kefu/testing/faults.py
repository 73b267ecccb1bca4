"""A store that shows every fault a backend may show, by dice."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from kefu.store.port import (
    Change,
    Conflict,
    Key,
    Order,
    OutcomeUnknown,
    Page,
    Record,
    Span,
    Store,
    Throttled,
    Write,
)
from kefu.store.wrapper import StoreWrapper

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultRates:
    """How often each fault strikes, from 0 to 1."""

    conflict: float = 0
    """A commit is refused although its expectations hold, as when another transaction is on the records."""
    throttled: float = 0
    lost_before: float = 0
    """The answer of a commit is lost and nothing was written."""
    lost_after: float = 0
    """The answer of a commit is lost and everything was written."""
    stale_listing: float = 0
    """A listing answers as it would have before the latest commit."""
    short_page: float = 0
    repeated_change: float = 0


CALM = FaultRates()
ROUGH = FaultRates(
    conflict=0.05,
    throttled=0.03,
    lost_before=0.03,
    lost_after=0.03,
    stale_listing=0.2,
    short_page=0.2,
    repeated_change=0.2,
)


class FaultyStore(StoreWrapper):
    """Hands every call on to `inner`, or lets it fail as `rates` and `random` will have it."""

    def __init__(self, inner: Store, random: Random, rates: FaultRates = ROUGH) -> None:
        super().__init__(inner)
        self.rates = rates
        self._random = random
        self._earlier: dict[tuple[str, Span], Page] = {}

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        self._maybe_throttled()
        return await self.inner.get(keys)

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        self._maybe_throttled()
        page = await self.inner.scan(partition, span, order)
        return self._maybe_short(page)

    async def count(self, partition: str, span: Span) -> int:
        self._maybe_throttled()
        return await self.inner.count(partition, span)

    async def listing(self, index: str, span: Span) -> Page:
        self._maybe_throttled()
        page = await self.inner.listing(index, span)
        earlier = self._earlier.get((index, span), Page((), has_more=False))
        self._earlier[index, span] = page
        return earlier if self._strikes(self.rates.stale_listing) else self._maybe_short(page)

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        self._maybe_throttled()
        if self._strikes(self.rates.conflict):
            raise Conflict
        if self._strikes(self.rates.lost_before):
            raise OutcomeUnknown
        await self.inner.commit(writes, token=token)
        if self._strikes(self.rates.lost_after):
            raise OutcomeUnknown

    async def changes(self, after: str) -> AsyncGenerator[Change, None]:
        async for change in self.inner.changes(after):
            yield change
            if self._strikes(self.rates.repeated_change):
                yield change

    def _strikes(self, rate: float) -> bool:
        return rate > 0 and self._random.random() < rate

    def _maybe_throttled(self) -> None:
        if self._strikes(self.rates.throttled):
            raise Throttled

    def _maybe_short(self, page: Page) -> Page:
        if len(page.records) > 1 and self._strikes(self.rates.short_page):
            return Page(page.records[: self._random.randrange(1, len(page.records))], has_more=True)
        return page


class PatientStore(StoreWrapper):
    """A store whose calls are asked again while they fail for a passing reason.

    The law book of the store runs over `PatientStore(FaultyStore(backend))`: whatever a backend may show, a
    caller that repeats as the port says sees a store that keeps the laws.
    """

    def __init__(self, inner: Store, *, tries: int = 12) -> None:
        super().__init__(inner)
        self._tries = tries

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        return await self._patiently(lambda: self.inner.get(keys))

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        return await self._patiently(lambda: self.inner.scan(partition, span, order))

    async def count(self, partition: str, span: Span) -> int:
        return await self._patiently(lambda: self.inner.count(partition, span))

    async def listing(self, index: str, span: Span) -> Page:
        return await self._patiently(lambda: self.inner.listing(index, span))

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        own = token or uuid.uuid4().hex  # who repeats needs one
        await self._patiently(lambda: self.inner.commit(writes, token=own))

    async def position(self) -> str:
        return await self._patiently(self.inner.position)

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        for left in reversed(range(self._tries)):
            try:
                return await call()
            except (Conflict, Throttled, OutcomeUnknown) as passing:
                is_real = isinstance(passing, Conflict) and passing.keys
                if left == 0 or is_real:
                    raise
            await asyncio.sleep(0)
        raise AssertionError("the last try returns or raises")
