"""Ratings: one record a session, written with the log entry that says so, and listed by time for reports."""

from kefu.domain.bounds import INVALID_RATINGS_MAX
from kefu.domain.instants import Instant
from kefu.domain.rating import InvalidRating, Rating
from kefu.records import keys
from kefu.records.codec import Codec
from kefu.store.port import Expect, Listing, Put, Record, Span, Store, Write

_PAGE = 500

_ratings = Codec(Rating)
_invalid = Codec(InvalidRating)


def decode(text: str) -> Rating:
    return _ratings.decode(text)


async def load(store: Store, tenant: str, session_id: str) -> Rating | None:
    [record] = await store.get([keys.rating(tenant, session_id)])
    return _ratings.decode(record.value) if record else None


def write(tenant: str, rating: Rating) -> Write:
    record = Record(
        key=keys.rating(tenant, rating.ref.id),
        value=_ratings.encode(rating),
        listing=keys.rating_listing(tenant, rating.at, rating.ref.id),
    )
    return Put(record, Expect.ABSENT)


async def between(store: Store, tenant: str, since: Instant, until: Instant, limit: int) -> tuple[list[Rating], bool]:
    """Ratings given from `since` to before `until`, oldest first, and whether there are more than `limit`."""
    start, end = keys.rating_listing(tenant, since, ""), keys.rating_listing(tenant, until, "")
    found, has_more = await _listed(store, start, end, limit)
    return [_ratings.decode(record.value) for record in found], has_more


async def invalid_between(store: Store, tenant: str, since: Instant, until: Instant, limit: int) -> int:
    """How many came in that span that do not count, up to `limit`."""
    start, end = keys.invalid_rating_listing(tenant, since, ""), keys.invalid_rating_listing(tenant, until, "")
    found, _ = await _listed(store, start, end, limit)
    return len(found)


async def _listed(store: Store, start: Listing, end: Listing, limit: int) -> tuple[list[Record], bool]:
    found: list[Record] = []
    span = Span(_PAGE, start.order, end.order)
    while len(found) < limit:
        page = await store.listing(start.index, span._replace(limit=min(_PAGE, limit - len(found))))
        found.extend(page.records)
        last = page.records[-1].listing if page.records else None
        if not page.has_more or last is None:
            return found, False
        span = span.beyond(last.order)
    return found, True


async def invalid_of(store: Store, tenant: str, session_id: str) -> list[InvalidRating]:
    """Ratings of a session that do not count, oldest first."""
    after, before = keys.INVALID_RATINGS
    partition = keys.log_partition(tenant, session_id)
    page = await store.scan(partition, Span(after=after, before=before, limit=INVALID_RATINGS_MAX))
    return [_invalid.decode(record.value) for record in page.records]


def write_invalid(tenant: str, rating: InvalidRating) -> Write:
    record = Record(
        key=keys.invalid_rating(tenant, rating.ref.id, rating.at, rating.id),
        value=_invalid.encode(rating),
        listing=keys.invalid_rating_listing(tenant, rating.at, rating.id),
    )
    return Put(record, Expect.ABSENT)


async def count_invalid(store: Store, tenant: str, session_id: str) -> int:
    after, before = keys.INVALID_RATINGS
    partition = keys.log_partition(tenant, session_id)
    return await store.count(partition, Span(after=after, before=before, limit=INVALID_RATINGS_MAX))
