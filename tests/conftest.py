"""Engines for whoever asks, and the shop of `tests/desk`; mypy takes one `conftest` outside of packages, and no more."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from shop import Shop

from engines import Engines, PlacedStore, table_of_its_own
from kefu.store.memory import MemoryStore
from kefu.store.port import Store
from kefu.store.sqlite import SqliteStore
from kefu.testing.clocks import ManualClock
from kefu.testing.engines import ENVIRONMENT, quickest


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    started = Engines()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
        yield started
    started.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "dynamodb"])
async def store(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[Store]:
    """Tests never ask which. One that brings a store of its own runs on that alone."""
    if request.param == "memory":
        yield MemoryStore(clock.now)
        return
    engines: Engines = request.getfixturevalue("engines")
    async with table_of_its_own(engines.endpoint(quickest())) as table:
        yield PlacedStore(table)


@pytest.fixture(params=["memory", "sqlite", "dynamodb"])
async def each_store(request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Store]:
    """For tests of what every backend must keep: they take it as their `store`."""
    if request.param == "memory":
        yield MemoryStore(clock.now)
    elif request.param == "sqlite":
        file = await SqliteStore.open(tmp_path / "kefu.db", clock.now)
        yield file
        await file.close()
    else:
        engines: Engines = request.getfixturevalue("engines")
        async with table_of_its_own(engines.endpoint(quickest())) as table:
            yield PlacedStore(table)


@pytest.fixture
def shop(store: Store, clock: ManualClock) -> Shop:
    return Shop(clock=clock, store=store)


@pytest.fixture
async def g1_and_presales(shop: Shop) -> Shop:
    """Agents a, b in G1, c in no group, d in 售前, as the examples have them. Each has room for one."""
    await shop.group("G1")
    await shop.group("售前")
    await shop.agent("a", "G1")
    await shop.agent("b", "G1")
    await shop.agent("c")
    await shop.agent("d", "售前")
    return shop
