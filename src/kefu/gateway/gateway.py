from asyncio import Semaphore
from collections.abc import Callable
from dataclasses import field
from typing import TypeAlias

from kefu.api.context import Context
from kefu.api.schema import KefuSchema
from kefu.dataclass import dataclass
from kefu.desk.call import Caller
from kefu.desk.desk import Desk
from kefu.domain.bounds import POSTS_MAX
from kefu.domain.instants import HOUR, MINUTE, Instant
from kefu.feed.following import follow
from kefu.feed.interest import Follower
from kefu.gateway.sockets import Sockets

HasTime: TypeAlias = Callable[[], bool]
"""Whether the handler that runs may go on for a while."""


@dataclass(frozen=True, slots=True)
class SocketLife:
    lasts_ms: int = 2 * HOUR
    """The gateway cuts a socket then."""
    leaves_ms: int = 10 * MINUTE
    """So long before, its subscriptions are completed and it is closed."""

    @classmethod
    def of(cls, lasts_ms: int) -> "SocketLife":
        return cls(lasts_ms, lasts_ms // 12)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """What handlers of sockets work with."""

    desk: Desk
    schema: KefuSchema
    secret: str
    sockets: Sockets
    allowed_origins: frozenset[str] = frozenset()
    life: SocketLife = SocketLife()
    post_within_s: float = 2.0
    render_within_s: float = 5.0
    """What one change means to those who want the same. A store that does not answer is noticed before."""
    posts: Semaphore = field(default_factory=lambda: Semaphore(POSTS_MAX))

    def context(
        self, caller: Caller | None = None, expires_at: Instant | None = None, follower: Follower = follow
    ) -> Context:
        request_id = self.desk.new_id(self.desk.clock.now())
        return Context(
            desk=self.desk,
            secret=self.secret,
            request_id=request_id,
            caller=caller,
            expires_at=expires_at,
            follower=follower,
        )
