"""An event loop of callbacks alone: no sockets, no timers, no threads. It tells when everybody waits."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any


class TurnLoop(asyncio.BaseEventLoop):
    """Runs what is ready, first come first served as asyncio's own loops do, without asking the system for anything.

    A simulation waits for nothing outside, and half of what a full loop does at each step is to ask.
    """

    def __init__(self) -> None:
        super().__init__()
        self._callbacks: deque[tuple[Callable[..., object], tuple[Any, ...], Context]] = deque()
        self._quiet: asyncio.Future[None] | None = None

    async def quiet(self) -> None:
        """Until no other task can go on. One at a time may ask."""
        self._quiet = self.create_future()
        await self._quiet

    def call_soon(  # type: ignore[override]  # nobody cancels a callback here, so none has a handle
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> None:
        self._callbacks.append((callback, args, copy_context() if context is None else context))

    call_soon_threadsafe = call_soon  # type: ignore[assignment]  # there is one thread

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def _run_once(self) -> None:
        callbacks = self._callbacks
        while callbacks:
            callback, args, context = callbacks.popleft()
            context.run(callback, *args)
        quiet, self._quiet = self._quiet, None
        if quiet is not None and not quiet.done():
            quiet.set_result(None)
        elif not self._stopping:  # type: ignore[attr-defined]
            raise RuntimeError("everybody waits for something that is no turn")
