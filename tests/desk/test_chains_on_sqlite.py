"""Overflow and its limits on the file that a deployment of one machine has; the other tests ask memory and DynamoDB."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from shop import BUSY, OFFLINE, TENANT, Shop

from kefu.desk.directory import GroupChange, save_group
from kefu.desk.sweep import sweep
from kefu.domain.instants import MINUTE
from kefu.store.sqlite import SqliteStore
from kefu.testing.clocks import ManualClock


@pytest.fixture
async def on_sqlite(tmp_path: Path) -> AsyncIterator[Shop]:
    """Agent a in G1, which overflows to G2 after a minute, and where one may wait; d in G2. Each has room for one."""
    clock = ManualClock()
    store = await SqliteStore.open(tmp_path / "desk.sqlite", clock.now)
    shop = Shop(clock=clock, store=store)
    for name in ("G2", "G1"):
        await shop.group(name)
    change = GroupChange(
        id=shop.groups["G1"],
        name="G1",
        overflow_groups=(shop.groups["G2"],),
        overflow_after_ms=MINUTE,
        queue_length_max=1,
    )
    await shop.step(save_group(shop.desk, shop.call(), change))
    await shop.agent("a", "G1")
    await shop.agent("d", "G2")
    await shop.write("with a", queueName="G1")
    yield shop
    await store.close()


async def test_overflow_by_time_on_sqlite(on_sqlite: Shop) -> None:
    await on_sqlite.write("with d", queueName="G2")
    ref = await on_sqlite.write("V", queueName="G1")
    on_sqlite.clock.advance(MINUTE)
    await on_sqlite.step(sweep(on_sqlite.desk, TENANT))
    assert await on_sqlite.where(ref) == "queued in G2"


async def test_overflow_of_a_full_queue_on_sqlite(on_sqlite: Shop) -> None:
    waiting = [await on_sqlite.write(visitor, queueName="G1") for visitor in ("V1", "V2")]
    assert [await on_sqlite.where(each) for each in waiting] == ["queued in G1", "with d"]


async def test_nobody_online_on_sqlite(on_sqlite: Shop) -> None:
    ref = await on_sqlite.write("V", queueName="G1")
    await on_sqlite.turn("a", OFFLINE)
    assert await on_sqlite.where(ref) == "with d"


async def test_a_full_queue_declines_on_sqlite(on_sqlite: Shop) -> None:
    change = GroupChange(id=on_sqlite.groups["G2"], name="G2", queue_length_max=0)
    await on_sqlite.step(save_group(on_sqlite.desk, on_sqlite.call(), change))
    await on_sqlite.turn("d", BUSY)
    assert await on_sqlite.where(await on_sqlite.write("V", queueName="G2")) == "CLOSED"
