"""The table: what it must be, how it is made, what is wrong with one that is there."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kefu.store.dynamodb_errors import read_failure
from kefu.store.dynamodb_transport import Answer, Refused, Request, Transport, Unanswered
from kefu.store.port import Throttled

BY_RANK = "by_rank"
BY_LISTING = "by_listing"

FIRST_LOOK_S = 0.02
LOOK_MAX_S = 2.0
LOOKS_MAX = 60
"""Together two minutes less a little; a table takes ten to thirty seconds on AWS."""

_ANOTHER_TABLE = "given when a table is made: only another table has it"


def definition(table: str) -> Request:
    """The request `CreateTable`. A local index can only be made with its table."""
    return {
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "rank", "listing", "place")
        ],
        "KeySchema": _key_schema("pk", "sk"),
        "LocalSecondaryIndexes": [
            # Whole items: candidates are read two dozen at a time, and each that is fetched behind the index costs a
            # read of its own. Writing them costs nothing more, since a load that changes moves the entry anyway.
            {"IndexName": BY_RANK, "KeySchema": _key_schema("pk", "rank"), "Projection": {"ProjectionType": "ALL"}}
        ],
        "GlobalSecondaryIndexes": [
            # Keys alone: a session is written at each message and moves in its listing three times in its life.
            {
                "IndexName": BY_LISTING,
                "KeySchema": _key_schema("listing", "place"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    }


async def create_table(transport: Transport, table: str) -> None:
    """Ready for use when it returns. Raises `StoreError`, also if there is such a table."""
    with _translated():
        answer = await transport.call("CreateTable", definition(table))
        await _active(transport, table, answer["TableDescription"])
        await transport.call(
            "UpdateTimeToLive",
            {"TableName": table, "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ttl"}},
        )


async def shortcomings(transport: Transport, table: str) -> list[str]:
    """What of the table is not as it must be; empty if all is well. Raises `StoreError` if it cannot be read."""
    with _translated():
        described = await _described(transport, table)
        if described is None:
            return [f"there is no table {table} in this account and region"]
        expiry = (await transport.call("DescribeTimeToLive", {"TableName": table})).get("TimeToLiveDescription", {})
    wanted = definition(table)
    findings = [
        *_unlike("the key", described.get("KeySchema"), wanted["KeySchema"], _ANOTHER_TABLE),
        *_type_shortcomings(described, wanted),
        *_index_shortcomings("LocalSecondaryIndexes", described, wanted, _ANOTHER_TABLE),
        *_index_shortcomings("GlobalSecondaryIndexes", described, wanted, "the index can be made anew"),
        *_unlike(
            "the stream", described.get("StreamSpecification"), wanted["StreamSpecification"], "it can be switched on"
        ),
    ]
    if expiry.get("AttributeName") != "ttl":
        findings.append("expiry (TTL) is off; switch it on for the attribute ttl")
    return findings


async def _described(transport: Transport, table: str) -> Answer | None:
    try:
        answer: Answer = (await transport.call("DescribeTable", {"TableName": table}))["Table"]
    except Refused as refused:
        if refused.code == "ResourceNotFoundException":
            return None
        raise
    return answer


def _type_shortcomings(described: Answer, wanted: Request) -> list[str]:
    """Of an attribute that is not there its index says enough."""
    types = {each["AttributeName"]: each["AttributeType"] for each in described.get("AttributeDefinitions") or ()}
    return [
        finding
        for name, wanted_type in (
            (each["AttributeName"], each["AttributeType"]) for each in wanted["AttributeDefinitions"]
        )
        for finding in _unlike(f"the type of {name}", types.get(name, wanted_type), wanted_type, _ANOTHER_TABLE)
    ]


def _index_shortcomings(kind: str, described: Answer, wanted: Request, mend: str) -> list[str]:
    there = {index["IndexName"]: index for index in described.get(kind) or ()}
    return [
        finding
        for index in wanted[kind]
        for part in ("KeySchema", "Projection")
        for finding in _unlike(
            f"{part} of index {index['IndexName']}", there.get(index["IndexName"], {}).get(part), index[part], mend
        )
    ]


def _unlike(what: str, found: Any, wanted: Any, mend: str) -> list[str]:
    return [] if _plain(found) == _plain(wanted) else [f"{what} is {found}, it must be {wanted} ({mend})"]


def _plain(value: Any) -> Any:
    return {name: each for name, each in value.items() if each != []} if isinstance(value, Mapping) else value


def _key_schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


async def _active(transport: Transport, table: str, described: Answer) -> None:
    for look in range(LOOKS_MAX):
        if described["TableStatus"] == "ACTIVE":
            return
        await asyncio.sleep(min(LOOK_MAX_S, FIRST_LOOK_S * 2**look))
        described = (await transport.call("DescribeTable", {"TableName": table}))["Table"]
    raise Throttled(f"table {table} is still being made")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (Refused, Unanswered) as error:
        raise read_failure(error) from error
