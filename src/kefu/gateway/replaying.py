"""Telling a subscription what it missed, and the hand-over to whoever tells what happens from then on.

While a subscription is replayed, whoever publishes does not tell it: he writes the journal and then moves the
subscription's version. The replay makes it live only at the version that it read before it read the journal: either it
reads what was published, or its commit is refused and it reads on. So one of the two tells, and never both out of order.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import field, replace
from typing import Any

from kefu.api.errors import CursorExpired
from kefu.dataclass import dataclass
from kefu.domain.instants import Instant
from kefu.feed.cursors import CursorUnknown
from kefu.feed.interest import CursorAt
from kefu.feed.journal import cursor_at
from kefu.feed.replay import Replay, TooMuchMissed
from kefu.gateway import registry
from kefu.gateway.ending import ended
from kefu.gateway.gateway import Gateway
from kefu.gateway.registry import LoadedSubscription, SocketSubscription
from kefu.gateway.saying import close, say
from kefu.gateway.telling import Rendered, render, same_of, tell
from kefu.realtime.protocol import Connection, Step, fail, finish
from kefu.records.journal import Journaled, JournalPlace
from kefu.store.port import Conflict, Key, OutcomeUnknown, StoreError

log = logging.getLogger("kefu.gateway")


async def replay(gateway: Gateway, key: Key, after: str, until: Instant) -> None:
    """Raises `SocketLost`."""
    subscription = await registry.load_subscription(gateway.desk.store, key)
    if subscription is None:
        return
    try:
        await _Replaying(gateway, key, subscription.value, after, until).run(subscription)
    except (StoreError, CursorUnknown):
        log.warning("a replay broke off; its socket is closed and will come back", exc_info=True)
        await close(gateway, subscription.value.connection_id)


@dataclass(slots=True)
class _Replaying:
    gateway: Gateway
    key: Key
    subscription: SocketSubscription
    after: str
    until: Instant
    missed: Replay = field(init=False)
    has_come_nearer: bool = False

    def __post_init__(self) -> None:
        self.missed = Replay.behind(self.gateway.desk, self.subscription.caller.tenant, self.after)

    async def run(self, loaded: LoadedSubscription) -> None:
        try:
            await self._tell_until_live(loaded)
        except TooMuchMissed:
            await self._give_up()

    async def _tell_until_live(self, loaded: LoadedSubscription) -> None:
        store = self.gateway.desk.store
        current: LoadedSubscription | None = loaded
        while current:
            async with aclosing(self.missed.chunks()) as chunks:
                async for chunk in chunks:
                    self._look_at_the_time()
                    if await registry.load_subscription(store, self.key) is None:
                        return
                    await self._tell(chunk)
            if await _is_live(self.gateway, self.key, current):
                return
            current = await registry.load_subscription(store, self.key)

    async def _tell(self, chunk: Sequence[Journaled]) -> None:
        async with aclosing(render(self.gateway, same_of(self.subscription), chunk, self._cursor_at)) as tellings:
            async for telling in tellings:
                self._look_at_the_time()
                await tell(self.gateway, self.key, self.subscription, [telling])
                self.has_come_nearer |= isinstance(telling, Rendered) and telling.cursor != self.after

    def _cursor_at(self, place: JournalPlace) -> CursorAt:
        """Never before the one it is resumed from: who is cut again and again would never arrive."""
        return (lambda _told: self.after) if place < self.missed.place else cursor_at(place)

    def _look_at_the_time(self) -> None:
        if self.gateway.desk.clock.now() >= self.until:
            raise TooMuchMissed

    async def _give_up(self) -> None:
        """The client comes back with its last cursor; one that came no nearer would be told the same again."""
        operation_id, connection_id = self.subscription.operation_id, self.subscription.connection_id

        def end(connection: Connection) -> Step:
            if self.has_come_nearer:
                return finish(connection, operation_id)
            return fail(connection, operation_id, [_too_much(self.missed.cursor)])

        await say(self.gateway, connection_id, await ended(self.gateway, connection_id, operation_id, end, self.key))


async def _is_live(gateway: Gateway, key: Key, loaded: LoadedSubscription) -> bool:
    live = replace(loaded.value, replayed_until=None)
    try:
        await gateway.desk.store.commit([registry.write_subscription(key, live, loaded.version)], token=None)
    except Conflict:
        return False
    except OutcomeUnknown:
        found = await registry.load_subscription(gateway.desk.store, key)
        return found is None or found.value.replayed_until is None
    return True


def _too_much(cursor: str | None) -> Mapping[str, Any]:
    text = (
        "Too much has happened since the cursor to be looked through at once. Subscribe again behind the cursor of this "
        "error, or read the present state and subscribe without one."
    )
    return {"message": text, "extensions": {"code": CursorExpired.code, **({"cursor": cursor} if cursor else {})}}
