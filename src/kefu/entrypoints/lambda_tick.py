"""The sweep, once a minute by a schedule: it stops in time, and the next run goes on from there.

Before it, where there is a WebSocket API, sockets are attended to whose time or token is over.

The schedule's input may be `{"shard": 0, "of": 4}`: several schedules then share the tenants.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeAlias

from kefu.desk.sweep_round import ALL_TENANTS, Shard, sweep_for
from kefu.entrypoints.socket_container import CONTAINER, SocketContainer
from kefu.gateway.rolling_over import attend_to_overdue

Event: TypeAlias = dict[str, Any]

SWEEP_KEPT_S = 30
"""Of the handler's time, kept for the sweep."""

log = logging.getLogger("kefu.entrypoints")


def tick_handler(container: SocketContainer) -> Callable[[Event, Any], dict[str, Any]]:
    def handle(event: Event, context: Any) -> dict[str, Any]:
        def left_s() -> float:
            remaining_ms: int = context.get_remaining_time_in_millis()
            return remaining_ms / 1_000

        shard = _shard(event)
        attended = container.run(_attend(container, left_s)) if shard.number == 0 else 0
        swept = container.run(sweep_for(container.desk, shard, left_s))
        return {"looks": swept.looks, "isOver": swept.is_over, "sockets": attended}

    return handle


async def _attend(container: SocketContainer, left_s: Callable[[], float]) -> int:
    """What goes wrong here is logged: the sweep comes all the same, and the next tick tries again."""
    if container.settings.websocket_endpoint is None:
        return 0
    try:
        return await attend_to_overdue(container.gateway, lambda: left_s() > SWEEP_KEPT_S)
    except Exception:  # whatever one socket's trouble is, the second net must hold
        log.exception("overdue sockets were not attended to; the next tick tries again")
        return 0


def _shard(event: Event) -> Shard:
    if "shard" not in event:
        return ALL_TENANTS
    shard = Shard(number=int(event["shard"]), of=int(event["of"]))
    if not 0 <= shard.number < shard.of:
        raise ValueError(f"there is no shard {shard.number} of {shard.of}; they are counted from 0")
    return shard


handler = tick_handler(CONTAINER)
