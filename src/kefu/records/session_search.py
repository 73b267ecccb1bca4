"""Searching a tenant's sessions for screens: the listings of several states, merged by start time."""

from collections.abc import AsyncIterator, Callable, Iterable

from kefu.domain.bounds import SEARCHED_MAX
from kefu.domain.session import Session, SessionState
from kefu.records.sessions import listed, listing_order
from kefu.store.port import Span, Store


async def search(
    store: Store,
    tenant: str,
    states: Iterable[SessionState],
    wanted: Callable[[Session], bool],
    *,
    older_than: str | None,
    newer_than: str | None,
    limit: int,
    oldest_first: bool,
) -> tuple[list[Session], bool]:
    """The tenant's wanted sessions in the order of their start, and whether more may follow. For screens.

    Reads each state's listing and merges them; after `SEARCHED_MAX` sessions read it stops short.
    """
    lanes = [
        _lane(store, tenant, state, older_than=older_than, newer_than=newer_than, oldest_first=oldest_first)
        for state in states
    ]
    found: list[Session] = []
    read = 0
    async for session in _merged(lanes, reverse=not oldest_first):
        read += 1
        if wanted(session):
            found.append(session)
        if len(found) > limit or read == SEARCHED_MAX:
            break
    return found[:limit], len(found) > limit or read == SEARCHED_MAX


async def _lane(
    store: Store,
    tenant: str,
    state: SessionState,
    *,
    older_than: str | None,
    newer_than: str | None,
    oldest_first: bool,
) -> AsyncIterator[Session]:
    span = Span(after=newer_than or "", before=older_than, limit=100, newest_first=not oldest_first)
    has_more = True
    while has_more:
        page, has_more = await listed(store, tenant, state, span)
        for session in page:
            yield session
        if page:
            span = span.beyond(listing_order(page[-1]))


async def _merged(lanes: list[AsyncIterator[Session]], *, reverse: bool) -> AsyncIterator[Session]:
    heads = [(lane, head) for lane in lanes if (head := await anext(lane, None))]
    while heads:
        pick = max if reverse else min
        lane, head = chosen = pick(heads, key=lambda each: listing_order(each[1]))
        heads.remove(chosen)
        yield head
        if following := await anext(lane, None):
            heads.append((lane, following))
