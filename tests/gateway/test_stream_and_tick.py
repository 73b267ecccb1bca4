"""The stream of a real table, told to a function in order; what fails is told again, and at last given up. And the tick."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from engines import Engines, table_of_its_own
from gateway.stage import Stage, eventually, function, staged
from kefu.local_aws.options import StreamOptions
from kefu.store.contract.shorthand import delete, put
from kefu.store.dynamodb import DynamoStore
from kefu.testing.engines import REGION

QUICK = StreamOptions(sorts=("",), batch_size=10, poll_s=0.02, retries=2, retry_after_s=0.01)


@pytest.fixture
def endpoint(engines: Engines) -> str:
    return engines.endpoint("ministack")


@pytest.fixture
async def table(endpoint: str) -> AsyncIterator[DynamoStore]:
    async with table_of_its_own(endpoint) as table:
        yield table


@pytest.fixture
def url(table: DynamoStore, endpoint: str) -> str:
    return f"dynamodb:{table.table}?region={REGION}&endpoint={quote(endpoint, safe='')}"


async def write(table: DynamoStore, *names: str) -> None:
    for name in names:
        await table.commit([put("p", name)], token=None)


def told(stage: Stage) -> list[str]:
    return [note["record"] for note in stage.notes() if "record" in note]


async def all_told(stage: Stage, names: Sequence[str]) -> list[str]:
    await eventually(lambda: set(names) <= set(told(stage)))
    return told(stage)


async def test_what_is_committed_is_told_in_order(table: DynamoStore, url: str, tmp_path: Path) -> None:
    names = [f"r{number:02}" for number in range(25)]
    async with staged(tmp_path, url, reading=QUICK) as stage:
        await write(table, *names)
        assert await all_told(stage, names) == names


async def test_what_the_filter_does_not_name_is_not_told(table: DynamoStore, url: str, tmp_path: Path) -> None:
    async with staged(tmp_path, url, reading=replace(QUICK, sorts=("a", "c"))) as stage:
        await write(table, "a1", "b1", "c1", "b2", "a2")
        assert await all_told(stage, ["a2"]) == ["a1", "c1", "a2"]


async def test_no_more_records_come_at_once_than_a_batch_holds(table: DynamoStore, url: str, tmp_path: Path) -> None:
    names = [f"r{number:02}" for number in range(25)]
    await write(table, *names)
    async with staged(tmp_path, url, reading=QUICK) as stage:
        await all_told(stage, names)
        assert max(note["of"] for note in stage.notes()) == 10


async def test_a_record_is_as_lambda_tells_it(table: DynamoStore, url: str, tmp_path: Path) -> None:
    async with staged(tmp_path, url, reading=QUICK) as stage:
        await table.commit([put("p", "r", "old")], token=None)
        await table.commit([put("p", "r", "new")], token=None)
        await table.commit([delete("p", "r")], token=None)
        await eventually(lambda: len(told(stage)) == 3)
        events = [note["event"] for note in stage.notes()]
    assert [event["eventName"] for event in events] == ["INSERT", "MODIFY", "REMOVE"]
    assert [images(event) for event in events] == [(None, "old"), ("old", "new"), ("new", None)]
    assert events[0]["eventSource"] == "aws:dynamodb"
    assert f"table/{table.table}/stream" in events[0]["eventSourceARN"]
    assert isinstance(events[0]["dynamodb"]["ApproximateCreationDateTime"], int)


def images(event: dict[str, Any]) -> tuple[str | None, str | None]:
    told = event["dynamodb"]
    before, after = (told[name]["value"]["S"] if name in told else None for name in ("OldImage", "NewImage"))
    return before, after


@pytest.mark.parametrize("name", ["stream", "stream_that_raises"])
async def test_a_record_that_always_fails_ends_alone_as_a_dead_letter(
    table: DynamoStore, url: str, tmp_path: Path, name: str
) -> None:
    names = ["a", "b", "poison", "c", "d"]
    await write(table, *names)
    async with staged(tmp_path, url, reading=QUICK, stream=function(name)) as stage:
        came = await all_told(stage, ["a", "b", "c", "d"])
        mapping = stage.gateway.mapping
        assert mapping
        [letter] = mapping.dead_letters
    where = letter["DDBStreamBatchInfo"]
    assert (came, where["batchSize"]) == (["a", "b", "c", "d"], 1)
    assert where["startSequenceNumber"] == where["endSequenceNumber"]


async def test_what_failed_once_is_told_again(table: DynamoStore, url: str, tmp_path: Path) -> None:
    await write(table, "a")
    async with staged(tmp_path, url, reading=QUICK, stream=function("stream_that_fails_at_first")) as stage:
        await eventually(lambda: told(stage) == ["a", "a"])
        assert stage.gateway.mapping
        assert stage.gateway.mapping.dead_letters == []


async def test_a_schedule_ticks(tmp_path: Path) -> None:
    async with staged(tmp_path, tick_every_s=0.1) as stage:
        await eventually(lambda: len(stage.notes()) >= 2)
        first, second = stage.notes()[:2]
    assert (first["detail-type"], first["source"]) == ("Scheduled Event", "aws.events")
    assert first["id"] != second["id"]
