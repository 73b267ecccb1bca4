"""Words the laws are written in."""

import itertools

from kefu.store.port import (
    Check,
    Delete,
    Expect,
    Expectation,
    Key,
    Listing,
    Order,
    Put,
    Record,
    Span,
    Store,
    Write,
)

_numbers = itertools.count()


def record(
    partition: str, sort: str, value: str = "{}", *, rank: str | None = None, listing: Listing | None = None
) -> Record:
    return Record(key=Key(partition, sort), value=value, rank=rank, listing=listing)


def put(partition: str, sort: str, value: str = "{}", expect: Expectation = Expect.ANY) -> Put:
    return Put(record(partition, sort, value), expect)


def delete(partition: str, sort: str, expect: Expectation = Expect.ANY) -> Delete:
    return Delete(Key(partition, sort), expect)


def check(partition: str, sort: str, expect: Expectation) -> Check:
    return Check(Key(partition, sort), expect)


async def commit(store: Store, *writes: Write) -> None:
    await store.commit(writes, token=f"contract-token-{next(_numbers):012d}")


async def value_of(store: Store, partition: str, sort: str) -> str | None:
    [found] = await store.get([Key(partition, sort)])
    return found.value if found else None


async def whole_scan(
    store: Store,
    partition: str,
    *,
    order: Order = Order.SORT,
    after: str = "",
    before: str | None = None,
    limit: int = 100,
    newest_first: bool = False,
) -> list[str]:
    """Sort keys of all pages, each asked for behind the last: a short page is followed, not believed."""
    span = Span(limit, after, before, newest_first)
    found: list[Record] = []
    while (read := await store.scan(partition, span, order)).records:
        found.extend(read.records)
        last = read.records[-1]
        span = span.beyond(last.key.sort if order is Order.SORT else last.rank or "")
        if not read.has_more:
            break
    return [each.key.sort for each in found]


async def whole_listing(store: Store, index: str, *, newest_first: bool = False) -> list[str]:
    found: list[str] = []
    span = Span(limit=2, newest_first=newest_first)
    while (page := await store.listing(index, span)).records:
        found.extend(each.key.sort for each in page.records)
        listing = page.records[-1].listing
        span = span.beyond(listing.order if listing else "")
        if not page.has_more:
            break
    return found
