"""One process of a run: some of its workers, each with one request after another under its seed.

Started again after it was killed, it goes on behind what its journal tells: half of the requests that were never
answered are asked again with the same ids, the other half are of clients who do not come back.
"""

import asyncio
import logging
import sys
import time
import traceback
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import msgspec

from kefu.desk.desk import Desk
from kefu.domain.refusals import Refusal, RefusalCode
from kefu.domain.session_ref import SessionRef
from kefu.records import sessions
from kefu.store.port import OutcomeUnknown, Throttled
from kefu.testing.contention.journal import (
    DONE,
    FAULT,
    NOBODY,
    UNKNOWN,
    Answered,
    Asked,
    Journal,
    Seen,
    SetBack,
    Warned,
    read_journals,
)
from kefu.testing.contention.plan import GO_ON, RESTS, Plan, open_store
from kefu.testing.contention.recorded_store import Doing, RecordedStore, doing
from kefu.testing.contention.requests import Closes, Request, draw
from kefu.testing.faults import CALM, FaultRates, FaultyStore

FAULTS = FaultRates(
    conflict=0.02, throttled=0.005, lost_before=0.02, lost_after=0.02, stale_listing=0.2, short_page=0.05
)
TRIES_MAX = 200
TRY_AGAIN_S = 0.05
PATIENCE_S = 600
"""Longer than any request may take, on a slow machine as well: who waits longer has found something."""
KNOWN_MAX = 150
LOOKS_ON_RATE = 0.15
"""How often a worker reads the session he heard of."""
TELL_EVERY = 10


class Rests:
    """All workers of this process stop together, it says so, and they go on when it is told to."""

    def __init__(self, plan: Plan, process: int) -> None:
        self._every = 0 if plan.has_faults else plan.rest_every
        self._barrier = asyncio.Barrier(len(plan.workers_of(process)) + 1)
        self._rests = (plan.operations // plan.workers - 1) // self._every if self._every else 0
        self._go_on = asyncio.Semaphore(0)

    async def before(self, number: int) -> None:
        """A worker is about to make its request of this number."""
        if self._every and number and number % self._every == 0 and number // self._every <= self._rests:
            await self._barrier.wait()
            await self._barrier.wait()

    async def keep(self) -> None:
        for _ in range(self._rests):
            await self._barrier.wait()
            print(RESTS, flush=True)
            await self._go_on.acquire()
            await self._barrier.wait()

    def go_on(self) -> None:
        self._go_on.release()


@dataclass(slots=True)
class Workers:
    """All workers of this process."""

    plan: Plan
    groups: list[str]
    desk: Desk
    journal: Journal
    rests: "Rests"
    known: list[SessionRef] = field(default_factory=list)
    answered: int = 0

    async def work(self, worker: int, first: int) -> None:
        for number in range(first, self.plan.operations_of(worker)):
            await self.rests.before(number)
            random = Random(f"{self.plan.seed}/{worker}/{number}")
            request = draw(random, self.plan, self.groups, self.known, f"{worker}/{number}")
            self.journal.write(Asked(worker=worker, number=number, request=request))
            await self.see_through(worker, number, request, random)

    async def see_through(self, worker: int, number: int, request: Request, random: Random) -> None:
        """Asks until it is answered, always with the same id."""
        doing.set(Doing(worker, number, type(request).__name__))
        answer = Answered(worker=worker, number=number, outcome=FAULT, trouble=f"not answered in {TRIES_MAX} tries")
        for _ in range(TRIES_MAX):
            try:
                async with asyncio.timeout(PATIENCE_S):
                    result = await request.ask(self.desk, self.plan)
                answer = Answered(worker=worker, number=number, outcome=DONE, result=result)
                break
            except OutcomeUnknown:
                self.journal.write(SetBack(worker=worker, number=number, why=UNKNOWN))
            except Refusal as refusal:
                if refusal.code is not RefusalCode.BUSY:
                    answer = Answered(worker=worker, number=number, outcome=refusal.code)
                    break
                self.journal.write(SetBack(worker=worker, number=number, why=refusal.code))
            except Exception:  # noqa: BLE001  whatever it is, it was no answer: a finding
                answer = Answered(worker=worker, number=number, outcome=FAULT, trouble=traceback.format_exc())
                break
            await asyncio.sleep(random.uniform(0, TRY_AGAIN_S))
        self.journal.write(answer)
        self._told()
        self._remember(request, answer)
        if answer.result and answer.result.session:
            await self._look_on(worker, number, answer.result.session, random)

    def _remember(self, request: Request, answer: Answered) -> None:
        """Sessions that are open as far as this process heard, the latest of them."""
        if isinstance(request, Closes) or answer.outcome == RefusalCode.SESSION_CLOSED:
            self.known = [each for each in self.known if each != getattr(request, "session", None)]
        elif answer.result and answer.result.session and answer.result.session not in self.known:
            self.known = [*self.known[-KNOWN_MAX:], answer.result.session]

    async def _look_on(self, worker: int, number: int, ref: SessionRef, random: Random) -> None:
        if random.random() > LOOKS_ON_RATE:
            return
        try:
            [loaded] = await sessions.load(self.desk.store, self.plan.tenant, [ref])
        except Throttled:
            return
        assert loaded, f"{ref} was named by the desk and is not there"
        session = loaded.value.session
        seen = Seen(
            worker=worker, number=number, session=ref, state=session.state, agent=session.agent, last_seq=session.last_seq
        )  # fmt: skip
        self.journal.write(seen)

    def _told(self) -> None:
        self.answered += 1
        if self.answered % TELL_EVERY == 0:
            print(self.answered, flush=True)


async def run(plan: Plan, process: int, groups: list[str]) -> None:
    file = plan.journal(f"process-{process}")
    asked, unanswered = _left_behind(file)
    store = await open_store(plan.store)
    dice = Random(f"{plan.seed}/{process}/{sum(asked.values())}")
    faulty = FaultyStore(store, dice, FAULTS if plan.has_faults else CALM)
    with Journal(file) as journal:
        logging.getLogger("kefu.desk").addHandler(_Warnings(journal))
        logging.getLogger("kefu.desk").propagate = False
        rests = Rests(plan, process)
        workers = Workers(plan, groups, Desk(store=RecordedStore(faulty, journal)), journal, rests)
        listening = asyncio.create_task(_listen(faulty, rests))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(rests.keep())
            for each in unanswered[::2]:
                tasks.create_task(workers.see_through(each.worker, each.number, each.request, Random(each.number)))
            for worker in plan.workers_of(process):
                tasks.create_task(workers.work(worker, asked[worker]))
        listening.cancel()
        await store.close()


def _left_behind(file: Path) -> tuple[dict[int, int], list[Asked]]:
    """How many requests each worker had made when the process was killed, and those that were not answered."""
    asked: dict[int, int] = defaultdict(int)
    pending: dict[tuple[int, int], Asked] = {}
    for entry in read_journals([file] if file.exists() else []):
        if isinstance(entry, Asked):
            asked[entry.worker] = max(asked[entry.worker], entry.number + 1)
            pending[entry.worker, entry.number] = entry
        elif isinstance(entry, Answered):
            pending.pop((entry.worker, entry.number), None)
    return asked, list(pending.values())


async def _listen(faulty: FaultyStore, rests: Rests) -> None:
    """What comes in is a number of seconds for which the store throttles everything, or the word to go on."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().strip():
        if line == GO_ON:
            rests.go_on()
            continue
        rates, faulty.rates = faulty.rates, replace(faulty.rates, throttled=1)
        await asyncio.sleep(float(line))
        faulty.rates = rates


class _Warnings(logging.Handler):
    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.WARNING)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        request = doing.get()
        worker, number = (request.worker, request.number) if request else (NOBODY, 0)
        self._journal.write(Warned(at=time.monotonic_ns(), worker=worker, number=number, say=record.getMessage()))


if __name__ == "__main__":
    given = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan)
    asyncio.run(run(given, int(sys.argv[2]), sys.argv[3:]))
