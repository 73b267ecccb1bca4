from kefu.domain.visitor import Visitor
from kefu.records import keys
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Expectation, Put, Record, Store, Write

LoadedVisitor = Loaded[Visitor]

_visitors = Codec(Visitor)


async def load(store: Store, tenant: str, visitor: str) -> LoadedVisitor | None:
    [record] = await store.get([keys.visitor_card(tenant, visitor)])
    return _visitors.load_if(record)


def write(tenant: str, visitor: Visitor, expect: Expectation) -> Write:
    key = keys.visitor_card(tenant, visitor.user_name)
    return Put(Record(key=key, value=_visitors.encode(visitor)), expect)
