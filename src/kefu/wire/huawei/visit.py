"""One authorised call of a visitor's page, and the table row that says how a call is made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from kefu.blobs.port import Blobs
from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.web_tokens import WebVisitor
from kefu.domain.bounds import REQUEST_BYTES_MAX
from kefu.domain.channel import Channel
from kefu.records import sessions
from kefu.records.sessions import LoadedSession
from kefu.wire.huawei.answers import FAILED, WRONG, Answer

CHANNEL = Channel.WEB

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    desk: Desk
    blobs: Blobs
    visitor: WebVisitor
    poll_wait_s: float
    is_gone: Callable[[], Awaitable[bool]]
    """Whether the page has hung up."""

    @property
    def tenant(self) -> str:
        return self.visitor.tenant

    @property
    def caller(self) -> Caller:
        return Caller(tenant=self.visitor.tenant, role=Role.VISITOR, user_name=self.visitor.user_name)

    @property
    def call(self) -> Call:
        return Call(by=self.caller)

    async def newest(self) -> LoadedSession | None:
        """The visitor's latest session: the open one, if any is."""
        return await sessions.newest(self.desk.store, self.tenant, self.visitor.user_name, CHANNEL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Door(Generic[T]):
    """How one call is made: its fields are `asked`, of the body or, where it is a GET, of the query."""

    asked: type[T]
    reply: Callable[[Visit, T], Awaitable[Answer]]
    method: str = "POST"
    missing: str = WRONG
    """The code for a field that is not there."""
    wrong: str = WRONG
    """The code for a field that is not what it must be."""
    failed: str = FAILED
    """The code for what the desk declines."""
    body_bytes_max: int = REQUEST_BYTES_MAX
    has_return_code: bool = False


AnyDoor = Door[Any]
