import dataclasses
import hashlib
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec
import strawberry
from strawberry.types.unset import UNSET

from kefu.api.errors import Unauthenticated
from kefu.dataclass import dataclass
from kefu.desk.bearer_tokens import NoSuchToken, caller_of
from kefu.desk.call import Call, Caller, Once, Role
from kefu.desk.desk import Desk
from kefu.desk.input import named
from kefu.desk.loading_agents import load_agent
from kefu.desk.presence import show_presence
from kefu.domain.agent import Agent
from kefu.domain.ids import login_of
from kefu.domain.instants import Instant
from kefu.feed.following import follow
from kefu.feed.interest import Follower

_BEARER = "bearer "


@dataclass(slots=True)
class Context:
    """What resolvers of one request, or of one socket, work with."""

    desk: Desk
    secret: str
    request_id: str
    is_over_http: bool = False
    """A plain request, which cannot carry a subscription."""
    caller: Caller | None = None
    expires_at: Instant | None = None
    """When the caller's token ends, and with it his subscriptions."""
    follower: Follower = follow
    """How news reach a subscription."""

    async def identify(self, authorization: str) -> None:
        """Takes the caller from `Bearer …`; an agent's client has shown itself then. Raises `NoSuchToken`."""
        if authorization[: len(_BEARER)].lower() != _BEARER:
            raise NoSuchToken("The authorization must be of the form: Bearer …")
        token = authorization[len(_BEARER) :].strip()
        self.caller, self.expires_at = await caller_of(self.desk, token, self.secret)
        if self.caller.role in (Role.AGENT, Role.SUPERVISOR):
            await show_presence(self.desk, self.caller)

    async def admits(self, payload: dict[str, Any]) -> bool:
        """Whether the payload of a connection_init lets the client in."""
        authorization = next((value for key, value in payload.items() if key.lower() == "authorization"), None)
        try:
            await self.identify(authorization if isinstance(authorization, str) else "")
        except NoSuchToken:
            return False
        return True

    @property
    def by(self) -> Caller:
        if self.caller is None:
            raise Unauthenticated("This needs a token. Send the header Authorization: Bearer …")
        if self.expires_at is not None and self.expires_at <= self.desk.clock.now():
            raise Unauthenticated("The token has expired. Ask for a new one.")
        return self.caller

    @property
    def tenant(self) -> str:
        return self.by.tenant

    def call(self, operation: str, given: Any) -> Call:
        """The call of a mutation; repeatable if its input carries a clientMutationKey."""
        key = given.client_mutation_key
        if key is None:
            return Call(by=self.by)
        named(key, "clientMutationKey")
        body = msgspec.json.encode([operation, self.by, dataclasses.asdict(given)], enc_hook=_plain, order="sorted")
        return Call(by=self.by, once=Once(key=key, fingerprint=hashlib.sha256(body).hexdigest()))

    async def own_agent(self) -> Agent | None:
        """The calling agent's own record; None if the caller is none."""
        loaded = await load_agent(self.desk, self.tenant, login_of(self.by.user_name))
        return loaded.value if loaded else None


Info: TypeAlias = strawberry.Info[Context, None]


def to_datetime(at: Instant) -> datetime:
    return datetime.fromtimestamp(at / 1_000, UTC)


def to_datetime_if(at: Instant | None) -> datetime | None:
    return None if at is None else to_datetime(at)


def _plain(value: object) -> object:
    return None if value is UNSET else str(value)
