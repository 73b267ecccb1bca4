"""The store: an ordered, partitioned set of records with one atomic conditional commit.

The smallest thing that DynamoDB gives and that SQLite and memory give exactly. Everything above is written
once, against this. What a backend must promise stands here; `kefu.store.contract` checks it.
"""

from collections.abc import AsyncGenerator, Sequence
from enum import Enum
from typing import NamedTuple, Protocol, TypeAlias

from kefu.dataclass import dataclass

COMMIT_WRITES_MAX = 100
GET_KEYS_MAX = 100
VALUE_BYTES_MAX = 350_000
TOKEN_KEPT_MS = 10 * 60 * 1_000
CHANGES_KEPT_MS = 72 * 3_600 * 1_000


class Key(NamedTuple):
    partition: str
    sort: str


@dataclass(frozen=True, slots=True)
class Listing:
    index: str
    order: str
    """Unique within the index: the caller puts an id last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    key: Key
    value: str
    """Text; the store never looks inside."""
    version: int = 0
    """1 when the record comes into being, one more at each put, told by reads; ignored in a put."""
    rank: str | None = None
    """A second place inside the partition, for `scan(order=RANK)`; unique there. None: in no such order."""
    listing: Listing | None = None
    expires_at: int | None = None
    """Milliseconds since the epoch after which the record may vanish, hours late. It cleans up, it never decides."""


class Expect(Enum):
    ABSENT = "absent"
    PRESENT = "present"
    ANY = "any"


Expectation: TypeAlias = Expect | int
"""What a write expects of its key: a state, or exactly this version."""


@dataclass(frozen=True, slots=True)
class Put:
    record: Record
    expect: Expectation

    @property
    def key(self) -> Key:
        return self.record.key


@dataclass(frozen=True, slots=True)
class Delete:
    key: Key
    expect: Expectation


@dataclass(frozen=True, slots=True)
class Check:
    key: Key
    expect: Expectation


Write: TypeAlias = Put | Delete | Check


class Order(Enum):
    SORT = "sort"
    RANK = "rank"


class Span(NamedTuple):
    """What is asked for of ordered records: at most `limit` of those between two places, exclusive."""

    limit: int
    after: str = ""
    before: str | None = None
    newest_first: bool = False

    def beyond(self, last: str) -> "Span":
        """What is left behind a page that ended at `last`."""
        return self._replace(before=last) if self.newest_first else self._replace(after=last)


class Page(NamedTuple):
    records: tuple[Record, ...]
    has_more: bool
    """More lie beyond, even if fewer than `limit` came; a page with more beyond it is never empty."""


class Change(NamedTuple):
    position: str
    """Opaque; `changes(after=position)` goes on behind it."""
    key: Key
    before: Record | None
    after: Record | None


class StoreError(Exception):
    """Something the store could not do."""


class Conflict(StoreError):
    """An expectation did not hold, or another commit was on the same records. Nothing was written."""

    def __init__(self, keys: Sequence[Key] = ()) -> None:
        super().__init__(f"conflict on {len(keys)} keys")
        self.keys = tuple(keys)
        """The keys whose expectation failed; empty where the store cannot say."""


class Throttled(StoreError):
    """Too many requests for now. Nothing was written."""


class OutcomeUnknown(StoreError):
    """The answer was lost: applied or not. Repeat the same commit with the same token; without one, read again."""


class TooLarge(StoreError):
    """A value is over `VALUE_BYTES_MAX`, or a commit has too many writes. Nothing was written."""


class TokenReused(StoreError):
    """A commit token came again with other writes."""


class PositionExpired(StoreError):
    """Changes right behind that position are no longer kept, or it never was a position of this store."""


class Store(Protocol):
    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        """The records of up to `GET_KEYS_MAX` keys, strongly consistent, in the order asked, None where absent."""

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        """A strongly consistent page of a partition, in the order of the sort key or rank."""

    async def count(self, partition: str, span: Span) -> int:
        """How many records a span holds, by sort key; strongly consistent, exact below its limit."""

    async def listing(self, index: str, span: Span) -> Page:
        """A page of an index across partitions. Eventually consistent: for screens, not decisions."""

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        """All of `writes`, each to a key of its own, or none.

        A token that comes again within `TOKEN_KEPT_MS` with the same writes is answered as the first time and
        applied once. Without a token a commit cannot be repeated, only looked up, and one write costs less. Raises `Conflict`, `Throttled`, `OutcomeUnknown`, `TooLarge`, `TokenReused`.
        """

    async def position(self) -> str:
        """Where the changes stand now: `changes(after=position)` begins with the next commit."""

    def changes(self, after: str) -> AsyncGenerator[Change, None]:
        """Committed puts and deletes in commit order, without end; may repeat, never skips.

        Kept at least `CHANGES_KEPT_MS`. Raises `PositionExpired` once iterated.
        """

    async def close(self) -> None:
        """Gives back files, sockets and threads. Open `changes` end."""
