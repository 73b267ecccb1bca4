"""The DynamoDB backend: one table, shared by as many processes as like, with no lock between them."""

import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qs

from kefu.store.commit_rules import refuse_malformed
from kefu.store.dynamodb_errors import commit_failure, read_failure, single_write_failure
from kefu.store.dynamodb_items import ATTRIBUTES, Item, action_of, key_item, key_of, record_of, refuse_oversized
from kefu.store.dynamodb_queries import (
    BY_LISTING_KEY,
    BY_RANK_KEY,
    BY_SORT_KEY,
    Way,
    count_query,
    is_empty,
    page_query,
)
from kefu.store.dynamodb_stream import POLL_S, ChangeStream, now_ms
from kefu.store.dynamodb_table import create_table, shortcomings
from kefu.store.dynamodb_transport import (
    Answer,
    BotoTransport,
    Refused,
    Request,
    Transport,
    Unanswered,
    boto_client,
)
from kefu.store.port import (
    GET_KEYS_MAX,
    Change,
    Key,
    Listing,
    Order,
    Page,
    Record,
    Span,
    StoreError,
    Throttled,
    Write,
)

GET_ROUNDS_MAX = 6
"""A hundred records of the largest size come in three answers of 16 MB."""
PAGES_MAX = 4
"""An answer of 1 MB holds two records at least, of which two ends may be dropped."""
LISTING_ROUNDS_MAX = 4
_ALONE = {"Update": "UpdateItem", "Delete": "DeleteItem"}
"""What an action of a transaction is called when it stands alone."""
TOKEN_BYTES = 18
"""Written in hex they are the 36 characters the service takes."""


class NoTableUrl(StoreError):
    """It must be `dynamodb:TABLE`, with `?region=…&endpoint=…` behind it or not."""


class BotoMissing(StoreError):
    """`dynamodb:` needs boto3, which is not installed: pip install 'kefu[dynamodb]'"""


async def open_dynamodb(rest: str) -> "DynamoStore":
    """The store of `dynamodb:REST`. Nothing is asked of the service yet. Raises `NoTableUrl`, `BotoMissing`."""
    table, _, query = rest.partition("?")
    options = {name: values[-1] for name, values in parse_qs(query).items()}
    if not table or options.keys() - {"region", "endpoint"}:
        raise NoTableUrl(f"The store is 'dynamodb:{rest}'. {NoTableUrl.__doc__}")
    if find_spec("boto3") is None:
        raise BotoMissing(BotoMissing.__doc__)
    return DynamoStore(table, BotoTransport(partial(boto_client, **options)))


class DynamoStore:
    """A table as `dynamodb_table.definition` has it.

    Weaker than the port in two points: `get` and `scan` read each record strongly consistently but not all at one
    instant, and `changes` are kept 24 hours, in commit order per record (see `ChangeStream`). `TooLarge` are also
    a ranked record of more than half an item, a commit of more than 4 MB, and a key too long.
    """

    def __init__(
        self, table: str, transport: Transport, *, now: Callable[[], int] = now_ms, poll_s: float = POLL_S
    ) -> None:
        self.table = table
        self._transport = transport
        self._stream = ChangeStream(table, self._read, now=now, poll_s=poll_s)

    async def create_table(self) -> None:
        """The table, for engines on a laptop and for trials: `infra/table.yml` has backups and protection besides."""
        await create_table(self._transport, self.table)

    async def shortcomings(self) -> list[str]:
        """What of the table is not as it must be; empty if all is well."""
        return await shortcomings(self._transport, self.table)

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        found = await self._get(list(dict.fromkeys(keys)), is_consistent=True)
        return [found.get(key) for key in keys]

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        way = BY_SORT_KEY if order is Order.SORT else BY_RANK_KEY
        items, has_more = await self._items(way, partition, span)
        return Page(tuple(record_of(item) for item in items), has_more)

    async def count(self, partition: str, span: Span) -> int:
        if is_empty(span):
            return 0
        query = count_query(self.table, partition, span)
        counted = 0
        for _ in range(span.limit):  # each answer but the last counts some
            answer = await self._read("Query", {**query, "Limit": span.limit - counted})
            counted += answer["Count"]
            if counted >= span.limit or "LastEvaluatedKey" not in answer:
                break
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return counted

    async def listing(self, index: str, span: Span) -> Page:
        span = span._replace(limit=min(span.limit, GET_KEYS_MAX))
        for _ in range(LISTING_ROUNDS_MAX):
            items, has_more = await self._items(BY_LISTING_KEY, index, span)
            records = await self._listed(items)
            if records or not has_more:
                return Page(records, has_more)
            span = span.beyond(items[-1]["place"]["S"])
        raise Throttled(f"listing {index} lags behind its records")

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        refuse_malformed(writes)
        refuse_oversized(writes)
        actions = [(write.key, action) for write in writes if (action := action_of(write, self.table))]
        if not actions:
            return
        if token is None and len(actions) == 1 and _ALONE.keys() & actions[0][1]:
            await self._commit_one(*actions[0])
            return
        # A transaction also for one write, at twice the units of a conditional one: only there does the service
        # keep the token. A token in the item is gone with the next writer, or with the item, while its first
        # answer is still on the way; and it is not seen by a commit to another key that comes with it again.
        request: Request = {"TransactItems": [action for _, action in actions]}
        if token is not None:
            request["ClientRequestToken"] = self._own(token)
        try:
            await self._transport.call("TransactWriteItems", request)
        except (Refused, Unanswered) as error:
            raise commit_failure(error, [key for key, _ in actions]) from error

    async def _commit_one(self, key: Key, action: Item) -> None:
        [(operation, request)] = action.items()
        try:
            await self._transport.call(_ALONE[operation], request)
        except (Refused, Unanswered) as error:
            raise single_write_failure(error, key) from error

    async def position(self) -> str:
        return await self._stream.position()

    def changes(self, after: str) -> AsyncGenerator[Change, None]:
        return self._stream.changes(after)

    async def close(self) -> None:
        self._stream.close()
        await self._transport.close()

    async def _get(self, keys: Sequence[Key], *, is_consistent: bool) -> dict[Key, Record]:
        found: dict[Key, Record] = {}
        wanted: Any = {"Keys": [key_item(key) for key in keys], "ConsistentRead": is_consistent}
        for _ in range(GET_ROUNDS_MAX):
            if not wanted or not wanted["Keys"]:
                return found
            answer = await self._read("BatchGetItem", {"RequestItems": {self.table: wanted}})
            found |= {key_of(item): record_of(item) for item in answer["Responses"].get(self.table, ())}
            wanted = answer.get("UnprocessedKeys", {}).get(self.table)
        if wanted:
            raise Throttled(f"{len(wanted['Keys'])} keys were left unread")
        return found

    async def _items(self, way: Way, place: str, span: Span) -> tuple[list[Item], bool]:
        """The items of a page, and whether more lie beyond."""
        if is_empty(span):
            return [], False
        query = page_query(self.table, way, place, span)
        order, found = ATTRIBUTES[way.order], list[Item]()
        for _ in range(PAGES_MAX):
            answer = await self._read("Query", query)
            found += [item for item in answer["Items"] if item[order]["S"] not in (span.after, span.before)]
            if len(found) > span.limit:
                return found[: span.limit], True
            if "LastEvaluatedKey" not in answer:
                return found, False
            if len(found) > 1:  # cut at 1 MB: what came last lies beyond this page for sure
                return found[:-1], True
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        raise Throttled(f"{PAGES_MAX} pages came empty")

    async def _listed(self, items: Sequence[Item]) -> tuple[Record, ...]:
        """The records behind entries of the listing, without those that have moved on since."""
        records = await self._get([key_of(item) for item in items], is_consistent=False)
        places = {key_of(item): Listing(item["listing"]["S"], item["place"]["S"]) for item in items}
        return tuple(records[key] for key, place in places.items() if key in records and records[key].listing == place)

    async def _read(self, operation: str, request: Request) -> Answer:
        try:
            return await self._transport.call(operation, request)
        except (Refused, Unanswered) as error:
            raise read_failure(error) from error

    def _own(self, token: str) -> str:
        """Tokens of an account and region are one set to the service: here each table has its own."""
        return hashlib.blake2b(f"{self.table}\0{token}".encode(), digest_size=TOKEN_BYTES).hexdigest()
