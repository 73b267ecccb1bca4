"""What a run is to find while it lasts: somebody stuck at rest, and a process that failed. Each was made by hand."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from kefu.desk.bindings import BindingName, create_binding
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.tenants import create_tenant
from kefu.domain.agent import AgentStatus
from kefu.domain.directory import Ranking
from kefu.records import agents
from kefu.store.memory import MemoryStore
from kefu.testing.clocks import ManualClock
from kefu.testing.contention.crew import WorkersFailed
from kefu.testing.contention.journal import Journal
from kefu.testing.contention.plan import Plan
from kefu.testing.contention.recorded_store import RecordedStore
from kefu.testing.contention.requests import Writes
from kefu.testing.contention.run import Run, contend

AGENT, VISITOR, FLAG = "a", "v", "F"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Over a tenant in which one visitor waits, bound to an agent who is busy."""
    plan, clock = Plan(store="", folder=str(tmp_path), seed=1, operations=0), ManualClock()
    with Journal(plan.journal("process-0")) as journal:
        store = RecordedStore(MemoryStore(clock.now), journal)
        yield Run(plan, Desk(store=store, clock=clock, random=Random(1)))


@pytest.fixture
async def resting(run: Run) -> Run:
    call = Call(by=run.plan.caller)
    await create_tenant(run.desk, run.plan.tenant, "Contention")
    await save_agent(run.desk, call, AgentChange(user_name=AGENT, max_sessions=1))
    await set_agent_status(run.desk, call, AGENT, AgentStatus.BUSY)
    await create_binding(run.desk, call, BindingName(business_flag=FLAG, visitor=VISITOR), AGENT)
    await Writes(id="m", visitor=VISITOR, keys={"businessFlag": FLAG}).ask(run.desk, run.plan)
    return run


async def forge(run: Run, status: AgentStatus) -> None:
    """The agent's status, as a desk would write it that then forgot to look."""
    loaded = await agents.load_one(run.desk.store, run.plan.tenant, AGENT)
    assert loaded
    forged = replace(loaded.value, status=status)
    await run.desk.store.commit(
        [agents.write(run.plan.tenant, forged, loaded.version, Ranking.LEAST_LOADED)], token=None
    )


async def test_who_waits_for_a_busy_agent_is_not_stuck(resting: Run) -> None:
    await resting.hold_laws_of_waiting()
    assert resting.outcome.broken is None


@pytest.mark.parametrize(("status", "law"), [(AgentStatus.ONLINE, "L7"), (AgentStatus.OFFLINE, "L7 gone")])
async def test_somebody_stuck_at_rest_is_a_finding(resting: Run, status: AgentStatus, law: str) -> None:
    await forge(resting, status)
    await resting.hold_laws_of_waiting()
    assert resting.outcome.broken is not None
    assert resting.outcome.broken.law == law


async def test_the_first_finding_stays_whatever_is_right_later(resting: Run) -> None:
    await forge(resting, AgentStatus.ONLINE)
    await resting.hold_laws_of_waiting()
    await forge(resting, AgentStatus.BUSY)
    await resting.hold_laws_of_waiting()
    assert resting.outcome.broken is not None


async def test_a_process_that_fails_ends_the_run(tmp_path: Path) -> None:
    """Its journal cannot be written: a folder lies there."""
    plan = Plan(
        store=f"sqlite:{tmp_path / 'kefu.db'}", folder=str(tmp_path), seed=1, operations=4, workers=2, processes=2
    )
    plan.journal("process-1").mkdir()
    with pytest.raises(ExceptionGroup) as failed:
        await contend(plan)
    assert failed.group_contains(WorkersFailed, match="process 1")
