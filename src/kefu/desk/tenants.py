"""Tenants and their credentials. Secrets are shown once and kept as hashes."""

import hashlib
import hmac
import secrets
import uuid
from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.attempts import attempt, commit
from kefu.desk.call import Caller, Role
from kefu.desk.desk import Desk
from kefu.domain.bounds import NAME_LENGTH_MAX
from kefu.domain.instants import HOUR, SECOND, Instant
from kefu.domain.refusals import Declined, Invalid, RefusalCode
from kefu.domain.tenant import AccessToken, Tenant
from kefu.records import tenants
from kefu.store.port import Conflict, Expect

ACCESS_TOKEN_LIFE_MS = 2 * HOUR


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    tenant: str
    client_id: str
    secret_id: str


class UnknownTenant(Exception):
    """No tenant of that id."""


class WrongCredentials(Exception):
    """Unknown client id or wrong secret: one answer for both."""


class OthersCredentials(WrongCredentials):
    """Right, but another tenant's."""


async def create_tenant(
    desk: Desk, tenant_id: str, name: str, *, client_id: str | None = None, secret_id: str | None = None
) -> Credentials:
    """Makes a tenant with credentials of its own. Raises `Invalid` or `Declined` if the id is taken."""
    if not tenant_id.isdecimal() or len(tenant_id) > NAME_LENGTH_MAX:
        raise Invalid("A tenant's id is a number: partners' clients send it as one.", "id")
    made = Credentials(
        tenant=tenant_id, client_id=client_id or str(uuid.uuid4()), secret_id=secret_id or str(uuid.uuid4())
    )
    tenant = Tenant(
        id=tenant_id,
        name=name,
        client_id=made.client_id,
        secret_hash=_hash(made.secret_id),
        created_at=desk.clock.now(),
    )
    try:
        await commit(
            desk, [tenants.write(tenant, Expect.ABSENT), tenants.write_owner(_hash(made.client_id), tenant_id)]
        )
    except Conflict as conflict:
        raise Declined(RefusalCode.INVALID_INPUT, f"Tenant {tenant_id} exists already.", "id") from conflict
    return made


async def rotate_secret(desk: Desk, tenant_id: str) -> Credentials:
    """A new secret for a tenant; the old one ends at once, tokens already given live until they expire."""

    async def step(desk: Desk, _lost: int) -> Credentials:
        loaded = await tenants.load(desk.store, tenant_id)
        if loaded is None:
            raise UnknownTenant(tenant_id)
        secret_id = str(uuid.uuid4())
        await commit(desk, [tenants.write(replace(loaded.value, secret_hash=_hash(secret_id)), loaded.version)])
        return Credentials(tenant=tenant_id, client_id=loaded.value.client_id, secret_id=secret_id)

    return await attempt(desk, step)


async def issue_access_token(desk: Desk, credentials: Credentials) -> tuple[str, int]:
    """An opaque token of 32 hex digits and its life in seconds. Raises `UnknownTenant`, `WrongCredentials`."""
    loaded = await tenants.load(desk.store, credentials.tenant)
    if loaded is None:
        raise UnknownTenant(credentials.tenant)
    if not is_right(loaded.value, credentials):
        raise await _why_wrong(desk, credentials)
    token = secrets.token_hex(16)
    granted = AccessToken(
        tenant=credentials.tenant,
        client_id=credentials.client_id,
        expires_at=desk.clock.now() + ACCESS_TOKEN_LIFE_MS,
    )
    await commit(desk, [tenants.write_access_token(_hash(token), granted)])
    return token, ACCESS_TOKEN_LIFE_MS // SECOND


def is_right(tenant: Tenant, credentials: Credentials) -> bool:
    """Compared so that the time it takes tells nothing of the secret."""
    known = hmac.compare_digest(tenant.client_id.encode(), credentials.client_id.encode())
    right = hmac.compare_digest(tenant.secret_hash, _hash(credentials.secret_id))
    return known and right


async def _why_wrong(desk: Desk, credentials: Credentials) -> WrongCredentials:
    """Only who has another tenant's secret too hears that they are another tenant's."""
    owner = await tenants.load_owner(desk.store, _hash(credentials.client_id))
    loaded = await tenants.load(desk.store, owner) if owner else None
    return OthersCredentials() if loaded and is_right(loaded.value, credentials) else WrongCredentials()


async def caller_of_access_token(desk: Desk, token: str) -> tuple[Caller, Instant] | None:
    """The partner an access token stands for, and when it ends; None if it is unknown or expired."""
    granted = await tenants.load_access_token(desk.store, _hash(token))
    if granted is None or granted.expires_at <= desk.clock.now():
        return None
    return Caller(tenant=granted.tenant, role=Role.PARTNER, user_name=granted.client_id), granted.expires_at


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
