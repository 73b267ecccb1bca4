"""Who arrives is declined exactly while the desk is closed: held after every commit, against the hours that stood then."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kefu.domain.decision import Decision, DispatchReason, DispatchRule, DispatchTrigger
from kefu.domain.directory import Directory
from kefu.domain.instants import SECOND, Instant
from kefu.domain.route import resolve_group
from kefu.domain.session import Session
from kefu.domain.working_hours import is_open
from kefu.records import directories, keys
from kefu.records.sessions import LOG_RECORDS, LoadedSession
from kefu.store.port import Put, Write
from kefu.testing.laws import LawBroken

_ARRIVALS = frozenset({DispatchTrigger.MESSAGE, DispatchTrigger.HUMAN_REQUESTED, DispatchTrigger.MESSAGE_LEFT})
_SETTINGS, _GROUPS = keys.settings("").sort, keys.group("", "").sort
_READ_WITHIN_MS = 10 * SECOND
"""A decision bears the time it was begun at; the hours it goes by were read at most so long before or after."""


@dataclass(slots=True)
class HoursWatch:
    versions: list[tuple[Instant, Directory]] = field(default_factory=lambda: [(0, Directory())])
    """Since when the directory stood as it did."""

    def hold(self, writes: Sequence[Write], sessions: dict[str, LoadedSession], now: Instant) -> None:
        """Raises `LawBroken`."""
        for write in (each for each in writes if isinstance(each, Put)):
            self._learn(write, now)
            if self._has_hours and write.key.sort.startswith(keys.LOG[0]):
                record = LOG_RECORDS.decode(write.record.value)
                for decision in (entry.decision for entry in record.entries if entry.decision):
                    self._hold_one(sessions[record.ref.id].value.session, decision)

    @property
    def _has_hours(self) -> bool:
        return any(
            each.settings.working_hours or any(group.working_hours for group in each.groups.values())
            for _, each in self.versions
        )

    def _learn(self, write: Put, now: Instant) -> None:
        known = self.versions[-1][1]
        if write.key.sort == _SETTINGS:
            self.versions.append((now, replace(known, settings=directories.decode_settings(write.record.value))))
        elif write.key.sort.startswith(_GROUPS):
            group = directories.decode_group(write.record.value)
            self.versions.append((now, replace(known, groups={**known.groups, group.id: group})))

    def _hold_one(self, session: Session, decision: Decision) -> None:
        if decision.trigger not in _ARRIVALS or session.keys.agent_username:
            return
        found = {_is_open(each, session, decision) for each in self._in_force(decision.decided_at)}
        is_declined = (DispatchRule.HOURS, DispatchReason.OUTSIDE_HOURS) in [
            (step.rule, step.reason) for step in decision.steps
        ]
        if found == {is_declined}:
            raise LawBroken(
                "hours", f"{session.id} got {decision.outcome} while the desk was {'open' if is_declined else 'closed'}"
            )

    def _in_force(self, at: Instant) -> list[Directory]:
        ends = [since for since, _ in self.versions[1:]]
        known = zip(self.versions, [*ends, at], strict=True)
        return [
            directory
            for (since, directory), end in known
            if at - _READ_WITHIN_MS <= end and since <= at + _READ_WITHIN_MS
        ]


def _is_open(directory: Directory, session: Session, decision: Decision) -> bool:
    group = resolve_group(directory, session.keys, session.channel).group
    return is_open(group.working_hours or directory.settings.working_hours, decision.decided_at)
