"""Relay connections with `nodes` beside `edges`; cursors are opaque and total."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Generic, TypeAlias, TypeVar

import strawberry

from kefu.api import define
from kefu.api.errors import BadUserInput
from kefu.dataclass import dataclass
from kefu.domain.bounds import PAGE_MAX

T = TypeVar("T")
V = TypeVar("V")

PAGE_DEFAULT = 20
PICKED_FROM_MAX = 1_000

First: TypeAlias = Annotated[int | None, strawberry.argument(description="How many from the start, 1 to 100.")]
After: TypeAlias = Annotated[str | None, strawberry.argument(description="Only what comes behind this cursor.")]
Last: TypeAlias = Annotated[int | None, strawberry.argument(description="How many from the end, 1 to 100.")]
Before: TypeAlias = Annotated[str | None, strawberry.argument(description="Only what comes before this cursor.")]


@define.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more follows.")
    has_previous_page: bool = strawberry.field(description="Whether more precedes.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first edge.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last edge.")


@define.type(description="One place in a list.")
class Edge(Generic[T]):
    node: T = strawberry.field(description="What stands there.")
    cursor: str = strawberry.field(description="The place itself, for `after` and `before`.")


@define.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The page with cursors.")
    nodes: list[T] = strawberry.field(description="The page without cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page lies.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Which part of a list is asked for, its ends as places in the list."""

    kind: str
    limit: int
    after: str | None
    before: str | None
    from_end: bool


def window(
    kind: str, first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
) -> Window:
    """Of the list called `kind`. Raises `BadUserInput` if the arguments contradict each other or a cursor is not of it."""
    if first is not None and last is not None:
        raise BadUserInput("Ask with first or with last, not both.")
    limit = first if first is not None else last if last is not None else PAGE_DEFAULT
    if not 1 <= limit <= PAGE_MAX:
        raise BadUserInput(f"first and last must lie between 1 and {PAGE_MAX}.")
    return Window(
        kind=kind, limit=limit, after=_decode(kind, after), before=_decode(kind, before), from_end=last is not None
    )


async def connect(
    asked: Window,
    fetch: Callable[[Window], Awaitable[tuple[Sequence[V], bool]]],
    *,
    place: Callable[[V], str],
    node: Callable[[V], T],
) -> Connection[T]:
    """A page of what `fetch` reads, which answers in the direction asked and says if more lies that way."""
    found, has_more = await fetch(asked)
    values = list(reversed(found)) if asked.from_end else list(found)
    edges = [Edge(node=node(value), cursor=_encode(asked.kind, place(value))) for value in values]
    info = PageInfo(
        has_next_page=asked.before is not None if asked.from_end else has_more,
        has_previous_page=has_more if asked.from_end else asked.after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=edges, nodes=[edge.node for edge in edges], page_info=info)


async def pick(
    asked: Window,
    listed: Callable[[str], Awaitable[tuple[Sequence[V], bool]]],
    wanted: Callable[[V], bool],
    place: Callable[[V], str],
) -> tuple[list[V], bool]:
    """The wanted ones of a long list, read page by page behind a place; stops short after `PICKED_FROM_MAX`."""
    found: list[V] = []
    behind, has_more, read = asked.after or "", True, 0
    while has_more and len(found) <= asked.limit and read < PICKED_FROM_MAX:
        page, has_more = await listed(behind)
        read += len(page)
        behind = place(page[-1]) if page else behind
        found.extend(value for value in page if wanted(value))
    return found[: asked.limit], len(found) > asked.limit or has_more


def cut(values: Sequence[V], asked: Window, place: Callable[[V], str]) -> tuple[list[V], bool]:
    """The part of a short, whole list that is asked for; `place` must sort as the list does."""
    kept = [
        value
        for value in values
        if (asked.after is None or place(value) > asked.after) and (asked.before is None or place(value) < asked.before)
    ]
    if asked.from_end:
        kept.reverse()
    return kept[: asked.limit], len(kept) > asked.limit


def _encode(kind: str, place: str) -> str:
    return base64.urlsafe_b64encode(f"{kind}:{place}".encode()).decode().rstrip("=")


def _decode(kind: str, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    found, colon, place = text.partition(":")
    if found != kind or not colon:
        raise BadUserInput("That is no cursor of this list. Use an endCursor as it came.")
    return place
