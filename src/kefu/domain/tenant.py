from kefu.dataclass import dataclass
from kefu.domain.instants import Instant


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    id: str
    name: str
    client_id: str
    secret_hash: str
    """SHA-256 of the secret id, in hex: the secret itself is shown once and kept nowhere."""
    created_at: Instant


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessToken:
    """What an opaque 32-hex token of the vendor REST API stands for."""

    tenant: str
    client_id: str
    expires_at: Instant
