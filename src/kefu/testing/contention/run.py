"""A whole run: opens the tenant, lets the workers work, sweeps once if there were faults, then holds the laws."""

import time
from dataclasses import dataclass, field

from kefu.desk.desk import Desk
from kefu.desk.sweep import sweep
from kefu.testing.contention.crew import Crew
from kefu.testing.contention.history import history_of
from kefu.testing.contention.history_laws import hold_history
from kefu.testing.contention.journal import NOBODY, SWEEP, Journal, read_journals
from kefu.testing.contention.plan import Plan, open_store, open_tenant
from kefu.testing.contention.recorded_store import Doing, RecordedStore, doing
from kefu.testing.contention.report import Measured, measure
from kefu.testing.contention.resting import hold_laws_of_waiting
from kefu.testing.laws import LAWS, LawBroken, hold_laws
from kefu.testing.ledger import read_ledger

REST_LAWS = tuple(law for law in LAWS if law != "L7 order")
"""By the log's milliseconds nobody can tell who was first; H6 can."""


@dataclass(slots=True)
class Outcome:
    measured: Measured = field(default_factory=Measured)
    killed: bool = False
    throttled: bool = False
    rests: int = 0
    """How often all workers stood still and nobody was stuck."""
    checked_s: float = 0
    held: dict[str, int] = field(default_factory=dict)
    """By law over the history: how many cases."""
    broken: LawBroken | None = None
    story: str = ""
    """Of the sessions that the finding names."""


@dataclass(slots=True)
class Run:
    plan: Plan
    desk: Desk
    outcome: Outcome = field(default_factory=Outcome)

    async def contend(self) -> Outcome:
        crew = Crew(self.plan, await open_tenant(self.desk, self.plan), self.hold_laws_of_waiting)
        await crew.work()
        if self.plan.has_faults:
            doing.set(Doing(NOBODY, 1, SWEEP))
            await sweep(self.desk, self.plan.tenant)
        outcome = self.outcome
        outcome.killed, outcome.throttled, outcome.rests = crew.killed is not None, crew.throttled, crew.rests
        outcome.measured = measure(read_journals(self.plan.journals()))
        await self.hold_all_laws()
        return outcome

    async def hold_laws_of_waiting(self) -> None:
        try:
            await hold_laws_of_waiting(self.desk, self.plan.tenant)
        except LawBroken as broken:
            await self._tell(broken)

    async def hold_all_laws(self) -> None:
        started = time.monotonic()
        ledger = await read_ledger(self.desk.store, self.plan.tenant)
        try:
            hold_laws(ledger, self.desk.clock.now(), REST_LAWS)
            history = history_of(self.plan.tenant, ledger, read_journals(self.plan.journals()))
            self.outcome.held = hold_history(history)
        except LawBroken as broken:
            await self._tell(broken)
        self.outcome.checked_s = time.monotonic() - started

    async def _tell(self, broken: LawBroken) -> None:
        """Keeps the first finding, with the history of the sessions in it as it is now."""
        if self.outcome.broken:
            return
        self.outcome.broken = broken
        ledger = await read_ledger(self.desk.store, self.plan.tenant)
        history = history_of(self.plan.tenant, ledger, read_journals(self.plan.journals()))
        named = [session for session in ledger.sessions if session in str(broken)]
        self.outcome.story = "\n".join(map(history.story, named))


async def contend(plan: Plan) -> Outcome:
    """A broken law is in the outcome. Raises an exception group if a process failed."""
    store = await open_store(plan.store)
    try:
        with Journal(plan.journal("parent")) as journal:
            return await Run(plan, Desk(store=RecordedStore(store, journal))).contend()
    finally:
        await store.close()
