"""What a polling client of a visitor was told: a place in his sessions on one channel, and whose poll it is."""

from kefu.dataclass import dataclass
from kefu.domain.channel import Channel
from kefu.domain.instants import Instant
from kefu.domain.session import Session
from kefu.records import keys, sessions
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Change, Expectation, Put, Record, Span, Store, Write


@dataclass(frozen=True, kw_only=True, slots=True)
class WebClient:
    told_ordinal: int = 0
    """Number of the session that was told of last."""
    told_seq: int = 0
    """Of its log, entries up to this number were told or are none of his."""
    poll: str = ""
    """The latest poll: what is new is told to this one alone."""
    last_seen_at: Instant = 0


LoadedWebClient = Loaded[WebClient]

_clients = Codec(WebClient)


def decode(text: str) -> WebClient:
    return _clients.decode(text)


async def load(store: Store, tenant: str, visitor: str, channel: Channel) -> LoadedWebClient | None:
    [record] = await store.get([keys.web_client(tenant, visitor, channel)])
    return _clients.load_if(record)


def write(tenant: str, visitor: str, channel: Channel, client: WebClient, expect: Expectation) -> Write:
    return Put(Record(key=keys.web_client(tenant, visitor, channel), value=_clients.encode(client)), expect)


async def sessions_page(
    store: Store,
    tenant: str,
    visitor: str,
    channel: Channel,
    *,
    first: int = 1,
    behind: int | None = None,
    limit: int,
    newest_first: bool = False,
) -> tuple[list[Session], bool]:
    """The visitor's sessions on a channel by number, and whether more follow."""
    after, before = keys.sessions_numbered(channel, first, behind)
    page = await store.scan(
        keys.visitor_partition(tenant, visitor),
        Span(after=after, before=before, limit=limit, newest_first=newest_first),
    )
    found = [sessions.decode(record.value, version=record.version) for record in page.records]
    return [loaded.value.session for loaded in found], page.has_more


def is_news(change: Change, tenant: str, visitor: str, channel: Channel) -> bool:
    """Whether a poll of this client must look again: a session of his moved, or a newer poll came."""
    if change.key.partition != keys.visitor_partition(tenant, visitor):
        return False
    first, behind = keys.sessions_on(channel)
    return change.key == keys.web_client(tenant, visitor, channel) or first <= change.key.sort < behind
