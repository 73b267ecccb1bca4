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
class Seat:
    """Room for one process, with an address of its own where it asks for events."""

    port: int
    process: Process | None = None
    parked: asyncio.Future[Invocation | None] | None = None
    """Its process waits for an event; None if it waits for nothing, being at its end."""
    current: Invocation | None = None
    has_begun: bool = False
    """Its process has asked for an event, so its cold start is over."""
    timer: asyncio.TimerHandle | None = None


StartProcess = Callable[[FunctionOptions, Seat], Awaitable[Process]]


class Function:
    def __init__(self, name: str, options: FunctionOptions, seats: Sequence[Seat], start: StartProcess) -> None:
        self.name = name
        self.options = options
        self.seats = seats
        self._start_process = start
        self._waiting: deque[Invocation] = deque()
        self._idle: list[Seat] = []
        self._running: dict[Seat, asyncio.Task[None]] = {}
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

    async def next_for(self, seat: Seat) -> Invocation | None:
        """The event that its process is to handle; waits for one. None for a process that is gone."""
        self._settle(seat, FunctionFailed("Runtime.NoResponse", "the next event was asked for without an answer"))
        seat.has_begun = True
        self._stop_timer(seat)
        parked: asyncio.Future[Invocation | None] = asyncio.get_running_loop().create_future()
        seat.parked = parked
        self._idle.append(seat)
        self._assign()
        return await parked

    def answer(self, seat: Seat, request_id: str, outcome: bytes | FunctionFailed) -> bool:
        """Whether that is the event its process has."""
        if seat.current is None or seat.current.request_id != request_id:
            return False
        self._settle(seat, outcome)
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
        for seat in self._idle:
            if seat.parked is not None:
                seat.parked.set_result(None)
        self._idle.clear()

    def _assign(self) -> None:
        while self._waiting and self._idle:
            self._hand(self._idle.pop(), self._waiting.popleft())  # the one used last, as Lambda does it
        # Those who start, and those who have answered, ask for an event soon.
        coming = sum(seat.current is None for seat in self._running)
        vacant = [seat for seat in self.seats if seat not in self._running]
        for seat in vacant[: max(0, len(self._waiting) - coming)]:
            self._running[seat] = asyncio.create_task(self._run(seat))

    def _hand(self, seat: Seat, invocation: Invocation) -> None:
        assert seat.parked is not None  # noqa: S101  who is idle is parked
        invocation.deadline_ms = int((time.time() + self.options.timeout_s) * 1_000)
        seat.current = invocation
        seat.parked.set_result(invocation)
        seat.parked = None
        self._start_timer(seat, self.options.timeout_s)

    async def _run(self, seat: Seat) -> None:
        """One process, from its start to its end."""
        process = None
        try:
            self.cold_starts += 1
            process = seat.process = await self._start_process(self.options, seat)
            self._start_timer(seat, INIT_LIMIT_S + self.options.timeout_s)
            status = await process.wait()
        finally:
            if process is not None:
                process.kill()
                await process.wait()
            self._stop_timer(seat)
        self._vacate(seat, FunctionFailed("Runtime.ExitError", f"Runtime exited with exit status {status}"))

    def _vacate(self, seat: Seat, failure: FunctionFailed) -> None:
        self._settle(seat, failure)
        if seat in self._idle:
            self._idle.remove(seat)
        if seat.parked is not None:
            seat.parked.set_result(None)
        if not seat.has_begun:
            self.fail_start(failure)
        seat.process, seat.parked, seat.has_begun = None, None, False
        del self._running[seat]
        self._assign()

    def _settle(self, seat: Seat, outcome: bytes | FunctionFailed) -> None:
        if seat.current is not None:
            _give(seat.current, outcome)
            seat.current = None
            self._stop_timer(seat)

    def _start_timer(self, seat: Seat, after_s: float) -> None:
        self._stop_timer(seat)
        seat.timer = asyncio.get_running_loop().call_later(after_s, self._time_out, seat)

    def _stop_timer(self, seat: Seat) -> None:
        if seat.timer is not None:
            seat.timer.cancel()
            seat.timer = None

    def _time_out(self, seat: Seat) -> None:
        failure = FunctionFailed("Sandbox.Timedout", f"Task timed out after {self.options.timeout_s:.2f} seconds")
        self._settle(seat, failure)
        if seat.process is not None:
            seat.process.kill()


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
