"""What a run is: who takes part, how much they do, under which seed. Every process reads it from the run's folder."""

from pathlib import Path
from random import Random

import msgspec

from kefu.desk.bindings import BindingName, create_binding
from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.directory import GroupChange, save_group
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.tenants import create_tenant
from kefu.domain.agent import AgentStatus
from kefu.store.port import Store, StoreError

PARTNER = "crm"
GROUPS = ("G1", "G2")
SERVED = (("G1",), ("G1", "G2"), (), ("G2",))
"""Which groups the agents serve, one after another: none is the default group."""
ROOM = (1, 2, 1, 3, 2)
FLAGS = ("F", "G")
VISITORS_PER_WORKER = 6

RESTS, GO_ON = "rests", "go on"
"""What a process says when its workers stand still, and what it is told then."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    store: str
    folder: str
    tenant: str = "1"
    seed: int
    operations: int
    workers: int = 32
    processes: int = 4
    agents: int = 24
    rest_every: int = 10
    """Requests of each worker between two rests: then all stand still and nobody may be stuck. Never with faults."""
    has_faults: bool = False
    throttled_s: float = 5

    @property
    def caller(self) -> Caller:
        return Caller(tenant=self.tenant, role=Role.PARTNER, user_name=PARTNER)

    def agent_names(self) -> list[str]:
        return [f"a{number}" for number in range(self.agents)]

    def visitors(self) -> list[str]:
        return [f"v{number}" for number in range(self.workers * VISITORS_PER_WORKER)]

    def workers_of(self, process: int) -> range:
        return range(process, self.workers, self.processes)

    def operations_of(self, worker: int) -> int:
        return self.operations // self.workers + (worker < self.operations % self.workers)

    def journal(self, name: str) -> Path:
        return Path(self.folder) / f"{name}.jsonl"

    def journals(self) -> list[Path]:
        return sorted(Path(self.folder).glob("*.jsonl"))


class NoStoreUrl(StoreError):
    """It must be `sqlite:PATH` or `dynamodb:TABLE?region=…&endpoint=…`: a store that processes can share."""


async def open_store(url: str) -> Store:
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite" and rest:
        from kefu.store.sqlite import SqliteStore  # noqa: PLC0415  a backend is loaded when it is asked for

        return await SqliteStore.open(rest)
    if scheme == "dynamodb" and rest:
        from kefu.store.dynamodb import open_dynamodb  # noqa: PLC0415  as above

        return await open_dynamodb(rest)
    raise NoStoreUrl(url)


async def open_tenant(desk: Desk, plan: Plan) -> list[str]:
    """Groups, agents at work, some bindings. Returns the groups' ids."""
    random, call = Random(plan.seed), Call(by=plan.caller)
    await create_tenant(desk, plan.tenant, "Contention")
    ids = {name: (await save_group(desk, call, GroupChange(name=name))).name for name in GROUPS}
    names = plan.agent_names()
    for number, name in enumerate(names):
        served = tuple(ids[group] for group in SERVED[number % len(SERVED)])
        change = AgentChange(user_name=name, groups=served, max_sessions=ROOM[number % len(ROOM)])
        await save_agent(desk, call, change)
        await set_agent_status(desk, call, name, AgentStatus.ONLINE)
    visitors = plan.visitors()
    for visitor in random.sample(visitors, len(visitors) // 2):
        await create_binding(desk, call, BindingName(business_flag=FLAGS[0], visitor=visitor), random.choice(names))
    return list(ids.values())
