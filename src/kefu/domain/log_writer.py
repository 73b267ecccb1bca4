"""Writing the next entries of a session's log; each is applied as it is written, so none can be illegal."""

from dataclasses import field

from kefu.dataclass import dataclass
from kefu.domain.decision import Decision, DispatchOutcome
from kefu.domain.instants import Instant
from kefu.domain.line import Line, group_line
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.message import Message
from kefu.domain.routing_keys import RoutingKeys
from kefu.domain.session import Session, SessionState, apply
from kefu.domain.session_ref import SessionRef


@dataclass(slots=True)
class LogWriter:
    now: Instant
    before: Session | None = None
    entries: list[LogEntry] = field(default_factory=list)
    notice: Message | None = None
    """What the visitor is told, by the desk itself, as he joins a line."""
    _after: Session | None = None

    @property
    def session(self) -> Session:
        session = self._after or self.before
        assert session is not None  # noqa: S101  begin() comes first
        return session

    def begin(self, ref: SessionRef, keys: RoutingKeys, *, since: Instant | None = None) -> None:
        """`since` is the start time, where the visitor has asked before now."""
        at = self.now if since is None else since
        self._write(LogEntry(seq=1, kind=EventKind.SESSION_BEGIN, at=at, ref=ref, keys=keys))

    def visitor_message(self, message: Message, *, to_bot: bool, was_left: bool = False) -> None:
        kind = EventKind.BOT_USER_MESSAGE if to_bot else EventKind.USER_MESSAGE
        self._write(LogEntry(seq=self._next, kind=kind, at=self.now, message=message, was_left=was_left))

    def agent_message(self, message: Message) -> None:
        entry = LogEntry(
            seq=self._next, kind=EventKind.AGENT_MESSAGE, at=self.now, message=message, agent=message.agent
        )
        self._write(entry)

    def bot_message(self, message: Message, *, answers: int) -> None:
        entry = LogEntry(seq=self._next, kind=EventKind.BOT_MESSAGE, at=self.now, message=message, answers=answers)
        self._write(entry)

    def rating_invited(self) -> None:
        self._about_rating(EventKind.RATING_INVITED)

    def rated(self, stars: int) -> None:
        self._about_rating(EventKind.RATED, stars)

    def dispatched(self, keys: RoutingKeys, decision: Decision) -> None:
        """A human was asked for, and this was decided; nothing if the session stays with the bot."""
        if decision.outcome is DispatchOutcome.KEEP_IN_BOT:
            return
        self._write(LogEntry(seq=self._next, kind=EventKind.HUMAN_REQUESTED, at=self.now, keys=keys))
        if decision.turned_away_from:
            self._turned_away(decision, group_line(decision.turned_away_from))
        self.placed(decision)

    def placed(self, decision: Decision) -> None:
        """What the decision makes of the session: assigned, or waiting in a line."""
        if decision.outcome is DispatchOutcome.ASSIGN:
            self._decided(EventKind.ASSIGNED, decision)
        elif decision.line is not None:
            if not decision.is_anyone_online:
                self._write(
                    LogEntry(
                        seq=self._next,
                        kind=EventKind.NO_AGENT_ONLINE,
                        at=self.now,
                        skill_group=decision.skill_group,
                    )
                )
            self._decided(EventKind.QUEUED, decision)

    def overflowed(self, decision: Decision) -> None:
        """Out of the line it stands in, or out of the hands of an agent who vanished; then placed anew."""
        self._given_up(EventKind.OVERFLOWED, decision)
        self.placed(decision)

    def transferred_to_group(self, decision: Decision) -> None:
        self._given_up(EventKind.TRANSFERRED, decision)
        self.placed(decision)

    def transferred_to_agent(self, decision: Decision) -> None:
        """To a free agent in one entry; parked in a busy one's line in two."""
        if decision.outcome is not DispatchOutcome.ASSIGN:
            self.transferred_to_group(decision)
            return
        self._write(
            LogEntry(
                seq=self._next,
                kind=EventKind.TRANSFERRED,
                at=self.now,
                agent=decision.agent,
                from_agent=self._holder,
                skill_group=decision.skill_group,
                decision=decision,
            )
        )

    def declined(self, keys: RoutingKeys, decision: Decision, why: Message) -> None:
        """The visitor is told why, and that was it: no human was asked for, none is told of it."""
        self._write(LogEntry(seq=self._next, kind=EventKind.BOT_MESSAGE, at=self.now, message=why))
        group = decision.skill_group
        self._write(
            LogEntry(
                seq=self._next, kind=EventKind.DECLINED, at=self.now, keys=keys, skill_group=group, decision=decision
            )
        )
        self._write(LogEntry(seq=self._next, kind=EventKind.SESSION_END, at=self.now))

    def timeout_warned(self, cause: EventKind, message: Message | None) -> None:
        agent = self.session.agent
        entry = LogEntry(
            seq=self._next, kind=EventKind.TIMEOUT_WARNED, at=self.now, message=message, agent=agent, warns_of=cause
        )
        self._write(entry)

    def ended(self, cause: EventKind) -> None:
        agent = self.session.agent
        self._write(LogEntry(seq=self._next, kind=cause, at=self.now, agent=agent))
        self._write(LogEntry(seq=self._next, kind=EventKind.SESSION_END, at=self.now, agent=agent))

    def _about_rating(self, kind: EventKind, stars: int | None = None) -> None:
        session = self.session
        entry = LogEntry(
            seq=self._next,
            kind=kind,
            at=self.now,
            agent=session.agent,
            skill_group=session.skill_group,
            rating=stars,
        )
        self._write(entry)

    @property
    def _next(self) -> int:
        return self.session.last_seq + 1

    @property
    def _holder(self) -> str | None:
        return self.session.agent if self.session.state is SessionState.ACTIVE else None

    def _turned_away(self, decision: Decision, line: Line) -> None:
        """From a queue that is full, before it stood in it."""
        group = decision.skill_group
        entry = LogEntry(seq=self._next, kind=EventKind.OVERFLOWED, at=self.now, skill_group=group, line=line)
        self._write(entry)

    def _given_up(self, kind: EventKind, decision: Decision) -> None:
        self._write(
            LogEntry(
                seq=self._next,
                kind=kind,
                at=self.now,
                from_agent=self._holder,
                skill_group=decision.skill_group,
                line=self.session.line,
            )
        )

    def _decided(self, kind: EventKind, decision: Decision) -> None:
        self._write(
            LogEntry(
                seq=self._next,
                kind=kind,
                at=self.now,
                agent=decision.agent if kind is EventKind.ASSIGNED else None,
                skill_group=decision.skill_group,
                line=decision.line,
                decision=decision,
                message=self.notice if kind is EventKind.QUEUED else None,
            )
        )

    def _write(self, entry: LogEntry) -> None:
        self._after = apply(self._after or self.before, entry)
        self.entries.append(entry)
