from collections.abc import AsyncGenerator, Sequence

from kefu.store.port import Change, Key, Order, Page, Record, Store, Write


class StoreWrapper:
    """Hands every call on to `inner`; what stands around a store overrides what it changes."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        return await self.inner.get(keys)

    async def scan(
        self,
        partition: str,
        *,
        order: Order = Order.SORT,
        after: str = "",
        before: str | None = None,
        limit: int,
        newest_first: bool = False,
    ) -> Page:
        return await self.inner.scan(
            partition, order=order, after=after, before=before, limit=limit, newest_first=newest_first
        )

    async def count(self, partition: str, *, after: str = "", before: str | None = None, limit: int) -> int:
        return await self.inner.count(partition, after=after, before=before, limit=limit)

    async def listing(
        self, index: str, *, after: str = "", before: str | None = None, limit: int, newest_first: bool = False
    ) -> Page:
        return await self.inner.listing(index, after=after, before=before, limit=limit, newest_first=newest_first)

    async def commit(self, writes: Sequence[Write], *, token: str) -> None:
        await self.inner.commit(writes, token=token)

    async def position(self) -> str:
        return await self.inner.position()

    def changes(self, after: str) -> AsyncGenerator[Change, None]:
        return self.inner.changes(after)

    async def close(self) -> None:
        await self.inner.close()
