"""What subscriptions are told of journaled changes: executed once for all who want the same, then framed for each."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec

from kefu.api.errors import UNAVAILABLE, Unauthenticated
from kefu.api.operations import Failed, Outcome, outcomes
from kefu.dataclass import dataclass
from kefu.desk.access import STAFF
from kefu.desk.call import Caller
from kefu.feed.interest import CursorAt, Interest, Told
from kefu.feed.journal import cursor_at
from kefu.gateway.ending import ended
from kefu.gateway.gateway import Gateway
from kefu.gateway.registry import SocketSubscription
from kefu.gateway.saying import say
from kefu.realtime.actions import Start
from kefu.realtime.bounds import FRAME_BYTES_MAX
from kefu.realtime.messages import next_frame
from kefu.realtime.protocol import Connection, Step, fail
from kefu.records.journal import Journaled, JournalPlace
from kefu.store.port import Key, Store, StoreError

N = TypeVar("N")


class NotReadable(StoreError):
    """The store did not answer while somebody was to be told: a subscriber who got this as a result would miss what it is about."""


class Same(NamedTuple):
    """What two subscriptions must have in common to be told the same."""

    query: str
    variables: str
    operation_name: str | None
    caller: Caller
    """As far as it matters for what he may see: staff see everything."""


@dataclass(frozen=True, slots=True)
class Rendered:
    cursor: str
    result: msgspec.Raw


Telling: TypeAlias = Rendered | Failed


class _Teller:
    """A follower that tells what is given, then ends."""

    def __init__(
        self, journaled: Sequence[Journaled], cursor_at: Callable[[JournalPlace], CursorAt] = cursor_at
    ) -> None:
        self._journaled = journaled
        self._cursor_of = cursor_at
        self.cursor = ""
        """Behind what was told last."""

    async def __call__(
        self, _store: Store, _tenant: str, interest: Interest[N], _after: str | None
    ) -> AsyncGenerator[N, None]:
        for place, published in self._journaled:
            for news in interest.news_in(published, self._cursor_at(place)):
                yield news

    def _cursor_at(self, place: JournalPlace) -> CursorAt:
        def at(told: Told) -> str:
            self.cursor = self._cursor_of(place)(told)
            return self.cursor

        return at


def same_of(subscription: SocketSubscription) -> Same:
    by = subscription.caller
    seen_by = Caller(tenant=by.tenant, role=by.role) if by.role in STAFF else by
    return Same(subscription.query, subscription.variables, subscription.operation_name, seen_by)


async def render(
    gateway: Gateway,
    same: Same,
    journaled: Sequence[Journaled],
    cursor_at: Callable[[JournalPlace], CursorAt] = cursor_at,
) -> AsyncGenerator[Telling, None]:
    """Nothing comes behind a `Failed`. Raises `NotReadable`."""
    async with aclosing(_rendered(gateway, same, _Teller(journaled, cursor_at))) as tellings:
        async for telling in tellings:
            yield telling


async def render_in_time(gateway: Gateway, same: Same, journaled: Journaled) -> list[Telling]:
    """For whom others wait: what cannot be read within `render_within_s` ends as `Failed`. Raises `NotReadable`."""
    teller = _Teller([journaled])
    tellings: list[Telling] = []
    try:
        async with (
            asyncio.timeout(gateway.render_within_s) as limit,
            aclosing(_rendered(gateway, same, teller)) as told,
        ):
            async for telling in told:
                tellings.append(telling)  # noqa: PERF401  what there is when time is over is told
    except TimeoutError:
        if not limit.expired():
            raise
        behind_all = cursor_at(journaled.place)(Told(is_last=True))
        tellings.append(_too_slow(gateway, teller.cursor or behind_all))
    return tellings


async def _rendered(gateway: Gateway, same: Same, teller: _Teller) -> AsyncGenerator[Telling, None]:
    start = Start(
        id="",
        query=same.query,
        variables=msgspec.json.decode(same.variables, type=dict[str, Any]),
        operation_name=same.operation_name,
        extensions=None,
    )
    async with aclosing(outcomes(gateway.schema, gateway.context(same.caller, follower=teller), start)) as told:
        async for outcome in told:
            if any(error.get("extensions", {}).get("code") == UNAVAILABLE for error in _errors_of(outcome)):
                raise NotReadable
            if isinstance(outcome, Failed):
                yield outcome
            else:
                yield Rendered(teller.cursor, msgspec.Raw(msgspec.json.encode(outcome.result)))


def _errors_of(outcome: Outcome) -> list[Any]:
    return outcome.errors if isinstance(outcome, Failed) else outcome.result.get("errors", [])


async def tell(gateway: Gateway, key: Key, subscription: SocketSubscription, tellings: Sequence[Telling]) -> None:
    """Raises `SocketLost`."""
    operation_id = subscription.operation_id
    frames: list[str] = []
    for telling in tellings:
        frame = next_frame(operation_id, telling.result) if isinstance(telling, Rendered) else ""
        if isinstance(telling, Rendered) and len(frame.encode()) <= FRAME_BYTES_MAX:
            frames.append(frame)
            continue
        frames += await _failed(gateway, key, subscription, telling)
        break
    await say(gateway, subscription.connection_id, frames)


async def _failed(gateway: Gateway, key: Key, subscription: SocketSubscription, telling: Telling) -> list[str]:
    operation_id = subscription.operation_id
    errors = telling.errors if isinstance(telling, Failed) else [_too_long(telling)]

    def end(connection: Connection) -> Step:
        return fail(connection, operation_id, errors)

    return await ended(gateway, subscription.connection_id, operation_id, end, key)


def token_ended() -> Failed:
    text = "The token has expired. Connect again with a new one and your last cursor."
    return Failed([{"message": text, "extensions": {"code": Unauthenticated.code}}])


def _too_slow(gateway: Gateway, cursor: str) -> Failed:
    text = (
        f"What happened could not be read within {gateway.render_within_s:g} seconds. "
        "Select less, or read it by a query; subscribe again behind the cursor of this error."
    )
    return Failed([{"message": text, "extensions": {"code": "TOO_SLOW", "cursor": cursor}}])


def _too_long(telling: Rendered) -> dict[str, Any]:
    text = (
        f"What happened does not fit into a frame of {FRAME_BYTES_MAX} bytes. "
        "Select less, or read it by a query; subscribe again behind the cursor of this error."
    )
    return {"message": text, "extensions": {"code": "PAYLOAD_TOO_LARGE", "cursor": telling.cursor}}
