"""A store around a store."""

from collections.abc import AsyncGenerator, Coroutine, Sequence
from typing import Any

from kefu.store.port import (
    Change,
    Key,
    Order,
    Page,
    Record,
    Span,
    Store,
    Write,
)


class StoreWrapper:
    """Hands every call on to `inner`; what stands around a store overrides what it changes.

    It hands on the very coroutine: a wrapper that changes nothing costs nothing.
    """

    def __init__(self, inner: Store) -> None:
        self.inner = inner

    def get(self, keys: Sequence[Key]) -> Coroutine[Any, Any, list[Record | None]]:
        return self.inner.get(keys)

    def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Coroutine[Any, Any, Page]:
        return self.inner.scan(partition, span, order)

    def count(self, partition: str, span: Span) -> Coroutine[Any, Any, int]:
        return self.inner.count(partition, span)

    def listing(self, index: str, span: Span) -> Coroutine[Any, Any, Page]:
        return self.inner.listing(index, span)

    def commit(self, writes: Sequence[Write], *, token: str | None) -> Coroutine[Any, Any, None]:
        return self.inner.commit(writes, token=token)

    def position(self) -> Coroutine[Any, Any, str]:
        return self.inner.position()

    def changes(self, after: str) -> AsyncGenerator[Change, None]:
        return self.inner.changes(after)

    def close(self) -> Coroutine[Any, Any, None]:
        return self.inner.close()
