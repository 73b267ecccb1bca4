"""Messages that visitors leave for when somebody is there."""

from kefu.dataclass import dataclass
from kefu.domain.channel import Channel
from kefu.domain.instants import Instant
from kefu.domain.routing_keys import NO_KEYS, RoutingKeys
from kefu.domain.session_ref import SessionRef
from kefu.records import keys
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Expect, Put, Record, Span, Store, Write


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftMessage:
    id: str
    visitor: str
    channel: Channel = Channel.WEB
    phone: str = ""
    text: str
    left_at: Instant
    keys: RoutingKeys = NO_KEYS
    """Of the session that was declined before."""
    session: SessionRef | None = None
    """The one it came to, once the desk was open."""


LoadedLeftMessage = Loaded[LeftMessage]

CODEC = Codec(LeftMessage)


def write(tenant: str, message: LeftMessage, version: int = 0) -> Write:
    """Listed for as long as it waits for the desk to open."""
    key = keys.left_message(tenant, message.visitor, message.left_at, message.id)
    listing = None if message.session else keys.left_message_listing(tenant, message.left_at, message.id)
    return Put(Record(key=key, value=CODEC.encode(message), listing=listing), version or Expect.ABSENT)


async def load(store: Store, tenant: str, message: LeftMessage) -> LoadedLeftMessage | None:
    """As it is now. `message` names it."""
    [record] = await store.get([keys.left_message(tenant, message.visitor, message.left_at, message.id)])
    return CODEC.load_if(record)


async def waiting(store: Store, tenant: str, span: Span) -> tuple[list[LeftMessage], bool]:
    """A page of those that wait for the desk to open, oldest first, eventually consistent; and whether more follow."""
    page = await store.listing(keys.left_message_listing(tenant, 0, "").index, span)
    return [CODEC.decode(record.value) for record in page.records], page.has_more


def listing_order(message: LeftMessage) -> str:
    """Where `message` stands in the listing: the end of a page that it closes."""
    return keys.left_message_listing("", message.left_at, message.id).order
