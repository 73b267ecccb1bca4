import dataclasses
import hashlib
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec
import strawberry
from strawberry.types.unset import UNSET

from kefu.api.errors import Unauthenticated
from kefu.desk.call import Call, Caller, Once
from kefu.desk.desk import Desk
from kefu.desk.input import named
from kefu.domain.agent import Agent
from kefu.domain.instants import Instant
from kefu.records import agents


@dataclasses.dataclass(slots=True)
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
    connection_params: dict[str, Any] | None = None

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
        loaded = await agents.load_one(self.desk.store, self.tenant, self.by.user_name)
        return loaded.value if loaded else None


Info: TypeAlias = strawberry.Info[Context, None]


def to_datetime(at: Instant) -> datetime:
    return datetime.fromtimestamp(at / 1_000, UTC)


def to_datetime_if(at: Instant | None) -> datetime | None:
    return None if at is None else to_datetime(at)


def _plain(value: object) -> object:
    return None if value is UNSET else str(value)
