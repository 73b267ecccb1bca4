"""Requests of the reads."""

from dataclasses import dataclass
from typing import Any

from kefu.store.dynamodb_items import names_in
from kefu.store.dynamodb_table import BY_LISTING, BY_RANK
from kefu.store.dynamodb_transport import Request


@dataclass(frozen=True, slots=True)
class Way:
    """An order in which a query goes through the table."""

    index: str | None
    place: str
    """Alias of what the query is within: a partition or a listing."""
    order: str
    """Alias of what it is ordered by."""
    is_consistent: bool


BY_SORT_KEY = Way(None, "#pk", "#sk", is_consistent=True)
BY_RANK_KEY = Way(BY_RANK, "#pk", "#rank", is_consistent=True)
BY_LISTING_KEY = Way(BY_LISTING, "#listing", "#place", is_consistent=False)


def page_query(
    table: str, way: Way, place: str, *, after: str, before: str | None, limit: int, newest_first: bool
) -> Request:
    """One more than `limit`, so that it shows whether more lies beyond; two more where the ends come along."""
    if after and before is not None:
        # A key condition takes one comparison; the only one with two ends includes them.
        condition, ends = f"{way.order} BETWEEN :after AND :before", {":after": after, ":before": before}
    else:
        condition, ends = _one_end(way, after, before)
    return {
        **_query(table, way, place, condition, ends),
        "Limit": limit + 1 + (len(ends) if len(ends) > 1 else 0),
        "ScanIndexForward": not newest_first,
    }


def count_query(table: str, partition: str, *, after: str, before: str | None) -> Request:
    condition, ends = _one_end(BY_SORT_KEY, "" if before is not None else after, before)
    query = {**_query(table, BY_SORT_KEY, partition, condition, ends), "Select": "COUNT"}
    if after and before is not None:
        # Both ends exclusive with no item to drop: it begins behind a key, whether or not there is one.
        query["ExclusiveStartKey"] = {"pk": {"S": partition}, "sk": {"S": after}}
    return query


def is_empty_range(after: str, before: str | None) -> bool:
    """The service refuses ends that stand the wrong way round."""
    return before is not None and before <= after


def _one_end(way: Way, after: str, before: str | None) -> tuple[str, dict[str, str]]:
    if before is not None:
        return f"{way.order} < :before", {":before": before}
    if after:
        return f"{way.order} > :after", {":after": after}
    return "", {}


def _query(table: str, way: Way, place: str, condition: str, ends: dict[str, str]) -> Request:
    within = f"{way.place} = :within"
    whole = f"{within} AND {condition}" if condition else within
    query: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": whole,
        "ExpressionAttributeNames": names_in(whole),
        "ExpressionAttributeValues": {name: {"S": text} for name, text in {":within": place, **ends}.items()},
        "ConsistentRead": way.is_consistent,
    }
    return query if way.index is None else {**query, "IndexName": way.index}
