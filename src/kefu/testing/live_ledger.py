"""A tenant's ledger kept up commit by commit, so that the laws can be checked after every one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kefu.domain.agent import Agent
from kefu.domain.binding import Binding
from kefu.domain.binding_rules import BusinessEvent, ClosedTally
from kefu.domain.deadline import Deadline
from kefu.domain.decision import Decision
from kefu.domain.directory import Directory
from kefu.domain.line import Line
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.rating import Rating
from kefu.domain.session import Session
from kefu.domain.skill_group import SkillGroup
from kefu.records import agents, binding_rules, bindings, deadlines, directories, keys, ratings, sessions
from kefu.records.sessions import LOG_RECORDS, LoadedSession
from kefu.store.port import Check, Key, Put, Write
from kefu.testing.ledger import Fold, Ledger

NOBODY: Mapping[str, LoadedSession] = MappingProxyType({})


@dataclass(slots=True)
class LiveLedger:
    tenant: str
    placed: dict[Key, Agent] = field(default_factory=dict)
    """Agents by where they lie."""
    sessions: dict[str, LoadedSession] = field(default_factory=dict)
    lines: dict[Line, Mapping[str, LoadedSession]] = field(default_factory=dict)
    """In the order of each line. A line that changes is made anew, so that who has read it keeps what he saw."""
    logs: dict[str, list[LogEntry]] = field(default_factory=dict)
    commits: dict[str, int] = field(default_factory=dict)
    bindings: dict[tuple[str, str], Binding] = field(default_factory=dict)
    ratings: dict[str, Rating] = field(default_factory=dict)
    groups: dict[str, SkillGroup] = field(default_factory=dict)
    deadlines: dict[str, Deadline] = field(default_factory=dict)
    directory: Directory = field(default_factory=Directory)
    """Its settings alone."""
    tallies: dict[tuple[str, str], ClosedTally] = field(default_factory=dict)
    business_events: dict[str, BusinessEvent] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    """What the latest commit left out of a binding's history."""
    _folds: dict[str, Fold] = field(default_factory=dict)
    _touched: set[str] = field(default_factory=set)
    opened: dict[str, LoadedSession] = field(default_factory=dict)
    assigned: list[tuple[Session, Decision]] = field(default_factory=list)
    """Sessions that the latest commit gave to an agent, and why."""

    def apply(self, writes: Sequence[Write]) -> None:
        """A commit that was applied."""
        self._touched.clear()
        self.assigned.clear()
        self.forgotten.clear()
        for write in writes:
            self._apply(write)

    def ledger(self) -> Ledger:
        return Ledger(
            directory=replace(self.directory, groups=self.groups),
            agents=self.agents(),
            sessions=self.sessions,
            lines={line: list(entries.values()) for line, entries in self.lines.items()},
            logs=self.logs,
            commits=self.commits,
            bindings=self.bindings,
            ratings=self.ratings,
            deadlines=self.deadlines,
            tallies=self.tallies,
            business_events=self.business_events,
            forgotten=tuple(self.forgotten),
            touched=frozenset(self._touched),
            folds=self._folds,
        )

    def moving(self) -> Ledger:
        """Of the open sessions and those that the latest commit touched alone: what a long history can afford at each step."""
        moving = {**self.opened, **{session: self.sessions[session] for session in self._touched}}
        logs = {session: self.logs[session] for session in moving}
        return replace(self.ledger(), sessions=moving, logs=logs)

    @property
    def touched(self) -> frozenset[str]:
        """Ids of the sessions that the latest commit moved."""
        return frozenset(self._touched)

    def agents(self) -> dict[str, Agent]:
        return {agent.login: agent for agent in self.placed.values()}

    def _apply(self, write: Write) -> None:
        if isinstance(write, Check):
            return
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
            self._note_open(loaded)
        elif sort == keys.RATING and value is not None:
            rating = ratings.decode(value)
            self.ratings[rating.ref.id] = rating
        elif sort == keys.DEADLINE:
            self._apply_deadline(partition, value)
        elif sort.startswith(keys.LOG[0]) and value is not None:
            self._apply_log(value)
        elif value is None or not self._apply_of_bindings(sort, value):
            self._apply_directory(sort, value)

    def _note_open(self, loaded: LoadedSession) -> None:
        session = loaded.value.session
        if session.is_open:
            self.opened[session.id] = loaded
        else:
            self.opened.pop(session.id, None)

    def _apply_of_bindings(self, sort: str, value: str) -> bool:
        """Whether it was a binding, or what rules go by."""
        if sort.startswith(keys.BINDINGS[0]):
            binding = bindings.decode(value)
            self._compare(self.bindings.get((binding.business_flag, binding.visitor)), binding)
            self.bindings[binding.business_flag, binding.visitor] = binding
        elif sort.startswith(keys.TALLIES[0]):
            tally = binding_rules.decode_tally(value)
            self.tallies[tally.visitor, tally.agent] = tally
        elif sort.startswith(keys.BUSINESS_EVENTS[0]):
            event = binding_rules.decode_event(value)
            self.business_events[event.id] = event
        else:
            return False
        return True

    def _compare(self, before: Binding | None, after: Binding) -> None:
        """A history goes on where it was; only of a rule's prolongations in a row the latest is told."""
        last, made = before.history[-1] if before and before.history else None, after.history[-1]
        is_prolonged = last is not None and (last.act, last.agent, last.by) == (made.act, made.agent, made.by)
        if last is not None and last not in after.history and not is_prolonged:
            self.forgotten.append(f"{after.business_flag} of {after.visitor} has forgotten {last}")

    def _apply_agent(self, key: Key, value: str | None) -> None:
        if value is not None:
            self.placed[key] = agents.decode(value)
        else:
            self.placed.pop(key, None)

    def _apply_directory(self, sort: str, value: str | None) -> None:
        if sort.startswith(keys.GROUPS[0]):
            self._apply_group(sort, value)
        elif sort == keys.settings("").sort and value is not None:
            self.directory = Directory(settings=directories.decode_settings(value))

    def _apply_group(self, sort: str, value: str | None) -> None:
        group = directories.decode_group(value) if value is not None else None
        if group:
            self.groups[group.id] = group
        else:
            self.groups.pop(keys.unpart(sort.removeprefix(keys.GROUPS[0])), None)

    def _apply_line(self, line: Line, sort: str, value: str | None) -> None:
        entries = dict(self.lines.get(line, NOBODY))
        if value is not None:
            entries[sort] = sessions.decode_entry(value)
        else:
            entries.pop(sort, None)
        self.lines[line] = {each: entries[each] for each in sorted(entries)}

    def _apply_deadline(self, partition: str, value: str | None) -> None:
        session_id = keys.unpart(partition.removeprefix(keys.log_partition(self.tenant, "")))
        if value is not None:
            self.deadlines[session_id] = deadlines.decode(value)
        else:
            self.deadlines.pop(session_id, None)

    def _apply_log(self, value: str) -> None:
        record = LOG_RECORDS.decode(value)
        self.logs.setdefault(record.ref.id, []).extend(record.entries)
        self.commits[record.ref.id] = self.commits.get(record.ref.id, 0) + 1
        for entry in record.entries:
            if entry.kind is EventKind.ASSIGNED and entry.decision:
                self.assigned.append((self.sessions[record.ref.id].value.session, entry.decision))


def _version_after(write: Write) -> int:
    return write.expect + 1 if isinstance(write.expect, int) else 1
