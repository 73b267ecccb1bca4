"""Following a tenant's changes from a cursor on: at least once, in order per session, without a gap."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeVar

from kefu.feed.cursors import Cursor, CursorUnknown, decode_cursor
from kefu.feed.interest import CursorAt, Interest, SessionInterest, SessionNews, Told
from kefu.feed.topics import EVERY_SESSION
from kefu.records.sessions import LogRecord
from kefu.store.port import PositionExpired, Store

__all__ = ["SessionNews", "follow", "follow_sessions"]

N = TypeVar("N")


async def follow(store: Store, tenant: str, interest: Interest[N], after: str | None) -> AsyncGenerator[N, None]:
    """News committed behind the cursor `after`, or from now on, pulled from the store. Raises `CursorUnknown`."""
    start = decode_cursor(after) if after is not None else Cursor(await store.position())
    behind = start.position
    try:
        async with aclosing(store.changes(start.position)) as changes:
            async for change in changes:
                published = interest.published_in(change, tenant).behind(start.session, start.told)
                for news in interest.news_in(published, _cursor_at(behind, change.position)):
                    yield news
                behind = change.position
    except PositionExpired as expired:
        raise CursorUnknown from expired


def follow_sessions(
    store: Store, tenant: str, after: str | None, concerns: Callable[[LogRecord], bool]
) -> AsyncGenerator[SessionNews, None]:
    """Log entries committed behind the cursor `after`, or from now on. Raises `CursorUnknown`."""
    return follow(store, tenant, SessionInterest(EVERY_SESSION, concerns), after)


def _cursor_at(before: str, position: str) -> CursorAt:
    """In the middle of a change one resumes from before it, and passes over what was told of it."""

    def cursor_at(told: Told) -> str:
        cursor = Cursor(position) if told.is_last else Cursor(before, told.session, told.seq)
        return cursor.encode()

    return cursor_at
