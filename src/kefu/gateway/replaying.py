"""Telling a subscription what it missed, and the hand-over to whoever tells what happens from then on.

While a subscription is replayed, whoever publishes does not tell it: he writes the journal and then moves the
subscription's version. The replay makes it live only at the version that it read before it read the journal: either it
reads what was published, or its commit is refused and it reads on. So one of the two tells, and never both out of order.
"""

import logging
from contextlib import aclosing
from dataclasses import replace

from kefu.domain.instants import Instant
from kefu.feed.cursors import CursorUnknown
from kefu.feed.replay import Replay, TooMuchMissed
from kefu.gateway import registry
from kefu.gateway.ending import ended
from kefu.gateway.gateway import Gateway
from kefu.gateway.registry import LoadedSubscription, SocketSubscription
from kefu.gateway.saying import close, say
from kefu.gateway.telling import render, same_of, tell
from kefu.realtime.protocol import Connection, Step, fail, finish
from kefu.store.port import Conflict, Key, OutcomeUnknown, StoreError

log = logging.getLogger("kefu.gateway")


async def replay(gateway: Gateway, key: Key, after: str, until: Instant) -> None:
    """Raises `SocketLost`."""
    subscription = await registry.load_subscription(gateway.desk.store, key)
    if subscription is None:
        return
    try:
        await _replay(gateway, key, subscription, after, until)
    except (StoreError, CursorUnknown):
        log.warning("a replay broke off; its socket is closed and will come back", exc_info=True)
        await close(gateway, subscription.value.connection_id)


async def _replay(gateway: Gateway, key: Key, loaded: LoadedSubscription, after: str, until: Instant) -> None:
    desk, subscription = gateway.desk, loaded.value
    missed = Replay.behind(desk, subscription.caller.tenant, after)
    has_told = False
    current: LoadedSubscription | None = loaded
    while current:
        try:
            async with aclosing(missed.chunks()) as chunks:
                async for chunk in chunks:
                    if desk.clock.now() >= until:
                        raise TooMuchMissed  # noqa: TRY301  for one replay it is
                    if await registry.load_subscription(desk.store, key) is None:
                        return
                    async with aclosing(render(gateway, same_of(subscription), chunk)) as tellings:
                        async for telling in tellings:
                            await tell(gateway, key, subscription, [telling])
                            has_told = True
        except TooMuchMissed:
            await _give_up(gateway, key, subscription, has_told=has_told)
            return
        if await _is_live(gateway, key, current):
            return
        current = await registry.load_subscription(desk.store, key)


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


async def _give_up(gateway: Gateway, key: Key, subscription: SocketSubscription, *, has_told: bool) -> None:
    """The client comes back with its last cursor; one that got none would never come nearer."""
    operation_id = subscription.operation_id

    def end(connection: Connection) -> Step:
        return finish(connection, operation_id) if has_told else fail(connection, operation_id, [_TOO_MUCH])

    connection_id = subscription.connection_id
    await say(gateway, connection_id, await ended(gateway, connection_id, operation_id, end, key))


_TOO_MUCH = {
    "message": "Too much has happened since the cursor. Read the present state, then subscribe without a cursor.",
    "extensions": {"code": "CURSOR_EXPIRED"},
}
