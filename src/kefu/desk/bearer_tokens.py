"""Bearer tokens: JWTs signed with the deployment's secret. Tenant, role and user come from here alone."""

import re

import jwt

from kefu.dataclass import dataclass
from kefu.desk.access import agent_not_found, require_partner
from kefu.desk.attempts import commit
from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.input import named
from kefu.desk.once import attempt_once, mark
from kefu.desk.tenants import caller_of_access_token
from kefu.domain.agent import AgentRole
from kefu.domain.ids import login_of
from kefu.domain.instants import DAY, SECOND, Instant
from kefu.records import agents
from kefu.records.codec import Codec

TOKEN_LIFE_MS = DAY
_ALGORITHM = "HS256"
_CLAIMS = ["exp", "tenant", "role", "sub"]
_ACCESS_TOKEN = re.compile(r"[0-9a-f]{32}")


class NoSuchToken(Exception):
    """The token is malformed, forged, expired or unknown; the message says which and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    role: Role
    user_name: str
    expires_at: Instant


_grants = Codec(Grant)


def sign(caller: Caller, expires_at: Instant, secret: str) -> str:
    claims = {
        "tenant": caller.tenant,
        "role": caller.role.value,
        "sub": caller.user_name,
        "exp": expires_at // SECOND,
    }
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


async def caller_of(desk: Desk, token: str, secret: str) -> tuple[Caller, Instant]:
    """Who a bearer token stands for, and when it ends. Raises `NoSuchToken`."""
    if _ACCESS_TOKEN.fullmatch(token):
        granted = await caller_of_access_token(desk, token)
        if granted is None:
            raise NoSuchToken(
                "The access token is unknown or has expired. Ask for a new one with clientId and secretId."
            )
        return granted
    return _verified(desk, token, secret)


async def issue_agent_token(desk: Desk, call: Call, user_name: str) -> Grant:
    """A grant to sign for an agent or supervisor of the tenant. Raises `NotFound`."""
    require_partner(call.by)
    loaded = await agents.load_one(desk.store, call.tenant, login_of(user_name))
    if loaded is None or loaded.value.is_disabled:
        raise agent_not_found(user_name)
    role = Role.SUPERVISOR if loaded.value.role is AgentRole.SUPERVISOR else Role.AGENT
    return await _grant(desk, call, role, loaded.value.login)


async def issue_visitor_token(desk: Desk, call: Call, visitor: str) -> Grant:
    require_partner(call.by)
    return await _grant(desk, call, Role.VISITOR, named(visitor, "visitorUserName"))


async def _grant(desk: Desk, call: Call, role: Role, user_name: str) -> Grant:
    async def step(desk: Desk, _lost: int) -> Grant:
        now = desk.clock.now()
        grant = Grant(role=role, user_name=user_name, expires_at=(now + TOKEN_LIFE_MS) // SECOND * SECOND)
        if call.once:
            await commit(desk, mark(call, _grants, grant, now))
        return grant

    grant, _ = await attempt_once(desk, call, _grants, step)
    return grant


def _verified(desk: Desk, token: str, secret: str) -> tuple[Caller, Instant]:
    try:
        claims = jwt.decode(token, secret, algorithms=[_ALGORITHM], options={"require": _CLAIMS, "verify_exp": False})
        caller = Caller(tenant=str(claims["tenant"]), role=Role(claims["role"]), user_name=str(claims["sub"]))
        expires_at = int(claims["exp"]) * SECOND
    except (jwt.InvalidTokenError, ValueError) as invalid:
        raise NoSuchToken("The bearer token is not one of ours. Ask the tenant's back end for a new one.") from invalid
    if expires_at <= desk.clock.now():
        raise NoSuchToken("The bearer token has expired. Ask the tenant's back end for a new one.")
    return caller, expires_at
