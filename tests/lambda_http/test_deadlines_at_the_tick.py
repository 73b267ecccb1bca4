"""Who is silent is ended by the tick on Lambda, and by a task of its own in `kefu serve`."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from kefu.bootstrap import build_app
from kefu.desk.call import Call, Caller, Role
from kefu.desk.deadlines import keep_looking, look_at_due
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.tenant_settings import update_settings
from kefu.desk.tenants import create_tenant
from kefu.domain.bounds import DEADLINES_PAGE
from kefu.domain.instants import MINUTE
from kefu.domain.session import SessionState
from kefu.domain.timeouts import Timeouts
from kefu.entrypoints.lambda_tick import tick_handler
from kefu.entrypoints.socket_container import SocketContainer
from kefu.records import keys, sessions
from kefu.settings import Settings
from kefu.store.memory import MemoryStore
from kefu.store.port import Key, Record, Span
from kefu.store.wrapper import StoreWrapper
from kefu.testing.clocks import ManualClock
from lambda_http.conftest import SECRET
from lambda_http.gateway_events import Context

TENANTS = ("20080", "20081")


async def silent_sessions(desk: Desk, count: int = 1) -> None:
    """Of each tenant so many, whose visitors have gone."""
    for tenant in TENANTS:
        call = Call(by=Caller(tenant=tenant, role=Role.PARTNER, user_name="crm"))
        await create_tenant(desk, tenant, "Shop")
        await update_settings(desk, call, lambda known: replace(known, timeouts=Timeouts(pending_ms=MINUTE)))
        for number in range(count):
            await ingest_message(desk, call, IncomingMessage(visitor=f"V{number}", text="hello"))


async def left_waiting(desk: Desk) -> int:
    pages = [await sessions.listed(desk.store, each, SessionState.WAITING, Span(1_000)) for each in TENANTS]
    return sum(len(found) for found, _ in pages)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(clock: ManualClock) -> Desk:
    return Desk(store=MemoryStore(clock.now), clock=clock)


async def test_of_every_tenant_whoever_is_due_is_looked_at(desk: Desk, clock: ManualClock) -> None:
    await silent_sessions(desk, DEADLINES_PAGE + 1)
    clock.advance(MINUTE)
    assert await look_at_due(desk, lambda: True) == 2 * (DEADLINES_PAGE + 1)
    assert await left_waiting(desk) == 0


async def test_out_of_time_it_stops_and_the_next_one_goes_on(desk: Desk, clock: ManualClock) -> None:
    await silent_sessions(desk, 30)
    clock.advance(MINUTE)
    looks = iter([True, True])
    first = await look_at_due(desk, lambda: next(looks, False))
    assert 0 < await left_waiting(desk) == 60 - first < 60
    await look_at_due(desk, lambda: True)
    assert await left_waiting(desk) == 0


class Broken(StoreWrapper):
    """The records of one session cannot be read."""

    def __init__(self, inner: MemoryStore) -> None:
        super().__init__(inner)
        self.partition = ""

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        if any(key.partition == self.partition for key in keys):
            raise RuntimeError("this record is broken")
        return await super().get(keys)


async def test_one_sessions_trouble_is_not_the_next_ones(clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    store = Broken(MemoryStore(clock.now))
    desk = Desk(store=store, clock=clock)
    await silent_sessions(desk, 3)
    [first, *_], _ = await sessions.listed(store, TENANTS[0], SessionState.WAITING, Span(1))
    store.partition = keys.log_partition(TENANTS[0], first.id)
    clock.advance(MINUTE)
    await look_at_due(desk, lambda: True)
    assert await left_waiting(desk) == 1
    assert f"the deadline of session {first.id} was not looked at" in caplog.text


async def test_who_keeps_looking_looks_every_other_second(desk: Desk, clock: ManualClock) -> None:
    await silent_sessions(desk)
    began_at = clock.now()
    looking = asyncio.create_task(keep_looking(desk))
    async with asyncio.timeout(60):
        while await left_waiting(desk):  # noqa: ASYNC110  it turns with every round of looks
            await asyncio.sleep(0)
    looking.cancel()
    assert clock.now() - began_at <= MINUTE + 3 * 2_000


async def test_kefu_serve_looks_by_itself(desk: Desk) -> None:
    """The clock of the desk leaps as the server's tasks sleep."""
    app = build_app(desk, Settings(store="memory:", sends_webhooks=False), SECRET)
    async with app.router.lifespan_context(app):
        await silent_sessions(desk)
        async with asyncio.timeout(60):
            while await left_waiting(desk):  # noqa: ASYNC110  as above
                await asyncio.sleep(0)


async def test_the_tick_looks_at_what_is_due() -> None:
    container = SocketContainer({"KEFU_STORE": "memory:", "KEFU_SECRET": SECRET})
    clock = ManualClock()
    container.__dict__["desk"] = Desk(store=MemoryStore(clock.now), clock=clock)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: container.run(silent_sessions(container.desk))).result()
        early = thread.submit(tick_handler(container), {}, Context()).result()
        clock.advance(MINUTE)
        answer = thread.submit(tick_handler(container), {}, Context()).result()
        again = thread.submit(tick_handler(container), {}, Context()).result()
        thread.submit(container.close).result()
    assert [each["deadlines"] for each in (early, answer, again)] == [0, 2, 0]
