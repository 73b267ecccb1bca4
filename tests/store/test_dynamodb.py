from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from random import Random

import pytest

from engines import Engines, client, table_of_its_own
from kefu.store.contract import StoreContract
from kefu.store.contract.reads import ReadContract
from kefu.store.contract.shorthand import check, commit, delete, put, record, value_of, whole_listing, whole_scan
from kefu.store.dynamodb import DynamoStore, open_dynamodb
from kefu.store.dynamodb_errors import commit_failure
from kefu.store.dynamodb_items import action_of, refuse_oversized
from kefu.store.dynamodb_table import create_table, definition, shortcomings
from kefu.store.dynamodb_transport import BotoTransport, Refused, boto_client
from kefu.store.memory import MemoryStore
from kefu.store.port import (
    Conflict,
    Expect,
    Expectation,
    Key,
    Listing,
    Order,
    OutcomeUnknown,
    Put,
    Record,
    Span,
    Store,
    StoreError,
    TooLarge,
    Write,
)
from kefu.testing.engines import ENGINES, REGION
from kefu.testing.faults import ROUGH, FaultyStore, PatientStore

COMMITS = 150
PARTITIONS = ("p", "q")
EXPECTATIONS: tuple[Expectation, ...] = (Expect.ANY, Expect.ANY, Expect.ABSENT, Expect.PRESENT, 1, 2)


@pytest.fixture(params=ENGINES)
def endpoint(request: pytest.FixtureRequest, engines: Engines) -> str:
    return engines.endpoint(request.param)


@pytest.fixture
async def backend(endpoint: str) -> AsyncIterator[DynamoStore]:
    async with table_of_its_own(endpoint) as store:
        yield store


async def outcome(store: Store, writes: list[Write]) -> set[Key] | None:
    """The keys of a conflict, or nothing."""
    try:
        await commit(store, *writes)
    except Conflict as conflict:
        return set(conflict.keys)
    return None


def random_writes(random: Random) -> list[Write]:
    keys = random.sample([Key(partition, sort) for partition in PARTITIONS for sort in "abc"], random.randint(1, 4))
    return [random_write(random, *key) for key in keys]


def random_write(random: Random, partition: str, sort: str) -> Write:
    """Unique in its orders, as the port asks: the key stands last."""
    expect = random.choice(EXPECTATIONS)
    rank, place = (random.choice([None, f"{random.randint(1, 3)}#{partition}#{sort}"]) for _ in range(2))
    listing = None if place is None else Listing("i", place)
    written = record(partition, sort, str(random.random()), rank=rank, listing=listing)
    choices: list[Write] = [Put(written, expect), delete(partition, sort, expect), check(partition, sort, expect)]
    return random.choices(choices, weights=[3, 1, 1])[0]


class TestDynamoStore(StoreContract):
    @pytest.fixture
    def store(self, backend: DynamoStore) -> DynamoStore:
        return backend


class TestDynamoStoreUnderFaults(StoreContract):
    @pytest.fixture
    def store(self, backend: DynamoStore) -> PatientStore:
        rates = replace(ROUGH, stale_listing=0)  # a listing may be stale for good; the laws ask for the present
        return PatientStore(FaultyStore(backend, Random(20_261_121), rates))


async def test_a_record_comes_back_with_its_milliseconds(backend: DynamoStore) -> None:
    whole = Record(key=Key("p", "a"), value="", rank="r", listing=Listing("i", "o"), expires_at=4_102_444_800_123)
    await commit(backend, Put(whole, Expect.ABSENT))
    assert await backend.get([whole.key]) == [replace(whole, version=1)]


async def test_pages_cut_at_a_megabyte_are_told_as_short(backend: DynamoStore) -> None:
    for number in range(8):
        await commit(backend, put("p", str(number), "x" * 300_000))
    assert await whole_scan(backend, "p", after="0", before="7") == list("123456")
    assert await whole_scan(backend, "p", newest_first=True) == list("76543210")
    assert await backend.count("p", Span(limit=100)) == 8
    assert await backend.count("p", Span(limit=7)) == 7
    assert await backend.count("p", Span(after="1", before="7", limit=100)) == 5


async def test_counting_begins_behind_a_key_that_is_not_there(backend: DynamoStore) -> None:
    await commit(backend, *(put("p", sort) for sort in "bdf"))
    assert [await backend.count("p", Span(after=after, before="e", limit=9)) for after in "abcdef"] == [
        2,
        1,
        1,
        0,
        0,
        0,
    ]


async def test_a_repeated_token_is_known_behind_the_writes_of_others(backend: DynamoStore) -> None:
    mine = [put("p", "a", "mine")]
    await backend.commit(mine, token="engine-token-0001")
    await commit(backend, put("p", "a", "theirs"))
    await backend.commit(mine, token="engine-token-0001")
    assert await value_of(backend, "p", "a") == "theirs"


async def test_whatever_is_committed_comes_out_as_in_memory(backend: DynamoStore) -> None:
    random, memory = Random(20_261_121), MemoryStore()
    for _ in range(COMMITS):
        writes = random_writes(random)
        assert await outcome(backend, writes) == await outcome(memory, writes), writes
    for order in Order:
        for partition in PARTITIONS:
            here = await backend.scan(partition, Span(limit=99), order=order)
            assert here == await memory.scan(partition, Span(limit=99), order=order)
    for newest_first in (False, True):
        assert await whole_listing(backend, "i", newest_first=newest_first) == await whole_listing(
            memory, "i", newest_first=newest_first
        )


@pytest.mark.parametrize("endpoint", ["dynamodb_local"], indirect=True)
@pytest.mark.parametrize(
    "writes",
    [
        [put("p", "a", "x" * 410_000)],
        [put("p", str(number), "x" * 349_000) for number in range(13)],
    ],
    ids=["item", "transaction"],
)
async def test_what_is_refused_before_it_is_sent_the_service_would_refuse(
    endpoint: str, backend: DynamoStore, writes: list[Write]
) -> None:
    with pytest.raises(TooLarge):
        refuse_oversized(writes)
    transport = BotoTransport(partial(client, endpoint=endpoint))
    with pytest.raises(Refused) as caught:
        await transport.call(
            "TransactWriteItems", {"TransactItems": [action_of(each, backend.table) for each in writes]}
        )
    await transport.close()
    assert isinstance(commit_failure(caught.value, [write.key for write in writes]), TooLarge)


async def test_what_was_committed_before_a_position_is_not_told_behind_it(backend: DynamoStore) -> None:
    for sort in "abc":
        await commit(backend, put("p", sort))
    start = await backend.position()
    await commit(backend, put("p", "d"))
    async with aclosing(backend.changes(start)) as changes:
        assert (await anext(changes)).key == Key("p", "d")


async def test_a_missing_table_is_named(endpoint: str) -> None:
    transport = BotoTransport(partial(client, endpoint=endpoint))
    store = DynamoStore("kefu-nowhere", transport)
    for call in (store.get([Key("p", "a")]), commit(store, put("p", "a")), store.position()):
        with pytest.raises(StoreError, match="ResourceNotFound") as caught:
            await call
        assert type(caught.value) is StoreError
    assert await shortcomings(transport, "kefu-nowhere") == [
        "there is no table kefu-nowhere in this account and region"
    ]
    await store.close()


async def test_a_table_as_it_is_made_is_as_it_must_be(endpoint: str, backend: DynamoStore) -> None:
    transport = BotoTransport(partial(client, endpoint=endpoint))
    assert await shortcomings(transport, backend.table) == []
    bare = {name: value for name, value in definition("kefu-bare").items() if name != "StreamSpecification"}
    del bare["GlobalSecondaryIndexes"]
    bare["AttributeDefinitions"] = bare["AttributeDefinitions"][:3]
    table = f"{backend.table}-bare"
    await transport.call("CreateTable", {**bare, "TableName": table})
    findings = await shortcomings(transport, table)
    assert [any(word in finding for finding in findings) for word in ("by_listing", "stream", "TTL")] == [True] * 3
    assert not any("by_rank" in finding for finding in findings)
    await transport.close()


@pytest.mark.usefixtures("engines")
async def test_nobody_behind_an_address_is_an_unknown_outcome_for_a_commit_alone() -> None:
    store = await open_dynamodb("kefu?region=eu-central-1&endpoint=http%3A%2F%2F127.0.0.1%3A1")
    with pytest.raises(OutcomeUnknown):
        await commit(store, put("p", "a"))
    with pytest.raises(StoreError) as caught:
        await store.get([Key("p", "a")])
    assert type(caught.value) is StoreError
    await store.close()


class TestOnMoto(ReadContract):
    """One thread in process: moto loses updates under more. It knows no tokens of transactions either."""

    @pytest.fixture
    async def store(self, engines: Engines) -> AsyncIterator[DynamoStore]:  # noqa: ARG002  it sets the credentials
        moto = pytest.importorskip("moto")
        with moto.mock_aws():
            transport = BotoTransport(partial(boto_client, region=REGION), threads=1)
            await create_table(transport, "kefu")
            store = DynamoStore("kefu", transport)
            yield store
            await store.close()
