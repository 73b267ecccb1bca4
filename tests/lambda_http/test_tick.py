"""The sweep once a minute: bounded, shared, and gone on with. Agents whose lease lapsed show where it has been."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from kefu.desk.bindings import BindingName, create_binding
from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.presence import show_presence
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.sweep_round import ALL_TENANTS, CUT_BEFORE_S, STOP_BEFORE_S, Round, Shard, keep_sweeping, sweep_for
from kefu.desk.tenants import create_tenant
from kefu.domain.agent import AgentStatus
from kefu.domain.instants import MINUTE
from kefu.domain.session import SessionState
from kefu.entrypoints.lambda_tick import tick_handler
from kefu.entrypoints.socket_container import SocketContainer
from kefu.records import agents, sessions
from kefu.store.memory import MemoryStore
from kefu.store.port import Key, Page, Record, Span
from kefu.store.wrapper import StoreWrapper
from kefu.testing.clocks import ManualClock
from kefu.testing.laws import check_laws
from lambda_http.conftest import SECRET
from lambda_http.gateway_events import Context

TENANTS = [str(number) for number in range(20_080, 20_087)]
RUNS_MAX = 100


class Troubled(StoreWrapper):
    """Reading there is trouble, of the kind that `trouble` makes."""

    def __init__(self, inner: MemoryStore) -> None:
        super().__init__(inner)
        self.place = ""
        self.trouble: Callable[[], asyncio.Future[None]] = lambda: asyncio.get_running_loop().create_future()

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        if self.place and any(self.place in key.partition for key in keys):
            await self.trouble()
        return await super().get(keys)

    async def listing(self, index: str, span: Span) -> Page:
        if self.place and self.place in index:
            await self.trouble()
        return await super().listing(index, span)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> Troubled:
    return Troubled(MemoryStore(clock.now))


@pytest.fixture
def desk(store: Troubled, clock: ManualClock) -> Desk:
    return Desk(store=store, clock=clock)


def by(tenant: str, role: Role = Role.PARTNER, name: str = "crm") -> Caller:
    return Caller(tenant=tenant, role=role, user_name=name)


async def open_tenants(desk: Desk, clock: ManualClock, *names: str, tenants: Sequence[str] = TENANTS) -> None:
    """Tenants with agents whose clients have fallen silent."""
    for tenant in tenants:
        await create_tenant(desk, tenant, "Shop")
        for name in names:
            await save_agent(desk, Call(by=by(tenant)), AgentChange(user_name=name))
            await set_agent_status(desk, Call(by=by(tenant)), name, AgentStatus.ONLINE)
            await show_presence(desk, by(tenant, Role.AGENT, name))
    clock.advance(2 * MINUTE)


async def found_out(desk: Desk, tenants: Sequence[str] = TENANTS) -> list[str]:
    """Agents whose lapse is stored."""
    found = []
    for tenant in tenants:
        listed, _ = await agents.listed(desk.store, tenant, Span(100))
        found += [f"{tenant} {agent.login}" for agent in listed if agent.status is AgentStatus.OFFLINE]
    return found


def time_for(checks: int) -> Callable[[], float]:
    """Enough time until it was looked at the clock so often."""
    looked = count()
    return lambda: 60.0 if next(looked) < checks else STOP_BEFORE_S


def ample() -> float:
    return 60.0


async def runs(desk: Desk, *, checks: int, shard: Shard = ALL_TENANTS) -> list[Round]:
    """Runs of so little time each, until a round is over."""
    made: list[Round] = []
    while len(made) < RUNS_MAX and not (made and made[-1].is_over):
        made.append(await sweep_for(desk, shard, time_for(checks)))
    return made


async def test_in_ample_time_every_tenant_is_swept(desk: Desk, clock: ManualClock) -> None:
    await open_tenants(desk, clock, "a")
    assert (await sweep_for(desk, ALL_TENANTS, ample)).is_over
    assert len(await found_out(desk)) == len(TENANTS)


async def test_out_of_time_it_stops(desk: Desk, clock: ManualClock) -> None:
    await open_tenants(desk, clock, "a")
    swept = await sweep_for(desk, ALL_TENANTS, time_for(6))
    assert (swept.is_over, 0 < len(await found_out(desk)) < len(TENANTS)) == (False, True)


@pytest.mark.parametrize("checks", [3, 4, 5, 8])
async def test_the_next_run_goes_on_where_the_last_one_stopped(desk: Desk, clock: ManualClock, checks: int) -> None:
    await open_tenants(desk, clock, "a", "b", "c")
    made = await runs(desk, checks=checks)
    assert made[-1].is_over
    assert len(made) > 1
    assert len(await found_out(desk)) == sum(each.looks for each in made) == 3 * len(TENANTS)


async def test_after_a_round_the_next_one_begins_anew(desk: Desk, clock: ManualClock) -> None:
    await open_tenants(desk, clock, "a")
    await runs(desk, checks=6)
    assert (await sweep_for(desk, ALL_TENANTS, ample)).looks == len(TENANTS)


async def test_shards_share_the_tenants(desk: Desk, clock: ManualClock) -> None:
    await open_tenants(desk, clock, "a")
    made = [await sweep_for(desk, Shard(number=number, of=3), ample) for number in range(3)]
    assert len(await found_out(desk)) == sum(each.looks for each in made) == len(TENANTS)
    assert max(each.looks for each in made) < len(TENANTS)


async def test_each_shard_keeps_its_own_place(desk: Desk, clock: ManualClock) -> None:
    await open_tenants(desk, clock, "a", "b")
    shards = [Shard(number=number, of=2) for number in range(2)]
    for _ in range(RUNS_MAX):
        if all([(await sweep_for(desk, shard, time_for(4))).is_over for shard in shards]):
            break
    assert len(await found_out(desk)) == 2 * len(TENANTS)


async def test_run_twice_at_once_it_does_all_once(desk: Desk, clock: ManualClock) -> None:
    await open_tenants(desk, clock, "a", "b")
    await asyncio.gather(*(sweep_for(desk, ALL_TENANTS, ample) for _ in range(2)))
    assert len(await found_out(desk)) == 2 * len(TENANTS)
    for tenant in TENANTS:
        await check_laws(desk.store, tenant, clock.now())


async def test_two_that_stop_at_once_leave_one_place(desk: Desk, clock: ManualClock) -> None:
    await open_tenants(desk, clock, "a", "b")
    await asyncio.gather(*(sweep_for(desk, ALL_TENANTS, time_for(checks)) for checks in (4, 7)))
    await runs(desk, checks=5)
    assert len(await found_out(desk)) == 2 * len(TENANTS)


async def test_a_second_round_writes_nothing(desk: Desk, clock: ManualClock) -> None:
    await open_tenants(desk, clock, "a")
    await sweep_for(desk, ALL_TENANTS, ample)
    position = await desk.store.position()
    await sweep_for(desk, ALL_TENANTS, ample)
    assert await desk.store.position() == position


async def test_who_waits_is_looked_at_in_a_later_run_too(desk: Desk, clock: ManualClock) -> None:
    tenant = TENANTS[0]
    await open_tenants(desk, clock, "gone1", "gone2", tenants=[tenant])
    call = Call(by=by(tenant))
    for name, status in (("bound", AgentStatus.BUSY), ("free", AgentStatus.ONLINE)):
        await save_agent(desk, call, AgentChange(user_name=name, max_sessions=5))
        await set_agent_status(desk, call, name, status)
    refs = []
    for visitor in ("V", "W"):
        binding = BindingName(business_flag="F", visitor=visitor)
        await create_binding(desk, call, binding, "bound", clock.now() + MINUTE)
        message = IncomingMessage(visitor=visitor, text="hello", ext={"weichat": {"businessFlag": "F"}})
        refs.append((await ingest_message(desk, call, message)).session)
    clock.advance(2 * MINUTE)
    assert len(await runs(desk, checks=3)) > 2
    loaded = await sessions.load(desk.store, tenant, refs)
    assert [each and each.value.session.state for each in loaded] == [SessionState.ACTIVE] * 2


async def test_a_look_that_hangs_is_cut_and_left_behind(desk: Desk, clock: ManualClock, store: Troubled) -> None:
    await open_tenants(desk, clock, "a", "b", "c", tenants=TENANTS[:1])
    store.place = "AGENT#b"
    left_s = iter([CUT_BEFORE_S + 0.05])
    swept = await sweep_for(desk, ALL_TENANTS, lambda: next(left_s, 60.0))
    assert not swept.is_over
    assert (await sweep_for(desk, ALL_TENANTS, ample)).is_over
    assert await found_out(desk, TENANTS[:1]) == ["20080 a", "20080 c"]


async def test_one_tenants_trouble_is_not_the_next_ones(
    desk: Desk, clock: ManualClock, store: Troubled, caplog: pytest.LogCaptureFixture
) -> None:
    await open_tenants(desk, clock, "a")
    store.place, store.trouble = f"{TENANTS[2]}#AGENTS", broken
    assert (await sweep_for(desk, ALL_TENANTS, ample)).is_over
    store.place = ""
    assert [each.split()[0] for each in await found_out(desk)] == [each for each in TENANTS if each != TENANTS[2]]
    assert f"the sweep of tenant {TENANTS[2]} did not come through" in caplog.text


async def test_one_looks_trouble_is_not_the_next_ones(
    desk: Desk, clock: ManualClock, store: Troubled, caplog: pytest.LogCaptureFixture
) -> None:
    await open_tenants(desk, clock, "a", "b", "c", tenants=TENANTS[:1])
    store.place, store.trouble = "AGENT#b", broken
    assert (await sweep_for(desk, ALL_TENANTS, ample)).is_over
    assert await found_out(desk, TENANTS[:1]) == ["20080 a", "20080 c"]
    assert f"a look at tenant {TENANTS[0]} did not come through" in caplog.text


def broken() -> asyncio.Future[None]:
    raise RuntimeError("this record is broken")


@pytest.fixture
def _two_tenants_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kefu.desk.sweep_round.SWEEP_PAGE", 1)
    monkeypatch.setattr("kefu.desk.sweep_round.TENANTS_SWEPT_MAX", 2)


@pytest.mark.usefixtures("_two_tenants_at_once")
async def test_more_tenants_than_one_run_sweeps_are_left_to_the_next(desk: Desk, clock: ManualClock) -> None:
    await open_tenants(desk, clock, "a")
    made = await runs(desk, checks=1_000)
    assert len(await found_out(desk)) == sum(each.looks for each in made) == len(TENANTS)
    assert max(each.looks for each in made) == 2


@pytest.mark.usefixtures("_two_tenants_at_once")
async def test_who_keeps_sweeping_goes_on_with_the_tenants_that_are_left(desk: Desk, clock: ManualClock) -> None:
    await open_tenants(desk, clock, "a")
    sweeping = asyncio.create_task(keep_sweeping(desk))
    async with asyncio.timeout(60):
        while len(await found_out(desk)) < len(TENANTS):  # noqa: ASYNC110  it turns with every step of the sweep
            await asyncio.sleep(0)
    sweeping.cancel()


SCHEDULED: dict[str, object] = {"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}


class TestHandler:
    @pytest.mark.parametrize("event", [SCHEDULED, {"shard": 1, "of": 2}])
    async def test_a_scheduled_event_sweeps(self, event: dict[str, object]) -> None:
        container = SocketContainer({"KEFU_STORE": "memory:", "KEFU_SECRET": SECRET})
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: container.run(create_tenant(container.desk, "20080", "Shop"))).result()
            answer = thread.submit(tick_handler(container), event, Context()).result()
            thread.submit(container.close).result()
        assert answer == {"looks": 0, "isOver": True, "sockets": 0, "lanes": 0, "deadlines": 0}

    async def test_the_first_tick_of_a_container_attends_to_sockets(self, caplog: pytest.LogCaptureFixture) -> None:
        container = SocketContainer(
            {"KEFU_STORE": "memory:", "KEFU_SECRET": SECRET, "KEFU_WEBSOCKET_ENDPOINT": "https://sockets.example"}
        )
        with ThreadPoolExecutor(1) as thread:
            thread.submit(tick_handler(container), {}, Context()).result()
            thread.submit(container.close).result()
        assert not caplog.records

    @pytest.mark.parametrize("event", [{"shard": 2, "of": 2}, {"shard": -1, "of": 2}])
    async def test_a_shard_that_is_none_is_refused(self, event: dict[str, object]) -> None:
        container = SocketContainer({"KEFU_STORE": "memory:"})
        with ThreadPoolExecutor(1) as thread:
            with pytest.raises(ValueError, match="counted from 0"):
                thread.submit(tick_handler(container), event, Context()).result()
            thread.submit(container.close).result()
