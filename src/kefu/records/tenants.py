from kefu.domain.tenant import AccessToken, Tenant
from kefu.records import keys
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Expect, Expectation, Put, Record, Span, Store, Write

_tenants = Codec(Tenant)
_tokens = Codec(AccessToken)
_ids = Codec(str)


async def load(store: Store, tenant: str) -> Loaded[Tenant] | None:
    [record] = await store.get([keys.tenant_record(tenant)])
    return _tenants.load_if(record)


async def load_page(store: Store, *, after: str = "", limit: int) -> tuple[list[Tenant], str | None]:
    """Tenants in the order of their ids, and where the next page starts."""
    page = await store.scan(keys.TENANTS, Span(after=after, limit=limit))
    found = [_tenants.decode(record.value) for record in page.records]
    return found, page.records[-1].key.sort if page.has_more else None


def write(tenant: Tenant, expect: Expectation) -> Write:
    return Put(Record(key=keys.tenant_record(tenant.id), value=_tenants.encode(tenant)), expect)


async def load_owner(store: Store, client_hash: str) -> str | None:
    """Id of the tenant that a client id was made for."""
    [record] = await store.get([keys.client(client_hash)])
    return _ids.decode(record.value) if record else None


def write_owner(client_hash: str, tenant: str) -> Write:
    return Put(Record(key=keys.client(client_hash), value=_ids.encode(tenant)), Expect.ANY)


async def load_access_token(store: Store, token_hash: str) -> AccessToken | None:
    [record] = await store.get([keys.access_token(token_hash)])
    return _tokens.decode(record.value) if record else None


def write_access_token(token_hash: str, token: AccessToken) -> Write:
    record = Record(key=keys.access_token(token_hash), value=_tokens.encode(token), expires_at=token.expires_at)
    return Put(record, Expect.ABSENT)
