"""What the service's errors become. Those that engines do show are in the laws, and in `test_dynamodb`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from botocore import exceptions
from dynamodb_service import TABLE, Failing, refusal

from kefu.store.contract.shorthand import check, put
from kefu.store.dynamodb import DynamoStore, NoTableUrl, open_dynamodb
from kefu.store.dynamodb_transport import BotoTransport
from kefu.store.port import (
    Conflict,
    Expect,
    Key,
    Listing,
    OutcomeUnknown,
    Put,
    Record,
    Span,
    StoreError,
    Throttled,
    TokenReused,
    TooLarge,
    Write,
)

ENDPOINT = "http://127.0.0.1:1"
CANCELLED = "TransactionCanceledException"
WRITES: list[Write] = [put("p", "a"), check("p", "ignored", Expect.ANY), put("p", "b", expect=1)]


@asynccontextmanager
async def failing(error: Exception) -> AsyncIterator[DynamoStore]:
    store = DynamoStore(TABLE, BotoTransport(lambda _service: Failing(error)))
    yield store
    await store.close()


def cancelled(*reasons: str, retries: int = 0) -> Exception:
    error: Exception = refusal(CANCELLED, "Transaction cancelled", reasons=reasons, retries=retries)
    return error


COMMIT_ERRORS = {
    "a failed condition": (cancelled("None", "ConditionalCheckFailed"), Conflict),
    "another transaction": (cancelled("TransactionConflict", "None"), Conflict),
    "another write": (refusal("TransactionConflictException"), Conflict),
    "a throttled transaction": (cancelled("None", "ThrottlingError"), Throttled),
    "throughput": (refusal("ProvisionedThroughputExceededException"), Throttled),
    "throttling": (refusal("ThrottlingException"), Throttled),
    "the account's limit": (refusal("RequestLimitExceeded"), Throttled),
    "throttling of a repetition": (refusal("ThrottlingException", retries=2), OutcomeUnknown),
    "throttling of a repeated transaction": (cancelled("ThrottlingError", "None", retries=1), OutcomeUnknown),
    "an earlier try under way": (refusal("TransactionInProgressException"), OutcomeUnknown),
    "other writes": (refusal("IdempotentParameterMismatchException"), TokenReused),
    "an item too large": (refusal("ValidationException", "Item size has exceeded the maximum allowed size"), TooLarge),
    "a partition too large": (cancelled("ItemCollectionSizeLimitExceeded", "None"), TooLarge),
    "nonsense": (refusal("ValidationException", "Invalid UpdateExpression"), StoreError),
    "no table": (refusal("ResourceNotFoundException"), StoreError),
    "no permission": (refusal("AccessDeniedException"), StoreError),
    "a fault of the service": (refusal("InternalServerError", status=500), OutcomeUnknown),
    "no service": (refusal("ServiceUnavailable", status=503), OutcomeUnknown),
    "no answer in time": (exceptions.ReadTimeoutError(endpoint_url=ENDPOINT), OutcomeUnknown),
    "a connection lost": (exceptions.ConnectionClosedError(endpoint_url=ENDPOINT), OutcomeUnknown),
    "no connection in time": (exceptions.ConnectTimeoutError(endpoint_url=ENDPOINT), OutcomeUnknown),
    "no credentials": (exceptions.NoCredentialsError(), StoreError),
}

SINGLE_WRITE_ERRORS = {
    "a failed condition": (refusal("ConditionalCheckFailedException"), Conflict),
    "a condition that failed at a repetition": (refusal("ConditionalCheckFailedException", retries=1), OutcomeUnknown),
    "throttling": (refusal("ThrottlingException"), Throttled),
    "throttling of a repetition": (refusal("ThrottlingException", retries=1), OutcomeUnknown),
    "another transaction": (refusal("TransactionConflictException"), Conflict),
    "a fault of the service": (refusal("InternalServerError", status=500), OutcomeUnknown),
}
"""Of a write without a token. Repeated by the transport, it may have met what its own first try wrote."""

READ_ERRORS = {
    "throughput": (refusal("ProvisionedThroughputExceededException"), Throttled),
    "throttling": (refusal("ThrottlingException"), Throttled),
    "a fault of the service": (refusal("InternalServerError", status=500), Throttled),
    "no answer in time": (exceptions.ReadTimeoutError(endpoint_url=ENDPOINT), Throttled),
    "a connection lost": (exceptions.ConnectionClosedError(endpoint_url=ENDPOINT), Throttled),
    "no connection": (exceptions.EndpointConnectionError(endpoint_url=ENDPOINT), StoreError),
    "no table": (refusal("ResourceNotFoundException"), StoreError),
    "no region": (exceptions.NoRegionError(), StoreError),
}


@pytest.mark.parametrize(("error", "meaning"), COMMIT_ERRORS.values(), ids=COMMIT_ERRORS)
async def test_an_error_of_a_commit_is_told_in_the_words_of_the_port(
    error: Exception, meaning: type[StoreError]
) -> None:
    async with failing(error) as store:
        with pytest.raises(StoreError) as caught:
            await store.commit(WRITES, token="t")
    assert type(caught.value) is meaning


@pytest.mark.parametrize(("error", "meaning"), SINGLE_WRITE_ERRORS.values(), ids=SINGLE_WRITE_ERRORS)
async def test_an_error_of_a_single_write_is_told_in_the_words_of_the_port(
    error: Exception, meaning: type[StoreError]
) -> None:
    async with failing(error) as store:
        with pytest.raises(StoreError) as caught:
            await store.commit([put("p", "a", expect=Expect.ABSENT)], token=None)
    assert type(caught.value) is meaning


@pytest.mark.parametrize(("error", "meaning"), READ_ERRORS.values(), ids=READ_ERRORS)
async def test_an_error_of_a_read_is_told_in_the_words_of_the_port(error: Exception, meaning: type[StoreError]) -> None:
    async with failing(error) as store:
        for read in (
            store.get([Key("p", "a")]),
            store.scan("p", Span(limit=1)),
            store.count("p", Span(limit=1)),
            store.position(),
        ):
            with pytest.raises(StoreError) as caught:
                await read
            assert type(caught.value) is meaning


async def test_a_conflict_names_the_keys_whose_expectation_failed() -> None:
    async with failing(cancelled("TransactionConflict", "ConditionalCheckFailed")) as store:
        with pytest.raises(Conflict) as caught:
            await store.commit(WRITES, token="t")
    assert caught.value.keys == (Key("p", "b"),)


async def test_a_conflict_of_transactions_names_none() -> None:
    async with failing(cancelled("TransactionConflict", "None")) as store:
        with pytest.raises(Conflict) as caught:
            await store.commit(WRITES, token="t")
    assert caught.value.keys == ()


async def test_keys_left_unread_are_throttling() -> None:
    class Overloaded(Failing):
        def batch_get_item(self, **request: object) -> object:
            return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}

    store = DynamoStore(TABLE, BotoTransport(lambda _service: Overloaded(AssertionError())))
    with pytest.raises(Throttled):
        await store.get([Key("p", "a")])
    await store.close()


def wide(**parts: str) -> Put:
    listing = Listing(parts.get("index", "i"), parts.get("place", "o"))
    key = Key(parts.get("partition", "p"), parts.get("sort", "s"))
    record = Record(key=key, value=parts.get("value", "{}"), rank=parts.get("rank"), listing=listing)
    return Put(record, Expect.ANY)


@pytest.mark.parametrize(
    "writes",
    [
        [wide(partition="p" * 2_049)],
        [wide(sort="售" * 342)],
        [wide(index="i" * 2_049)],
        [wide(place="o" * 1_025)],
        [wide(rank="r" * 1_025)],
        [wide(value="v" * 210_000, rank="r")],
        [wide(sort=str(number), value="v" * 349_000) for number in range(13)],
    ],
    ids=["partition", "sort key", "index", "place", "rank", "ranked record", "commit"],
)
async def test_what_the_service_cannot_hold_is_refused_before_it_is_sent(writes: list[Put]) -> None:
    async with failing(AssertionError("sent")) as store:
        with pytest.raises(TooLarge):
            await store.commit(writes, token="t")


async def test_a_commit_that_asks_for_nothing_is_not_sent() -> None:
    async with failing(AssertionError("sent")) as store:
        await store.commit([], token="t")
        await store.commit([check("p", "a", Expect.ANY)], token="t")


@pytest.mark.parametrize("rest", ["", "?region=x", "kefu?zone=x"])
async def test_what_names_no_table_is_refused(rest: str) -> None:
    with pytest.raises(NoTableUrl):
        await open_dynamodb(rest)


async def test_a_closed_store_says_so() -> None:
    store = await open_dynamodb("kefu")
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.get([Key("p", "a")])
