"""A webhook: where a tenant wants to be told what happens, and in which dialect."""

from dataclasses import replace
from enum import StrEnum

from kefu.dataclass import dataclass
from kefu.domain.instants import DAY, SECOND, Instant
from kefu.domain.log import EventKind, LogEntry

SWITCHED_OFF_AFTER = 5 * DAY
"""An endpoint that took nothing for so long is told nothing more."""
CLOCKS_DIFFER = 2 * SECOND
"""What happens right after a webhook was made is told, though another server's clock may be late."""


class Dialect(StrEnum):
    """How an event is written and signed."""

    KEFU = "KEFU"
    TENCENT = "TENCENT"
    EASEMOB = "EASEMOB"


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    id: str
    url: str
    dialect: Dialect
    secret: str = ""
    """Signs what is sent; as it came, since both sides compute with it."""
    kinds: tuple[EventKind, ...] = ()
    """Of events that are told; empty means all."""
    is_enabled: bool = True
    created_at: Instant
    since: Instant
    """What happened before is not told."""
    failing_since: Instant | None = None
    """The first failure behind which nothing was taken any more."""
    switched_off_at: Instant | None = None
    """When it failed for too long; whoever enables it clears this."""
    sdk_app_id: str = ""
    """TENCENT: the number of the application that receivers hold against their own."""
    customer_service_id: str = ""
    """TENCENT: the service account's user id."""

    def wants(self, entry: LogEntry) -> bool:
        return entry.at >= self.since and (not self.kinds or entry.kind in self.kinds)

    def enabled(self, now: Instant) -> "Webhook":
        """As new: what happened while it was off stays untold."""
        return replace(self, is_enabled=True, since=now - CLOCKS_DIFFER, failing_since=None, switched_off_at=None)

    def taken(self) -> "Webhook":
        return replace(self, failing_since=None) if self.failing_since is not None else self

    def failed(self, now: Instant) -> "Webhook":
        if self.failing_since is None:
            return replace(self, failing_since=now)
        if self.is_enabled and now - self.failing_since >= SWITCHED_OFF_AFTER:
            return replace(self, is_enabled=False, switched_off_at=now)
        return self
