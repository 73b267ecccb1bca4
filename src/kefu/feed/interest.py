"""What a subscriber wants to hear, said once: under which topic it is told, and what of a change concerns him.

How it reaches him is a follower's business: it is pulled from the store's changes, or told to a socket behind a gateway.
"""

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

from kefu.dataclass import dataclass
from kefu.domain.log import EventKind, LogEntry
from kefu.feed.topics import agent_told_in, log_record_in, queues_in
from kefu.records.journal import Published
from kefu.records.sessions import LogRecord
from kefu.store.port import Change, Store

N = TypeVar("N")
N_co = TypeVar("N_co", covariant=True)


class Told(NamedTuple):
    """What of a change has been told, as a cursor remembers it."""

    is_last: bool
    """Nothing more of the same change comes behind it."""
    session: str = ""
    seq: int = 0
    """Entries of this session up to this number; 0 for what is no entry."""


CursorAt: TypeAlias = Callable[[Told], str]


@dataclass(frozen=True, slots=True)
class SessionNews:
    cursor: str
    record: LogRecord
    entry: LogEntry


@dataclass(frozen=True, slots=True)
class QueueNews:
    cursor: str
    skill_group: str


@dataclass(frozen=True, slots=True)
class AgentNews:
    cursor: str
    login: str


class Interest(Protocol[N_co]):
    @property
    def topic(self) -> str:
        """Everything that concerns it is told under this one."""

    def published_in(self, change: Change, tenant: str) -> Published:
        """What the change publishes, as far as this kind of interest looks."""

    def news_in(self, published: Published, cursor_at: CursorAt) -> Iterable[N_co]: ...


class Follower(Protocol):
    """How news reach who is interested. The generator raises `CursorUnknown`."""

    def __call__(
        self, store: Store, tenant: str, interest: Interest[N], after: str | None, /
    ) -> AsyncGenerator[N, None]: ...


@dataclass(frozen=True, slots=True)
class SessionInterest:
    topic: str
    concerns: Callable[[LogRecord], bool]
    kinds: frozenset[EventKind] | None = None

    def published_in(self, change: Change, tenant: str) -> Published:
        return Published(record=log_record_in(change, tenant))

    def news_in(self, published: Published, cursor_at: CursorAt) -> Iterable[SessionNews]:
        record = published.record
        if record is None or not self.concerns(record):
            return
        for entry in record.entries:
            if self.kinds is None or entry.kind in self.kinds:
                told = Told(entry is record.entries[-1], record.ref.id, entry.seq)
                yield SessionNews(cursor_at(told), record, entry)


@dataclass(frozen=True, slots=True)
class QueueInterest:
    topic: str
    concerns: Callable[[str], bool]

    def published_in(self, change: Change, tenant: str) -> Published:
        return Published(queues=tuple(sorted(queues_in(change, tenant))))

    def news_in(self, published: Published, cursor_at: CursorAt) -> Iterable[QueueNews]:
        concerned = [group for group in published.queues if self.concerns(group)]
        return (QueueNews(cursor_at(Told(is_last=group is concerned[-1])), group) for group in concerned)


@dataclass(frozen=True, slots=True)
class AgentInterest:
    topic: str
    concerns: Callable[[str], bool]

    def published_in(self, change: Change, tenant: str) -> Published:
        return Published(agent=agent_told_in(change, tenant))

    def news_in(self, published: Published, cursor_at: CursorAt) -> Iterable[AgentNews]:
        if published.agent is not None and self.concerns(published.agent):
            yield AgentNews(cursor_at(Told(is_last=True)), published.agent)
