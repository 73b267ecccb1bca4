"""What the desk's operations cost on DynamoDB, at a small size: a figure over its target is a test that fails.

`python -m benchmarks.dynamodb` holds the same targets at ten thousand agents.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import pytest

from benchmarks.counting import Counted, CountingTransport, Tally
from benchmarks.engine import create_table
from benchmarks.growth import AXES, grown, over_target
from benchmarks.operations import OPERATIONS, Measured, Stage, measure, measure_all
from benchmarks.targets import ITEM_BYTES_MAX, TARGETS, Target
from benchmarks.world import Size, build
from engines import Engines, client
from kefu.store.contract.shorthand import commit, put, record
from kefu.store.dynamodb import DynamoStore
from kefu.store.dynamodb_transport import Answer, BotoTransport, Request
from kefu.store.port import Expect, Put

ENGINE = "dynoxide"
"""It alone counts units as AWS does."""

_tables = itertools.count()


@pytest.fixture
async def transport(engines: Engines) -> AsyncIterator[BotoTransport]:
    opened = BotoTransport(partial(client, endpoint=engines.endpoint(ENGINE)))
    yield opened
    await opened.close()


@pytest.fixture
async def table(transport: BotoTransport) -> str:
    name = f"kefu-counted-{os.getpid()}-{next(_tables)}"
    await create_table(transport, name)
    return name


@pytest.fixture
async def stage(transport: BotoTransport, table: str) -> Stage:
    world = await build(DynamoStore(table, transport), Size(), progress=lambda _: None)
    return Stage(world, table, transport)


def test_every_operation_has_a_target() -> None:
    assert list(OPERATIONS) == [target.operation for target in TARGETS]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.operation)
async def test_an_operation_keeps_its_target(stage: Stage, target: Target) -> None:
    measured = await measure(stage, target)
    assert [str(finding) for finding in over_target(measured)] == [], measured.warm.trace


async def test_items_stay_under_the_kilobyte_that_the_targets_speak_of(stage: Stage) -> None:
    measured = await measure_all(stage)
    assert [each.target.operation for each in measured if each.warm.largest_item_bytes > ITEM_BYTES_MAX] == []


@pytest.mark.parametrize(
    ("round_trips", "write_units", "findings"),
    [(2, 4, []), (1, 1, []), (3, 4, ["round trips 3, at most 2"]), (2, 5, ["write units 5, at most 4"])],
    ids=["at its target", "better", "a round trip too many", "a unit too many"],
)
def test_what_is_over_a_target_is_found(round_trips: int, write_units: float, findings: list[str]) -> None:
    measured = measured_as(round_trips, write_units)
    assert [str(each).removeprefix("write: ") for each in over_target(measured)] == findings


def test_what_grows_along_an_axis_is_found() -> None:
    sizes = AXES["waiting"]
    at = {size: {target.operation: measured_as(1 + (size == sizes[-1]), 4) for target in TARGETS} for size in sizes}
    assert {each.what for each in grown("waiting", at)} == {
        "with more waiting: round trips",
        "with more waiting: read units",
    }
    assert grown("waiting", dict.fromkeys(sizes, at[sizes[0]])) == []


def measured_as(round_trips: int, write_units: float) -> Measured:
    """Each round trip reads one unit."""
    calls = [Counted(call="Query", operation="", wave=wave, read_units=1) for wave in range(round_trips)]
    tally = Tally([*calls[:-1], replace(calls[-1], table_write_units=write_units)])
    return Measured(target=Target("write", 2, 1, 4, 1), cold=Tally(), warm=tally)


class Scripted:
    """A service that takes so many turns of the loop to answer as the table's name says."""

    async def call(self, _operation: str, request: Request) -> Answer:
        for _ in range(int(request["TableName"])):
            await asyncio.sleep(0)
        return {"Items": [], "Count": 0, "ConsumedCapacity": {"CapacityUnits": 1.0}}

    async def close(self) -> None:
        pass


async def ask(transport: CountingTransport, *turns: int) -> None:
    """One after the other."""
    for each in turns:
        await transport.call("Query", {"TableName": str(each)})


@pytest.mark.parametrize(
    ("chains", "round_trips"),
    [
        ([(1, 1, 1)], 3),
        ([(1,), (9,), (300,)], 1),
        ([(1, 1), (300,)], 2),
        ([(1, 300, 1), (300, 1, 1)], 3),
        ([(1, 1, 1), (300,), (1, 300)], 3),
    ],
    ids=["one by one", "side by side", "a slow one beside two", "slow at different times", "of different lengths"],
)
async def test_round_trips_follow_from_what_waits_for_what(chains: list[tuple[int, ...]], round_trips: int) -> None:
    transport = CountingTransport(Scripted())
    with transport.counting() as tally:
        await asyncio.gather(*(ask(transport, *turns) for turns in chains))
    assert tally.round_trips == round_trips
    assert tally.read_units == sum(len(turns) for turns in chains)


async def test_units_are_counted_as_aws_counts_them(transport: BotoTransport, table: str) -> None:
    counting = CountingTransport(transport)
    store = DynamoStore(table, counting)
    with counting.counting() as written:
        await commit(store, put("p", "a"), put("q", "b"), put("q", "long", "x" * 1_500))
    # Each item rounded up by itself, then doubled.
    assert (written.table_write_units, written.index_write_units) == (2 + 2 + 4, 0)
    with counting.counting() as ranked:
        await commit(store, Put(record("p", "a", rank="1"), Expect.ANY))
    assert (ranked.table_write_units, ranked.index_write_units) == (2, 1)
    with counting.counting() as moved:
        await commit(store, Put(record("p", "a", rank="2"), Expect.ANY))
    # A rank that moves is taken out and put in again; an index is not doubled.
    assert (moved.table_write_units, moved.index_write_units) == (2, 2)
