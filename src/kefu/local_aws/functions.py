"""A function: some processes, each with one event at a time, as Lambda has its execution environments."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import msgspec

from kefu.local_aws.bounds import EVENT_BYTES_MAX, INIT_LIMIT_S, WAITING_MAX
from kefu.local_aws.options import FunctionOptions


class EventTooLarge(Exception):
    """Lambda takes 6 MB."""


class TooBusy(Exception):
    """All processes are busy, and too many events wait already."""


class FunctionFailed(Exception):
    """The function raised, ran out of time, or ended. Carries what Lambda says of it."""

    def __init__(self, kind: str, message: str, report: bytes | None = None) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.report = report or msgspec.json.encode({"errorType": kind, "errorMessage": message})


class Process(Protocol):
    def kill(self) -> None: ...

    async def wait(self) -> int: ...


@dataclass(slots=True)
class Invocation:
    event: bytes
    outcome: asyncio.Future[bytes]
    request_id: str = field(default_factory=lambda: str(uuid4()))
    deadline_ms: int = 0


@dataclass(slots=True, eq=False)
class Sandbox:
    """Room for one process, with an address of its own where it asks for events."""

    port: int
    process: Process | None = None
    parked: asyncio.Future[Invocation | None] | None = None
    """Its process waits for an event; None if it waits for nothing, being at its end."""
    current: Invocation | None = None
    has_begun: bool = False
    """Its process has asked for an event, so its cold start is over."""
    timer: asyncio.TimerHandle | None = None


StartProcess = Callable[[FunctionOptions, Sandbox], Awaitable[Process]]


class Function:
    def __init__(self, name: str, options: FunctionOptions, sandboxes: Sequence[Sandbox], start: StartProcess) -> None:
        self.name = name
        self.options = options
        self.sandboxes = sandboxes
        self._start_process = start
        self._waiting: deque[Invocation] = deque()
        self._idle: list[Sandbox] = []
        self._running: dict[Sandbox, asyncio.Task[None]] = {}
        self.cold_starts = 0

    async def invoke(self, event: dict[str, Any]) -> bytes:
        """What the function returned. Raises `FunctionFailed`, `EventTooLarge`, `TooBusy`.

        Whoever gives up waiting does not stop what has begun.
        """
        body = msgspec.json.encode(event)
        if len(body) > EVENT_BYTES_MAX:
            raise EventTooLarge
        if len(self._waiting) >= WAITING_MAX:
            raise TooBusy
        invocation = Invocation(body, asyncio.get_running_loop().create_future())
        self._waiting.append(invocation)
        self._assign()
        try:
            return await asyncio.shield(invocation.outcome)
        except asyncio.CancelledError:
            if invocation in self._waiting:
                self._waiting.remove(invocation)
            invocation.outcome.add_done_callback(_read)
            raise

    async def next_for(self, sandbox: Sandbox) -> Invocation | None:
        """The event that its process is to handle; waits for one. None for a process that is gone."""
        self._settle(sandbox, FunctionFailed("Runtime.NoResponse", "the next event was asked for without an answer"))
        sandbox.has_begun = True
        self._stop_timer(sandbox)
        parked: asyncio.Future[Invocation | None] = asyncio.get_running_loop().create_future()
        sandbox.parked = parked
        self._idle.append(sandbox)
        self._assign()
        return await parked

    def answer(self, sandbox: Sandbox, request_id: str, outcome: bytes | FunctionFailed) -> bool:
        """Whether that is the event its process has."""
        if sandbox.current is None or sandbox.current.request_id != request_id:
            return False
        self._settle(sandbox, outcome)
        return True

    def fail_start(self, failure: FunctionFailed) -> None:
        """A cold start failed: whoever waits for it longest is told."""
        if self._waiting:
            _give(self._waiting.popleft(), failure)

    async def close(self) -> None:
        self._waiting.clear()
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for sandbox in self._idle:
            if sandbox.parked is not None:
                sandbox.parked.set_result(None)
        self._idle.clear()

    def _assign(self) -> None:
        while self._waiting and self._idle:
            self._hand(self._idle.pop(), self._waiting.popleft())  # the one used last, as Lambda does it
        # Those who start, and those who have answered, ask for an event soon.
        coming = sum(sandbox.current is None for sandbox in self._running)
        vacant = [sandbox for sandbox in self.sandboxes if sandbox not in self._running]
        for sandbox in vacant[: max(0, len(self._waiting) - coming)]:
            self._running[sandbox] = asyncio.create_task(self._run(sandbox))

    def _hand(self, sandbox: Sandbox, invocation: Invocation) -> None:
        assert sandbox.parked is not None  # noqa: S101  who is idle is parked
        invocation.deadline_ms = int((time.time() + self.options.timeout_s) * 1_000)
        sandbox.current = invocation
        sandbox.parked.set_result(invocation)
        sandbox.parked = None
        self._start_timer(sandbox, self.options.timeout_s)

    async def _run(self, sandbox: Sandbox) -> None:
        """One process, from its start to its end."""
        process = None
        try:
            self.cold_starts += 1
            process = sandbox.process = await self._start_process(self.options, sandbox)
            self._start_timer(sandbox, INIT_LIMIT_S + self.options.timeout_s)
            status = await process.wait()
        finally:
            if process is not None:
                process.kill()
                await process.wait()
            self._stop_timer(sandbox)
        self._vacate(sandbox, FunctionFailed("Runtime.ExitError", f"Runtime exited with exit status {status}"))

    def _vacate(self, sandbox: Sandbox, failure: FunctionFailed) -> None:
        self._settle(sandbox, failure)
        if sandbox in self._idle:
            self._idle.remove(sandbox)
        if sandbox.parked is not None:
            sandbox.parked.set_result(None)
        if not sandbox.has_begun:
            self.fail_start(failure)
        sandbox.process, sandbox.parked, sandbox.has_begun = None, None, False
        del self._running[sandbox]
        self._assign()

    def _settle(self, sandbox: Sandbox, outcome: bytes | FunctionFailed) -> None:
        if sandbox.current is not None:
            _give(sandbox.current, outcome)
            sandbox.current = None
            self._stop_timer(sandbox)

    def _start_timer(self, sandbox: Sandbox, after_s: float) -> None:
        self._stop_timer(sandbox)
        sandbox.timer = asyncio.get_running_loop().call_later(after_s, self._time_out, sandbox)

    def _stop_timer(self, sandbox: Sandbox) -> None:
        if sandbox.timer is not None:
            sandbox.timer.cancel()
            sandbox.timer = None

    def _time_out(self, sandbox: Sandbox) -> None:
        failure = FunctionFailed("Sandbox.Timedout", f"Task timed out after {self.options.timeout_s:.2f} seconds")
        self._settle(sandbox, failure)
        if sandbox.process is not None:
            sandbox.process.kill()


def _give(invocation: Invocation, outcome: bytes | FunctionFailed) -> None:
    if invocation.outcome.done():
        return
    if isinstance(outcome, bytes):
        invocation.outcome.set_result(outcome)
    else:
        invocation.outcome.set_exception(outcome)


def _read(outcome: asyncio.Future[bytes]) -> None:
    """Nobody waits for it any more."""
    if not outcome.cancelled():
        outcome.exception()
