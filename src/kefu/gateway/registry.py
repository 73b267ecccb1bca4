"""Sockets behind a gateway, between two frames: what was said on each, and who is to be told of which topic.

A connection names its subscriptions, and every coming and going of one goes through the connection's record, so that a
`complete`, a disconnect and a subscribe that meet are put in an order. Only whether a subscription is replayed is its own.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import field, replace

from kefu.dataclass import dataclass
from kefu.desk.call import Caller, Role
from kefu.domain.bounds import SUBSCRIBERS_FOR_VISITOR_MAX, SUBSCRIBERS_PER_TOPIC_MAX, SUBSCRIBERS_READ_MAX
from kefu.domain.instants import HOUR, Instant
from kefu.realtime.protocol import Connection
from kefu.records import keys
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Delete, Expect, Expectation, Key, Put, Record, Span, Store, Write

_PAGE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class SocketSubscription:
    connection_id: str
    operation_id: str
    query: str
    variables: str
    """As JSON, and without what differs between those who want the same."""
    operation_name: str | None = None
    caller: Caller
    token_ends_at: Instant | None = None
    replayed_until: Instant | None = None
    """Somebody tells it the journal, and is dead if it is later than this; None: it is told as things happen."""
    ends_at: Instant
    """When the gateway cuts its socket."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SocketState:
    connection: Connection
    opened_at: Instant
    ends_at: Instant
    """When the gateway cuts it."""
    caller: Caller | None = None
    token_ends_at: Instant | None = None
    replayed_until: Instant | None = None
    """Of the latest replay."""
    subscriptions: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Operation id to the key of the subscription."""


LoadedSocket = Loaded[SocketState]
LoadedSubscription = Loaded[SocketSubscription]

_states = Codec(SocketState)
_subscriptions = Codec(SocketSubscription)


async def load(store: Store, connection_id: str) -> LoadedSocket | None:
    [record] = await store.get([keys.socket(connection_id)])
    return _states.load_if(record)


def write(connection_id: str, state: SocketState, due_at: Instant, expect: Expectation) -> Write:
    record = Record(
        key=keys.socket(connection_id),
        value=_states.encode(state),
        listing=keys.socket_listing(due_at, connection_id),
        expires_at=state.ends_at + HOUR,
    )
    return Put(record, expect)


def forget(connection_id: str, state: SocketState, expect: Expectation) -> Sequence[Write]:
    subscriptions = [Delete(Key(*key), Expect.ANY) for key in state.subscriptions.values()]
    return [Delete(keys.socket(connection_id), expect), *subscriptions]


def without(state: SocketState, operation_id: str) -> tuple[SocketState, Sequence[Write]]:
    """The socket without a subscription, if it has that one."""
    key = state.subscriptions.get(operation_id)
    if key is None:
        return state, []
    left = {known: of_it for known, of_it in state.subscriptions.items() if known != operation_id}
    return replace(state, subscriptions=left), [Delete(Key(*key), Expect.ANY)]


async def overdue(store: Store, now: Instant, limit: int) -> AsyncGenerator[str, None]:
    """Ids of connections that something is due on, the longest overdue first, eventually consistent."""
    until = keys.socket_listing(now, "")
    span, told = Span(before=until.order, limit=_PAGE), 0
    while told < limit:
        page = await store.listing(until.index, span)
        for record in page.records:
            yield keys.connection_of(record.key)
        told += len(page.records)
        last = page.records[-1].listing if page.records else None
        if last is None or not page.has_more:
            return
        span = span.beyond(last.order)


async def load_subscription(store: Store, key: Key) -> LoadedSubscription | None:
    [record] = await store.get([key])
    return _subscriptions.load_if(record)


def write_subscription(key: Key, subscription: SocketSubscription, expect: Expectation) -> Write:
    record = Record(key=key, value=_subscriptions.encode(subscription), expires_at=subscription.ends_at + HOUR)
    return Put(record, expect)


async def subscribed(store: Store, tenant: str, topic: str) -> list[tuple[Key, LoadedSubscription]]:
    """Everybody who is to be told of a topic."""
    found: list[tuple[Key, LoadedSubscription]] = []
    span = Span(limit=_PAGE)
    while len(found) < SUBSCRIBERS_READ_MAX:
        page = await store.scan(keys.topic_partition(tenant, topic), span)
        found += [(record.key, _subscriptions.load(record)) for record in page.records]
        if not page.has_more:
            break
        span = span.beyond(page.records[-1].key.sort)
    return found


async def has_room(store: Store, caller: Caller, topic: str) -> bool:
    """Whether the caller may be told of a topic besides those who are. Those who ask at once do not see each other."""
    limit = SUBSCRIBERS_FOR_VISITOR_MAX if caller.role is Role.VISITOR else SUBSCRIBERS_PER_TOPIC_MAX
    return await store.count(keys.topic_partition(caller.tenant, topic), Span(limit=limit)) < limit
