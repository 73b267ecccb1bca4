"""A tenant's ledger kept up commit by commit, so that the laws can be checked after every one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from kefu.domain.agent import Agent
from kefu.domain.directory import Directory
from kefu.domain.line import Line
from kefu.domain.log import EventKind, LogEntry
from kefu.records import agents, keys, sessions
from kefu.records.sessions import LOG_RECORDS, LoadedSession
from kefu.store.port import Check, Delete, Key, Put, Write
from kefu.testing.ledger import Ledger


@dataclass(slots=True)
class LiveLedger:
    tenant: str
    placed: dict[Key, Agent] = field(default_factory=dict)
    """Agents by where they lie."""
    sessions: dict[str, LoadedSession] = field(default_factory=dict)
    lines: dict[Line, dict[str, LoadedSession]] = field(default_factory=dict)
    logs: dict[str, list[LogEntry]] = field(default_factory=dict)
    commits: dict[str, int] = field(default_factory=dict)
    _touched: set[str] = field(default_factory=set)
    taken: list[tuple[Line, str]] = field(default_factory=list)
    """Places, by sort key, that the latest commit assigned to an agent out of a line."""

    def apply(self, writes: Sequence[Write]) -> None:
        """A commit that was applied."""
        self._touched.clear()
        left = [
            (keys.line_of(self.tenant, write.key.partition), write.key.sort)
            for write in writes
            if isinstance(write, Delete) and write.key.sort.startswith(keys.WAITING[0])
        ]
        assigned = {session for write in writes for session in self._apply(write)}
        self.taken = [(line, sort) for line, sort in left if sort.rpartition("#")[2] in assigned]

    def ledger(self) -> Ledger:
        return Ledger(
            directory=Directory(),
            agents={agent.login: agent for agent in self.placed.values()},
            sessions=self.sessions,
            lines={line: [entries[sort] for sort in sorted(entries)] for line, entries in self.lines.items()},
            logs=self.logs,
            commits=self.commits,
            touched=frozenset(self._touched),
        )

    def _apply(self, write: Write) -> list[str]:
        """Applies one write; returns the ids of sessions that were assigned because it was their turn."""
        if isinstance(write, Check):
            return []
        sort, partition = write.key.sort, write.key.partition
        value = write.record.value if isinstance(write, Put) else None
        if partition.startswith(keys.profile_partition(self.tenant, "")):
            self._apply_agent(write.key, value)
        elif sort.startswith(keys.WAITING[0]):
            self._apply_line(keys.line_of(self.tenant, partition), sort, value)
        elif sort.startswith("SESSION#") and value is not None:
            loaded = sessions.decode(value, version=_version_after(write))
            self.sessions[loaded.value.session.id] = loaded
            self._touched.add(loaded.value.session.id)
        elif sort.startswith(keys.LOG[0]) and value is not None:
            return self._apply_log(value)
        return []

    def _apply_agent(self, key: Key, value: str | None) -> None:
        if value is not None:
            self.placed[key] = agents.decode(value)
        else:
            self.placed.pop(key, None)

    def _apply_line(self, line: Line, sort: str, value: str | None) -> None:
        entries = self.lines.setdefault(line, {})
        if value is not None:
            entries[sort] = sessions.decode_entry(value)
        else:
            entries.pop(sort, None)

    def _apply_log(self, value: str) -> list[str]:
        record = LOG_RECORDS.decode(value)
        self.logs.setdefault(record.ref.id, []).extend(record.entries)
        self.commits[record.ref.id] = self.commits.get(record.ref.id, 0) + 1
        was_first_in_line = record.entries[0].kind is EventKind.ASSIGNED
        return [record.ref.id] if was_first_in_line else []


def _version_after(write: Write) -> int:
    return write.expect + 1 if isinstance(write.expect, int) else 1
