"""Requests of the reads."""

from typing import Any

from kefu.dataclass import dataclass
from kefu.store.dynamodb_items import names_in
from kefu.store.dynamodb_table import BY_LISTING, BY_RANK
from kefu.store.dynamodb_transport import Request
from kefu.store.port import Span


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


def page_query(table: str, way: Way, place: str, span: Span) -> Request:
    """One more than the limit, so that it shows whether more lies beyond; two more where the ends come along."""
    if span.after and span.before is not None:
        # A key condition takes one comparison; the only one with two ends includes them.
        condition, ends = f"{way.order} BETWEEN :after AND :before", {":after": span.after, ":before": span.before}
    else:
        condition, ends = _one_end(way, span.after, span.before)
    return {
        **_query(table, way, place, condition, ends),
        "Limit": span.limit + 1 + (len(ends) if len(ends) > 1 else 0),
        "ScanIndexForward": not span.newest_first,
    }


def count_query(table: str, partition: str, span: Span) -> Request:
    condition, ends = _one_end(BY_SORT_KEY, "" if span.before is not None else span.after, span.before)
    query = {**_query(table, BY_SORT_KEY, partition, condition, ends), "Select": "COUNT"}
    if span.after and span.before is not None:
        # Both ends exclusive with no item to drop: it begins behind a key, whether or not there is one.
        query["ExclusiveStartKey"] = {"pk": {"S": partition}, "sk": {"S": span.after}}
    return query


def is_empty(span: Span) -> bool:
    """The service refuses ends that stand the wrong way round."""
    return span.before is not None and span.before <= span.after


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
