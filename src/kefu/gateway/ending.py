"""Ending operations: through the socket's record, so that each ends once and an id used again is another operation."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from kefu.desk.attempts import attempt, commit
from kefu.desk.desk import Desk
from kefu.gateway import registry
from kefu.gateway.due import due_at
from kefu.gateway.gateway import Gateway
from kefu.gateway.registry import LoadedSocket
from kefu.realtime.actions import Reply
from kefu.realtime.protocol import Connection, Step
from kefu.store.port import Key, Write


async def ended(
    gateway: Gateway, connection_id: str, operation_id: str, end: Callable[[Connection], Step], key: Key | None = None
) -> list[str]:
    """The frames that are left to say; none if the operation, or the subscription of that key, has ended before."""

    async def step(desk: Desk, _lost: int) -> list[str]:
        loaded = await registry.load(desk.store, connection_id)
        if loaded is None or (key is not None and loaded.value.subscriptions.get(operation_id) != key):
            return []
        return await _end(gateway, desk, connection_id, loaded, [(operation_id, end)])

    return await attempt(gateway.desk, step)


async def all_ended(gateway: Gateway, connection_id: str, end: Callable[[Connection, str], Step]) -> list[str]:
    """The same for every subscription of the socket."""

    async def step(desk: Desk, _lost: int) -> list[str]:
        loaded = await registry.load(desk.store, connection_id)
        if loaded is None or not loaded.value.subscriptions:
            return []
        ends = [(each, partial(_ending, end, each)) for each in loaded.value.subscriptions]
        return await _end(gateway, desk, connection_id, loaded, ends)

    return await attempt(gateway.desk, step)


def _ending(end: Callable[[Connection, str], Step], operation_id: str, connection: Connection) -> Step:
    return end(connection, operation_id)


async def _end(
    gateway: Gateway,
    desk: Desk,
    connection_id: str,
    loaded: LoadedSocket,
    ends: Sequence[tuple[str, Callable[[Connection], Step]]],
) -> list[str]:
    state = loaded.value
    writes: list[Write] = []
    frames: list[str] = []
    for operation_id, end in ends:
        connection, actions = end(state.connection)
        state, deletes = registry.without(replace(state, connection=connection), operation_id)
        writes += deletes
        frames += [action.frame for action in actions if isinstance(action, Reply)]
    if state != loaded.value:
        put = registry.write(connection_id, state, due_at(gateway.life, state), loaded.version)
        await commit(desk, [put, *writes])
    return frames
