"""Stands around the store, the app and the way out, and counts what goes through; without a meter none of it is there."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from time import perf_counter

from starlette.types import ASGIApp, Receive, Scope, Send

from kefu.dataclass import dataclass
from kefu.domain.log import EventKind
from kefu.feed.outgoing import NotTaken, Outgoing, Post
from kefu.metrics.meter import COMMITS, EVENTS, FOLLOWERS, POSTS, Meter
from kefu.records import keys
from kefu.records.codec import Codec
from kefu.store.port import Change, Conflict, OutcomeUnknown, Put, Store, StoreError, Throttled, Write
from kefu.store.wrapper import StoreWrapper

DOORS = {
    "/graphql": "graphql",
    "/api/": "easemob",
    "/v1/": "easemob",
    "/apigovernance/": "huawei",
    "/apiaccess/": "huawei",
}
"""By how a path begins; whatever else one asks for is `other`."""


@dataclass(frozen=True, slots=True)
class _Kind:
    kind: EventKind


@dataclass(frozen=True, slots=True)
class _Kinds:
    """A log record, but for what is not counted."""

    entries: tuple[_Kind, ...]


_kinds = Codec(_Kinds)


class MeteredStore(StoreWrapper):
    def __init__(self, inner: Store, meter: Meter) -> None:
        super().__init__(inner)
        self._meter = meter

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        try:
            await self.inner.commit(writes, token=token)
        except StoreError as failure:
            self._meter.add(COMMITS, _outcome(failure))
            raise
        self._meter.add(COMMITS, "done")
        for write in writes:
            if isinstance(write, Put) and write.key.sort.startswith(keys.LOG[0]):
                for entry in _kinds.decode(write.record.value).entries:
                    self._meter.add(EVENTS, entry.kind)

    async def changes(self, after: str) -> AsyncGenerator[Change, None]:
        self._meter.add(FOLLOWERS)
        try:
            async with aclosing(self.inner.changes(after)) as changes:
                async for change in changes:
                    yield change
        finally:
            self._meter.add(FOLLOWERS, by=-1)


def _outcome(failure: StoreError) -> str:
    match failure:
        case Conflict():
            return "conflict"
        case Throttled():
            return "throttled"
        case OutcomeUnknown():
            return "unknown"
        case _:
            return "failed"


class TimedRequests:
    """Until the answer's last byte, so a long poll or a stream takes as long as it lasts."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = perf_counter()
        try:
            await self._app(scope, receive, send)
        finally:
            self._meter.took(_door(scope["path"]), perf_counter() - begun)


def _door(path: str) -> str:
    return next((door for prefix, door in DOORS.items() if path.startswith(prefix)), "other")


def metered_post(post: Post, meter: Meter) -> Post:
    async def posting(outgoing: Outgoing, /) -> None:
        try:
            await post(outgoing)
        except NotTaken:
            meter.add(POSTS, "not_taken")
            raise
        meter.add(POSTS, "taken")

    return posting
