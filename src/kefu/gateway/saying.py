"""Saying something to one socket, or losing it: what cannot be said is never passed over in silence.

A client whose socket is closed comes back with its last cursor; one whose frame was left out would never know.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from kefu.desk.attempts import attempt, commit
from kefu.desk.call import Role
from kefu.desk.desk import Desk
from kefu.desk.visitor_presence import note_visitor
from kefu.domain.bounds import POST_TRIES_MAX
from kefu.gateway import registry
from kefu.gateway.gateway import Gateway
from kefu.gateway.registry import SocketState
from kefu.gateway.sockets import SocketBusy, SocketError, SocketGone
from kefu.realtime.protocol import Connection, Phase

log = logging.getLogger("kefu.gateway")

_PAUSE_S = 0.05


class SocketLost(Exception):
    """It is gone, or was closed because it did not listen."""


async def say(gateway: Gateway, connection_id: str, frames: Sequence[str]) -> None:
    """One after the other. Raises `SocketLost` when the socket is forgotten."""
    try:
        for frame in frames:
            await _post(gateway, connection_id, frame.encode())
    except SocketGone as gone:
        await forget(gateway, connection_id)
        raise SocketLost from gone
    except (SocketError, TimeoutError) as failure:
        log.warning("a socket does not listen (%s) and is closed", type(failure).__name__)
        await close(gateway, connection_id)
        raise SocketLost from failure


async def _post(gateway: Gateway, connection_id: str, frame: bytes) -> None:
    for tries in range(POST_TRIES_MAX):
        try:
            await gateway.sockets.ready()  # no socket's fault, however long it takes
            async with gateway.posts, asyncio.timeout(gateway.post_within_s):
                return await gateway.sockets.post(connection_id, frame)
        except SocketGone:
            raise
        except SocketError:  # a silent one is not asked again: the frame may have arrived, and others wait
            if tries == POST_TRIES_MAX - 1:
                raise
        await gateway.desk.clock.sleep(gateway.desk.random.uniform(0, _PAUSE_S * 2**tries))
    raise SocketBusy


async def close(gateway: Gateway, connection_id: str) -> None:
    """Nothing is told on it from now on. If the gateway does not close it, the tick tries again."""
    if not await _mark_closed(gateway, connection_id):
        return
    try:
        await gateway.sockets.ready()
        async with asyncio.timeout(gateway.post_within_s):
            await gateway.sockets.close(connection_id)
    except SocketGone:
        pass
    except (SocketError, TimeoutError):
        log.warning("a socket could not be closed; the tick tries again", exc_info=True)
        return
    await forget(gateway, connection_id)


async def drop(gateway: Gateway, connection_id: str) -> None:
    """Closes it even if the store does not answer: the end of the socket, or the tick, finds what is left of it."""
    try:
        await close(gateway, connection_id)
    except Exception:  # whatever is wrong with its record
        log.exception("a socket could not be marked as closed")
        with suppress(SocketError, TimeoutError):
            async with asyncio.timeout(gateway.post_within_s):
                await gateway.sockets.close(connection_id)


async def forget(gateway: Gateway, connection_id: str) -> None:
    async def step(desk: Desk, _lost: int) -> None:
        if loaded := await registry.load(desk.store, connection_id):
            await commit(desk, registry.forget(connection_id, loaded.value, loaded.version))
            caller = loaded.value.caller
            if caller and caller.role is Role.VISITOR and loaded.value.subscriptions:
                await note_visitor(desk, caller, anew=True)  # until now he was there

    await attempt(gateway.desk, step)


async def _mark_closed(gateway: Gateway, connection_id: str) -> bool:
    async def step(desk: Desk, _lost: int) -> bool:
        loaded = await registry.load(desk.store, connection_id)
        if loaded is None:
            return False
        state = loaded.value
        closed = SocketState(
            connection=Connection(phase=Phase.CLOSED), opened_at=state.opened_at, ends_at=state.ends_at
        )
        put = registry.write(connection_id, closed, desk.clock.now(), loaded.version)
        await commit(desk, [put, *registry.forget(connection_id, state, loaded.version)[1:]])
        return True

    return await attempt(gateway.desk, step)
