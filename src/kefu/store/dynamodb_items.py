"""A record as an item of the table, and back; a write as an action of a transaction."""

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from kefu.store.port import (
    Check,
    Delete,
    Expect,
    Expectation,
    Key,
    Listing,
    Put,
    Record,
    TooLarge,
    Write,
)

Item: TypeAlias = dict[str, Any]
"""Attribute name to DynamoDB's typed value, `{"S": …}` or `{"N": …}`."""

ATTRIBUTES = {
    "#pk": "pk",
    "#sk": "sk",
    "#value": "value",
    "#version": "version",
    "#rank": "rank",
    "#listing": "listing",
    "#place": "place",
    "#expires_at": "expires_at_ms",
    "#ttl": "ttl",
}
"""By alias. No expression names an attribute itself: most plain words are reserved, and the list grows."""

ITEM_BYTES_MAX = 400 * 1024
TRANSACTION_BYTES_MAX = 4 * 1024 * 1024
PARTITION_BYTES_MAX = 2_048
SORT_BYTES_MAX = 1_024
OVERHEAD_BYTES = 200
"""Above the names of all attributes, the numbers, and what an entry of an index weighs beside its attributes."""

_ALIAS = re.compile(r"#\w+")
_OPTIONAL = ("#rank", "#listing", "#place", "#expires_at", "#ttl")


def names_in(*expressions: str) -> dict[str, str]:
    """What the service wants to be told of the aliases; one that is told and not used it refuses."""
    return {alias: ATTRIBUTES[alias] for expression in expressions for alias in _ALIAS.findall(expression)}


def key_item(key: Key) -> Item:
    return {"pk": {"S": key.partition}, "sk": {"S": key.sort}}


def key_of(item: Item) -> Key:
    return Key(item["pk"]["S"], item["sk"]["S"])


def record_of(item: Item) -> Record:
    listing, rank, expires_at = item.get("listing"), item.get("rank"), item.get("expires_at_ms")
    return Record(
        key=key_of(item),
        value=item["value"]["S"],
        version=int(item["version"]["N"]),
        rank=rank["S"] if rank else None,
        listing=Listing(listing["S"], item["place"]["S"]) if listing else None,
        expires_at=int(expires_at["N"]) if expires_at else None,
    )


def action_of(write: Write, table: str) -> Item | None:
    """The write in a transaction; None if it neither writes nor asks for anything."""
    condition, values = _condition(write.expect)
    target = {"TableName": table, "Key": key_item(write.key)}
    match write:
        case Put(record):
            update, set_values = _update(record)
            return {
                "Update": {**target, "UpdateExpression": update, **_expressions(update, condition, values | set_values)}
            }
        case Delete():
            return {"Delete": {**target, **_expressions("", condition, values)}}
        case Check():
            return {"ConditionCheck": {**target, **_expressions("", condition, values)}} if condition else None


def refuse_oversized(writes: Sequence[Write]) -> None:
    """Raises `TooLarge` for what the port lets through and the service would not take."""
    if any(_key_is_too_long(write) for write in writes):
        raise TooLarge
    sizes = [_item_bytes(write.record) for write in writes if isinstance(write, Put)]
    if max(sizes, default=0) > ITEM_BYTES_MAX or sum(sizes) > TRANSACTION_BYTES_MAX:
        raise TooLarge


def _condition(expect: Expectation) -> tuple[str, Item]:
    match expect:
        case Expect.ANY:
            return "", {}
        case Expect.ABSENT:
            return "attribute_not_exists(#pk)", {}
        case Expect.PRESENT:
            return "attribute_exists(#pk)", {}
        case version:
            return "#version = :expected", {":expected": {"N": str(version)}}


def _update(record: Record) -> tuple[str, Item]:
    # An update and no put: the service itself counts the version up, also where nobody has read it.
    present = {"#value": {"S": record.value}, **_optional(record)}
    sets = ", ".join(f"{alias} = :{alias[1:]}" for alias in present)
    removes = ", ".join(alias for alias in _OPTIONAL if alias not in present)
    expression = f"SET {sets} {f'REMOVE {removes} ' if removes else ''}ADD #version :one"
    return expression, {f":{alias[1:]}": value for alias, value in present.items()} | {":one": {"N": "1"}}


def _optional(record: Record) -> Item:
    present: Item = {}
    if record.rank is not None:
        present["#rank"] = {"S": record.rank}
    if record.listing is not None:
        present["#listing"], present["#place"] = {"S": record.listing.index}, {"S": record.listing.order}
    if record.expires_at is not None:
        present["#expires_at"] = {"N": str(record.expires_at)}
        present["#ttl"] = {"N": str(-(-record.expires_at // 1_000))}  # the service knows seconds: up, never too early
    return present


def _expressions(update: str, condition: str, values: Item) -> Item:
    told = {
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names_in(update, condition),
        "ExpressionAttributeValues": values,
    }
    return {name: value for name, value in told.items() if value}  # the service refuses empty ones


def _key_is_too_long(write: Write) -> bool:
    record = write.record if isinstance(write, Put) else None
    index, place = (record.listing.index, record.listing.order) if record and record.listing else ("", "")
    partitions = (write.key.partition, index)
    sorts = (write.key.sort, place, (record.rank if record else None) or "")
    return any(len(each.encode()) > PARTITION_BYTES_MAX for each in partitions) or any(
        len(each.encode()) > SORT_BYTES_MAX for each in sorts
    )


def _item_bytes(record: Record) -> int:
    listing = record.listing or Listing("", "")
    texts = (*record.key, record.value, record.rank or "", listing.index, listing.order)
    size = sum(len(text.encode()) for text in texts) + OVERHEAD_BYTES
    # The limit holds for an item together with its entry in the local index, which is the whole item again.
    return size if record.rank is None else 2 * size
