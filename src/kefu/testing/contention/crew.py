"""The processes of a run: started, told to go on after a rest, one of them killed and all throttled if the plan says so."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from kefu.testing.contention.plan import GO_ON, RESTS, Plan
from kefu.testing.subprocesses import end

KILL_AT, THROTTLE_AT = 1 / 3, 2 / 3
"""Of all operations."""
TELL_EVERY_S = 0.5


class WorkersFailed(Exception):
    """A process ended by itself and not well; what it said stands on stderr."""


@dataclass(slots=True)
class Crew:
    plan: Plan
    groups: list[str]
    at_rest: Callable[[], Awaitable[None]]
    """Called while all workers stand still."""
    running: dict[int, Process] = field(default_factory=dict)
    told: dict[int, int] = field(default_factory=dict)
    """Requests that each process said it answered."""
    before: int = 0
    """Those of the killed one, before it was started again."""
    killed: int | None = None
    """The process that was killed, or is about to end of it."""
    throttled: bool = False
    resting: int = 0
    rests: int = 0
    started: float = field(default_factory=time.monotonic)
    told_at: float = 0

    async def work(self) -> None:
        """Raises an exception group with `WorkersFailed`."""
        (Path(self.plan.folder) / "plan.json").write_bytes(msgspec.json.encode(self.plan))
        try:
            async with asyncio.TaskGroup() as tasks:
                for process in range(self.plan.processes):
                    tasks.create_task(self._keep(process))
        finally:
            print(file=sys.stderr)

    async def _keep(self, process: int) -> None:
        code = await self._run(process)
        if code < 0 and process == self.killed:
            self.before = self.told.pop(process, 0)
            code = await self._run(process)
        if code != 0:
            raise WorkersFailed(f"process {process} ended with {code}")

    async def _run(self, process: int) -> int:
        plan_file = str(Path(self.plan.folder) / "plan.json")
        command = [sys.executable, "-m", "kefu.testing.contention.worker", plan_file, str(process), *self.groups]
        running = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        self.running[process] = running
        try:
            await self._listen(process, running)
            return await running.wait()
        finally:
            await end(running)

    async def _listen(self, process: int, running: Process) -> None:
        assert running.stdout
        while line := (await running.stdout.readline()).decode().strip():
            if line == RESTS:
                await self._rest()
                continue
            self.told[process] = int(line)
            self._interfere()
            self._tell_progress()

    async def _rest(self) -> None:
        """The last process to stand still lets all go on."""
        self.resting += 1
        if self.resting < self.plan.processes:
            return
        self.resting = 0
        self.rests += 1
        await self.at_rest()
        self._say(GO_ON)

    def _interfere(self) -> None:
        part = self._done() / self.plan.operations
        if not self.plan.has_faults:
            return
        if part >= KILL_AT and self.killed is None:
            self.killed = self._with_most_left()
            self.running[self.killed].kill()
        if part >= THROTTLE_AT and not self.throttled:
            self.throttled = True
            self._say(str(self.plan.throttled_s))

    def _with_most_left(self) -> int:
        """Which cannot be about to end: it has more to do than all have done on average."""
        return max(self.running, key=lambda process: self._share(process) - self.told.get(process, 0))

    def _share(self, process: int) -> int:
        return sum(map(self.plan.operations_of, self.plan.workers_of(process)))

    def _say(self, word: str) -> None:
        for running in self.running.values():
            if running.returncode is None and running.stdin:
                running.stdin.write(f"{word}\n".encode())

    def _done(self) -> int:
        return sum(self.told.values()) + self.before

    def _tell_progress(self) -> None:
        now = time.monotonic()
        if now < self.told_at + TELL_EVERY_S:
            return
        self.told_at, done = now, self._done()
        left = (now - self.started) / done * (self.plan.operations - done)
        print(
            f"\r{done} of {self.plan.operations} operations, {left:.0f} s left  ", end="", file=sys.stderr, flush=True
        )
