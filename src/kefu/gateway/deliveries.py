"""Work for sockets: in order for each, side by side for all. Nobody waits for a slow one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from kefu.domain.bounds import DELIVERIES_MAX


class Deliveries:
    def __init__(self) -> None:
        self._last: dict[str, asyncio.Task[None]] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def add(self, connection_id: str, work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        """Behind what was added for the same socket; if that failed, so does this."""
        while len(self._under_way) >= DELIVERIES_MAX:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(_behind(self._last.get(connection_id), work))
        self._last[connection_id] = task
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task


async def _behind(before: asyncio.Task[None] | None, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    if before:
        await before
    await work()
