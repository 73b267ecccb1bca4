"""One authorised call of a visitor's page: who calls, and what it can reach."""

from collections.abc import Awaitable, Callable

from kefu.blobs.port import Blobs
from kefu.dataclass import dataclass
from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.web_tokens import WebVisitor
from kefu.domain.channel import Channel
from kefu.records import sessions
from kefu.records.sessions import LoadedSession

CHANNEL = Channel.WEB


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
