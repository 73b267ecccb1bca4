"""What the journals tell, beside what the logs say: which commit wrote each log entry, and when at all it can have done so."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf

from kefu.domain.line import Line
from kefu.domain.log import ENDS, EventKind, LogEntry
from kefu.domain.session import Session
from kefu.records import keys
from kefu.testing.contention.journal import CONFLICT, DONE, THROTTLED, Answered, Asked, Begun, Ended, Entry, Seen
from kefu.testing.contention.requests import Request
from kefu.testing.ledger import Ledger

_LEAVING = frozenset({EventKind.ASSIGNED, EventKind.OVERFLOWED, EventKind.TRANSFERRED, *ENDS})
_NOT_LOST = frozenset({DONE, CONFLICT, THROTTLED})


@dataclass(slots=True)
class Commit:
    """One commit under one token, sent once or several times.

    It took effect between `begun` and `answered`: without end if no answer ever said that it was done.
    """

    first: Begun
    answered: float = inf
    is_unknown: bool = True
    """An answer was lost, or its process was killed: it may have been done."""

    @property
    def begun(self) -> int:
        return self.first.at

    @property
    def is_done(self) -> bool:
        return self.answered < inf

    def has_read(self, tenant: str, line: Line) -> int:
        """When its request last began to read the line: not before it was first asked."""
        return self.first.reads.get(keys.line_partition(tenant, line), self.first.since)


@dataclass(frozen=True, slots=True)
class Window:
    """In which a log entry was written."""

    begun: float
    answered: float
    commit: Commit | None
    """None: more than one may have written it, and nobody knows which."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A session's stay in a line."""

    session: Session
    joined: Window
    queued: LogEntry
    left: Window | None
    leaving: LogEntry | None


@dataclass(slots=True)
class History:
    tenant: str
    ledger: Ledger
    commits: list[Commit]
    requests: dict[tuple[int, int], Request]
    answers: list[Answered]
    seen: list[Seen]
    _writers: dict[tuple[str, int], list[Commit]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for commit in self.commits:
            for session, first, last in commit.first.logs:
                for seq in range(first, last + 1):
                    self._writers[session, seq].append(commit)

    def writers(self, session: str, seq: int) -> list[Commit]:
        """The commits that may have written an entry: the one that was answered, else all that may have been done."""
        found = self._writers.get((session, seq), [])
        done = [commit for commit in found if commit.is_done]
        return done or [commit for commit in found if commit.is_unknown]

    def window(self, session: str, seq: int) -> Window:
        found = self.writers(session, seq)
        if len(found) == 1:
            return Window(found[0].begun, found[0].answered, found[0])
        return Window(min((commit.begun for commit in found), default=-inf), inf, None)

    def sessions(self) -> Iterator[tuple[Session, list[LogEntry]]]:
        for session in self.ledger.each():
            yield session, self.ledger.logs[session.id]

    def stays(self) -> dict[Line, list[Stay]]:
        """By line."""
        found: dict[Line, list[Stay]] = defaultdict(list)
        for session, entries in self.sessions():
            for queued, leaving in _stays(entries):
                joined = self.window(session.id, queued.seq)
                left = self.window(session.id, leaving.seq) if leaving else None
                assert queued.line
                found[queued.line].append(Stay(session, joined, queued, left, leaving))
        return found

    def story(self, session_id: str) -> str:
        """A session's log in words, each entry with the window of its commit."""
        lines = [f"history of {session_id}: {self.ledger.sessions[session_id].value.session}"]
        for entry in self.ledger.logs[session_id]:
            window = self.window(session_id, entry.seq)
            first = window.commit.first if window.commit else None
            who = f"{first.kind} {first.worker}/{first.number} since {first.since}" if first else "?"
            lines.append(
                f"  {entry.seq} {entry.kind} agent={entry.agent} line={entry.line} "
                f"in [{window.begun}, {window.answered}] by {who} reads={first.reads if first else {}}"
            )
        return "\n".join(lines)


def history_of(tenant: str, ledger: Ledger, entries: Iterable[Entry]) -> History:
    commits: dict[str, Commit] = {}
    ends: dict[str, list[Ended]] = defaultdict(list)
    requests: dict[tuple[int, int], Request] = {}
    answers: list[Answered] = []
    seen: list[Seen] = []
    sent: dict[str, int] = defaultdict(int)
    for entry in entries:
        match entry:
            case Begun():
                commits.setdefault(entry.token, Commit(entry))
                sent[entry.token] += 1
            case Ended():
                ends[entry.token].append(entry)
            case Asked():
                requests[entry.worker, entry.number] = entry.request
            case Answered():
                answers.append(entry)
            case Seen():
                seen.append(entry)
            case _:
                pass
    for token, commit in commits.items():
        commit.answered = min((end.at for end in ends[token] if end.outcome == DONE), default=inf)
        was_killed = sent[token] > len(ends[token])
        commit.is_unknown = was_killed or any(end.outcome not in _NOT_LOST for end in ends[token])
    return History(tenant, ledger, list(commits.values()), requests, answers, seen)


def _stays(entries: Iterable[LogEntry]) -> Iterator[tuple[LogEntry, LogEntry | None]]:
    """Where a session joined a line, and where it left it."""
    queued: LogEntry | None = None
    for entry in entries:
        if queued and entry.kind in _LEAVING:
            yield queued, entry
            queued = None
        if entry.kind is EventKind.QUEUED:
            queued = entry
    if queued:
        yield queued, None
