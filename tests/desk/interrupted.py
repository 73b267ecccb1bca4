"""A store that lets something happen at the very moment a race needs."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from kefu.store.memory import MemoryStore
from kefu.store.port import Conflict, Key, Order, Page, Record, Span, Throttled, Write
from kefu.store.wrapper import StoreWrapper

Meanwhile = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Happening:
    at: Callable[[str], bool]
    meanwhile: Meanwhile


class Interrupted(StoreWrapper):
    """Lets something happen once, right before or right behind the first call that `at` picks."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self._before: Happening | None = None
        self._behind: Happening | None = None
        self.refuses = 0
        """So many further commits are refused."""
        self.throttles: Callable[[str], bool] = lambda _: False
        """Reads that are throttled, every time."""

    def before(self, at: Callable[[str], bool], meanwhile: Meanwhile) -> None:
        self._before = Happening(at, meanwhile)

    def behind(self, at: Callable[[str], bool], meanwhile: Meanwhile) -> None:
        self._behind = Happening(at, meanwhile)

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        call = "get " + " ".join(key.sort for key in keys)
        await self._happen_before(call)
        found = await super().get(keys)
        await self._happen_behind(call)
        return found

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        call = f"scan {span.after}"
        await self._happen_before(call)
        page = await super().scan(partition, span, order)
        await self._happen_behind(call)
        return page

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        call = "commit " + " ".join(write.key.sort for write in writes)
        await self._happen_before(call)
        if self.refuses:
            self.refuses -= 1
            raise Conflict
        await super().commit(writes, token=token)
        await self._happen_behind(call)

    async def _happen_before(self, call: str) -> None:
        if self.throttles(call):
            raise Throttled
        if (happening := self._before) and happening.at(call):
            self._before = None
            await happening.meanwhile()

    async def _happen_behind(self, call: str) -> None:
        if (happening := self._behind) and happening.at(call):
            self._behind = None
            await happening.meanwhile()
