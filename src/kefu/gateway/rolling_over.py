"""What is due on sockets by time: the gateway's limit, the end of a token, an init that never came, a dead replay."""

import logging
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace

from kefu.desk.attempts import attempt, commit
from kefu.desk.desk import Desk
from kefu.domain.bounds import OVERDUE_MAX
from kefu.domain.instants import Instant
from kefu.gateway import registry
from kefu.gateway.due import due_at, leaves_at
from kefu.gateway.ending import all_ended
from kefu.gateway.gateway import Gateway, HasTime
from kefu.gateway.registry import SocketState
from kefu.gateway.saying import SocketLost, close, say
from kefu.gateway.telling import token_ended
from kefu.realtime.protocol import Connection, Phase, Step, fail, finish
from kefu.store.port import Key

log = logging.getLogger("kefu.gateway")


async def attend_to_overdue(gateway: Gateway, has_time: HasTime) -> int:
    """For the tick. Returns how many sockets were looked at; safe to run twice, at once."""
    attended, now = 0, gateway.desk.clock.now()
    async with aclosing(registry.overdue(gateway.desk.store, now, OVERDUE_MAX)) as overdue:
        async for connection_id in overdue:
            if not has_time():
                break
            try:
                await attend(gateway, connection_id)
            except Exception:  # the trouble of one socket is not the next one's
                log.exception("socket %s was not attended to; the next tick tries again", connection_id)
            attended += 1
    return attended


async def attend(gateway: Gateway, connection_id: str) -> None:
    loaded = await registry.load(gateway.desk.store, connection_id)
    if loaded is None:
        return
    state, now = loaded.value, gateway.desk.clock.now()
    if state.caller is None or state.connection.phase is Phase.CLOSED:  # never let in, or already on its way out
        await close(gateway, connection_id)
    elif leaves_at(gateway.life, state.ends_at) <= now:
        await roll_over(gateway, connection_id)
    elif state.token_ends_at is not None and state.token_ends_at <= now:
        await _leave(gateway, connection_id, _failing)
    elif await _has_dead_replay(gateway, state, now):
        await close(gateway, connection_id)
    else:
        await _settle(gateway, connection_id)


async def roll_over(gateway: Gateway, connection_id: str) -> None:
    """Completes every subscription, and closes: the client subscribes anew, on another socket, with its cursors."""
    await _leave(gateway, connection_id, finish)


async def _leave(gateway: Gateway, connection_id: str, end: Callable[[Connection, str], Step]) -> None:
    with suppress(SocketLost):
        await say(gateway, connection_id, await all_ended(gateway, connection_id, end))
        await close(gateway, connection_id)


def _failing(connection: Connection, operation_id: str) -> Step:
    return fail(connection, operation_id, token_ended().errors)


async def _has_dead_replay(gateway: Gateway, state: SocketState, now: Instant) -> bool:
    keys = [Key(*key) for key in state.subscriptions.values()]
    subscriptions = [await registry.load_subscription(gateway.desk.store, key) for key in keys]
    ends = [each.value.replayed_until for each in subscriptions if each]
    return any(end is not None and end <= now for end in ends)


async def _settle(gateway: Gateway, connection_id: str) -> None:
    """Its replays are over: nothing is due for now."""

    async def step(desk: Desk, _lost: int) -> None:
        loaded = await registry.load(desk.store, connection_id)
        if loaded and (loaded.value.replayed_until or 0) <= desk.clock.now():
            settled = replace(loaded.value, replayed_until=None)
            await commit(desk, [registry.write(connection_id, settled, due_at(gateway.life, settled), loaded.version)])

    await attempt(gateway.desk, step)
