"""When a visitor was last there without writing: on his own, and as a polling client of a channel."""

from kefu.dataclass import dataclass
from kefu.domain.channel import Channel
from kefu.domain.instants import Instant
from kefu.records import keys, web_clients
from kefu.records.codec import Codec
from kefu.store.port import Check, Expect, Put, Record, Store, Write


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    at: Instant


_seen = Codec(_Seen)


@dataclass(frozen=True, slots=True)
class VisitorSeen:
    """As it was read; 0 if never."""

    at: Instant
    checks: tuple[Write, ...]
    """Hold while nobody saw him since."""


def write(tenant: str, visitor: str, at: Instant) -> Write:
    """The latest writer wins: they differ by seconds at most."""
    return Put(Record(key=keys.visitor_seen(tenant, visitor), value=_seen.encode(_Seen(at=at))), Expect.ANY)


async def load(store: Store, tenant: str, visitor: str, channel: Channel) -> VisitorSeen:
    at_all, polling = keys.visitor_seen(tenant, visitor), keys.web_client(tenant, visitor, channel)
    seen, client = await store.get([at_all, polling])
    at = max(_seen.decode(seen.value).at if seen else 0, web_clients.decode(client.value).last_seen_at if client else 0)
    found = ((at_all, seen), (polling, client))
    return VisitorSeen(at, tuple(Check(key, record.version if record else Expect.ABSENT) for key, record in found))
