"""The sweep, once a minute by a schedule: it stops in time, and the next run goes on from there.

Before it sessions are looked at whose deadline is due, webhooks are told what is due by time and, where there is a WebSocket
API, sockets are attended to whose time or token is over.

The schedule's input may be `{"shard": 0, "of": 4}`: several schedules then share the tenants.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeAlias

from kefu.desk.deadlines import look_at_due
from kefu.desk.desk import Desk
from kefu.desk.sweep_round import ALL_TENANTS, Shard, sweep_for
from kefu.entrypoints.socket_container import CONTAINER, SocketContainer
from kefu.feed.webhooks import Courier, tell_due
from kefu.gateway.gateway import Gateway
from kefu.gateway.rolling_over import attend_to_overdue

Event: TypeAlias = dict[str, Any]

SWEEP_KEPT_S = 20
"""Of the handler's time, kept for the sweep; of a short time a third."""
SWEEP_ALONE = 0.6
"""The part of that which deadlines leave to the sweep."""
WEBHOOKS_KEPT_S = 16
"""Before that, kept for webhooks, the half of it for those that are being told: the last may hang."""

log = logging.getLogger("kefu.entrypoints")


def tick_handler(container: SocketContainer) -> Callable[[Event, Any], dict[str, Any]]:
    def handle(event: Event, context: Any) -> dict[str, Any]:
        def left_s() -> float:
            remaining_ms: int = context.get_remaining_time_in_millis()
            return remaining_ms / 1_000

        shard = _shard(event)
        whole_s = left_s()
        sweep_kept_s, webhooks_kept_s = (min(kept, whole_s / 3) for kept in (SWEEP_KEPT_S, WEBHOOKS_KEPT_S))
        attended, told, deadlines = 0, 0, 0
        if shard.number == 0 and container.settings.websocket_endpoint is not None:
            attended = container.run(_attend(container.gateway, lambda: left_s() > sweep_kept_s + webhooks_kept_s))
        if shard.number == 0 and (courier := container.courier):
            told = container.run(_tell_webhooks(courier, lambda: left_s() - sweep_kept_s, webhooks_kept_s / 2))
        if shard.number == 0:
            deadlines = container.run(_look_at_due(container.desk, lambda: left_s() - sweep_kept_s * SWEEP_ALONE))
        swept = container.run(sweep_for(container.desk, shard, left_s))
        return {
            "looks": swept.looks, "isOver": swept.is_over, "sockets": attended, "lanes": told, "deadlines": deadlines
        }  # fmt: skip

    return handle


async def _attend(gateway: Gateway, has_time: Callable[[], bool]) -> int:
    """What goes wrong here is logged: the sweep comes all the same, and the next tick tries again."""
    try:
        return await attend_to_overdue(gateway, has_time)
    except Exception:  # whatever one socket's trouble is, the second net must hold
        log.exception("overdue sockets were not attended to; the next tick tries again")
        return 0


async def _tell_webhooks(courier: Courier, left_s: Callable[[], float], kept_s: float) -> int:
    """As above; what is under way at the end stays due."""
    try:
        async with asyncio.timeout(left_s()):
            return await tell_due(courier, lambda: left_s() > kept_s)
    except TimeoutError:
        return 0
    except Exception:  # as above
        log.exception("webhooks were not told what is due; the next tick tries again")
        return 0


async def _look_at_due(desk: Desk, left_s: Callable[[], float]) -> int:
    """As above; what is not looked at stays due."""
    try:
        async with asyncio.timeout(left_s()):
            return await look_at_due(desk, lambda: left_s() > 0)
    except TimeoutError:
        return 0
    except Exception:  # as above
        log.exception("deadlines were not looked at; the next tick tries again")
        return 0


def _shard(event: Event) -> Shard:
    if "shard" not in event:
        return ALL_TENANTS
    shard = Shard(number=int(event["shard"]), of=int(event["of"]))
    if not 0 <= shard.number < shard.of:
        raise ValueError(f"there is no shard {shard.number} of {shard.of}; they are counted from 0")
    return shard


handler = tick_handler(CONTAINER)
