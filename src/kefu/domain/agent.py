from dataclasses import replace
from enum import StrEnum

from kefu.dataclass import dataclass
from kefu.domain.ids import login_of
from kefu.domain.instants import Instant
from kefu.domain.session_ref import SessionRef
from kefu.domain.skill_group import DEFAULT_GROUP

MAX_SESSIONS_DEFAULT = 5


class AgentStatus(StrEnum):
    ONLINE = "ONLINE"
    BUSY = "BUSY"
    AWAY = "AWAY"
    HIDDEN = "HIDDEN"
    OFFLINE = "OFFLINE"


class AgentRole(StrEnum):
    AGENT = "AGENT"
    SUPERVISOR = "SUPERVISOR"


@dataclass(frozen=True, kw_only=True, slots=True)
class Agent:
    user_name: str
    nickname: str = ""
    avatar_url: str = ""
    role: AgentRole = AgentRole.AGENT
    status: AgentStatus = AgentStatus.OFFLINE
    status_changed_at: Instant
    max_sessions: int = MAX_SESSIONS_DEFAULT
    groups: tuple[str, ...] = ()
    """Skill group ids, sorted; none means the built-in default group."""
    placed_at: Instant = 0
    """Since when these are the groups: grows with every change of them."""
    held: tuple[SessionRef, ...] = ()
    """The sessions assigned to this agent: the load is their number, never a counter beside them."""
    idle_since: Instant
    """The last assignment, the last end of one, or the moment of coming ONLINE."""
    lease_expires_at: Instant | None = None
    """When presence ends unless the agent's own client shows itself; none while no client ever did."""
    is_disabled: bool = False

    @property
    def login(self) -> str:
        return login_of(self.user_name)

    @property
    def serves(self) -> tuple[str, ...]:
        """Ids of the groups whose queues he serves."""
        return self.groups or (DEFAULT_GROUP,)

    @property
    def active_sessions(self) -> int:
        return len(self.held)

    @property
    def room(self) -> int:
        return max(0, self.max_sessions - len(self.held))

    def status_at(self, now: Instant) -> AgentStatus:
        """The status that counts: a lost lease or a disabled account is OFFLINE, whatever is stored."""
        lease_lost = self.lease_expires_at is not None and self.lease_expires_at <= now
        return AgentStatus.OFFLINE if lease_lost or self.is_disabled else self.status

    def offline_since(self, now: Instant) -> Instant:
        """Since when an agent who is OFFLINE is so: his own word, or the end of his lease."""
        lease = self.lease_expires_at
        return lease if lease is not None and lease <= now else self.status_changed_at

    def is_free_at(self, now: Instant) -> bool:
        return self.room > 0 and self.status_at(now) is AgentStatus.ONLINE

    def taking(self, session: SessionRef, now: Instant) -> "Agent":
        return replace(self, held=(*self.held, session), idle_since=now)

    def releasing(self, session: SessionRef, now: Instant) -> "Agent":
        return replace(self, held=tuple(held for held in self.held if held != session), idle_since=now)

    def turning(self, status: AgentStatus, now: Instant) -> "Agent":
        """The agent after a change of status; setting the status that already counts changes nothing."""
        if status is self.status_at(now) is self.status:
            return self
        lease = self.lease_expires_at
        return replace(
            self,
            status=status,
            status_changed_at=now,
            idle_since=now if status is AgentStatus.ONLINE else self.idle_since,
            lease_expires_at=None if lease is not None and lease <= now else lease,
        )
