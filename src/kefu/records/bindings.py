from kefu.domain.binding import Binding
from kefu.domain.instants import Instant
from kefu.records import keys
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Expectation, Put, Record, Span, Store, Write

LoadedBinding = Loaded[Binding]

_bindings = Codec(Binding)


async def load(store: Store, tenant: str, flag: str, visitor: str) -> LoadedBinding | None:
    """The binding's record, which may hold only the history of rules that ended."""
    [record] = await store.get([keys.binding(tenant, flag, visitor)])
    return _bindings.load_if(record)


def decode(text: str) -> Binding:
    return _bindings.decode(text)


async def of_visitor(store: Store, tenant: str, visitor: str, now: Instant, limit: int) -> list[Binding]:
    after, before = keys.BINDINGS
    page = await store.scan(keys.visitor_partition(tenant, visitor), Span(after=after, before=before, limit=limit))
    found = [_bindings.decode(record.value) for record in page.records]
    return [binding for binding in found if binding.holds_at(now)]


async def listed(store: Store, tenant: str, span: Span) -> tuple[list[Binding], bool]:
    """A page of the tenant's bindings by agent, flag and visitor, eventually consistent."""
    index = keys.binding_listing(tenant, "", "", "").index
    page = await store.listing(index, span)
    return [_bindings.decode(record.value) for record in page.records], page.has_more


def listing_order(binding: Binding) -> str:
    """Where `binding` stands in the listing: the end of a page that it closes."""
    return keys.binding_listing("", binding.agent, binding.business_flag, binding.visitor).order


def write(tenant: str, binding: Binding, expect: Expectation) -> Write:
    listing = (
        keys.binding_listing(tenant, binding.agent, binding.business_flag, binding.visitor) if binding.agent else None
    )
    key = keys.binding(tenant, binding.business_flag, binding.visitor)
    return Put(Record(key=key, value=_bindings.encode(binding), listing=listing), expect)
