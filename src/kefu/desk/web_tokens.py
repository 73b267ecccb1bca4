"""Tokens of web clients: what an app key opens, and whom a page speaks for.

Both lie in a visitor's browser. So neither is a bearer token of the desk's API: each has an audience of its own, and
a partner's powers do not come with it.
"""

from typing import Any

import jwt

from kefu.dataclass import dataclass
from kefu.desk.desk import Desk
from kefu.desk.tenants import Credentials, WrongCredentials, is_right
from kefu.domain.instants import SECOND, Instant
from kefu.records import tenants

_ALGORITHM = "HS256"
_APP, _VISITOR = "kefu-web-app", "kefu-web-visitor"


class NoSuchWebToken(Exception):
    """Malformed, forged, expired, or a token for something else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AppAccess:
    tenant: str
    client_id: str
    expires_at: Instant

    @property
    def app_key(self) -> str:
        return f"{self.tenant}-{self.client_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class WebVisitor:
    tenant: str
    user_name: str
    nickname: str
    channel_config_id: str
    """The vendor's id of the channel by which he came: told back, never looked up."""
    locale: str
    expires_at: Instant


async def open_app(desk: Desk, app_key: str, app_secret: str, life_s: int) -> AppAccess:
    """What `tenant-clientId` and the secret id open. Raises `WrongCredentials`."""
    tenant, _, client_id = app_key.partition("-")
    loaded = await tenants.load(desk.store, tenant) if tenant.isdecimal() else None
    credentials = Credentials(tenant=tenant, client_id=client_id, secret_id=app_secret)
    if loaded is None or not is_right(loaded.value, credentials):
        raise WrongCredentials
    now = desk.clock.now()
    return AppAccess(tenant=tenant, client_id=client_id, expires_at=(now // SECOND + life_s) * SECOND)


def sign_app(access: AppAccess, secret: str) -> str:
    claims = {"aud": _APP, "tenant": access.tenant, "sub": access.client_id, "exp": access.expires_at // SECOND}
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def sign_visitor(visitor: WebVisitor, secret: str) -> str:
    claims = {
        "aud": _VISITOR,
        "tenant": visitor.tenant,
        "sub": visitor.user_name,
        "name": visitor.nickname,
        "channel_config": visitor.channel_config_id,
        "locale": visitor.locale,
        "exp": visitor.expires_at // SECOND,
    }
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def app_of(token: str, secret: str, now: Instant) -> AppAccess:
    """Raises `NoSuchWebToken`."""
    claims = _verified(token, secret, _APP, now)
    return AppAccess(tenant=claims["tenant"], client_id=claims["sub"], expires_at=claims["exp"] * SECOND)


def visitor_of(token: str, secret: str, now: Instant) -> WebVisitor:
    """Raises `NoSuchWebToken`."""
    claims = _verified(token, secret, _VISITOR, now)
    return WebVisitor(
        tenant=claims["tenant"],
        user_name=claims["sub"],
        nickname=claims["name"],
        channel_config_id=claims["channel_config"],
        locale=claims["locale"],
        expires_at=claims["exp"] * SECOND,
    )


def _verified(token: str, secret: str, audience: str, now: Instant) -> dict[str, Any]:
    options: Any = {"require": ["exp", "tenant", "sub", "aud"], "verify_exp": False}
    try:
        claims: dict[str, Any] = jwt.decode(token, secret, algorithms=[_ALGORITHM], audience=audience, options=options)
    except (jwt.InvalidTokenError, ValueError) as invalid:
        raise NoSuchWebToken from invalid
    if claims["exp"] * SECOND <= now:
        raise NoSuchWebToken
    return claims
