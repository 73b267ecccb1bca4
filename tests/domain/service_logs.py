"""Logs as the desk writes them, entry by entry: by hand, and by dice."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from kefu.domain.channel import Channel
from kefu.domain.decision import Decision, DirectedBy, DispatchOutcome, DispatchTrigger
from kefu.domain.instants import Instant
from kefu.domain.line import Line, agent_line, group_line
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.log_writer import LogWriter
from kefu.domain.routing_keys import NO_KEYS
from kefu.domain.service_course import Course
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef

CHANNELS = (Channel.APP, Channel.WEB)
GROUPS = ("G", "H")
AGENTS = ("a", "b")


def decision(
    *, agent: str | None = None, group: str | None = None, line: Line | None = None, at: Instant = 0
) -> Decision:
    directed = line is not None and line.owner in AGENTS
    outcome = DispatchOutcome.QUEUE if line else DispatchOutcome.ASSIGN
    return Decision(
        outcome=DispatchOutcome.WAIT_FOR_AGENT if directed else outcome,
        agent=agent,
        skill_group=group,
        line=line,
        directed_by=DirectedBy.BOUND if directed else None,
        trigger=DispatchTrigger.MESSAGE,
        decided_at=at,
        steps=(),
    )


@dataclass
class Visit:
    """A session in the making; seconds are counted from its begin."""

    begun_at: Instant = 0
    channel: Channel = Channel.APP
    number: int = 1
    writer: LogWriter = field(init=False)

    def __post_init__(self) -> None:
        self.writer = LogWriter(self.begun_at)
        self.writer.begin(SessionRef(visitor="V", channel=self.channel, ordinal=1, id=str(self.number)), NO_KEYS)

    @property
    def log(self) -> list[LogEntry]:
        return self.writer.entries

    @property
    def course(self) -> Course:
        course = Course(self.channel)
        for entry in self.log:
            course.add(entry)
        return course

    def at(self, second: int) -> "Visit":
        self.writer.now = self.begun_at + 1_000 * second
        return self

    def asks(self, agent: str | None = None, group: str | None = "G") -> "Visit":
        """For a human: gets `agent`, or waits in the group's queue."""
        self.writer.dispatched(NO_KEYS, self._to(agent, group))
        return self

    def asks_for(self, agent: str, group: str | None = "G") -> "Visit":
        """For a human, and waits for this one alone."""
        self.writer.dispatched(NO_KEYS, decision(agent=agent, group=group, line=agent_line(agent)))
        return self

    def is_turned_away(self) -> "Visit":
        """Asks for a human where nobody is to be had: outside working hours, say."""
        nowhere = replace(decision(at=self.writer.now), outcome=DispatchOutcome.DECLINE)
        self.writer.dispatched(NO_KEYS, nowhere)
        return self.ends()

    def is_passed_on(self, full: str, group: str, agent: str | None = None) -> "Visit":
        """Asks for a human in a group whose queue is full; another takes over before he stood anywhere."""
        self.writer.dispatched(NO_KEYS, replace(self._to(agent, group), turned_away_from=full))
        return self

    def gets(self, agent: str) -> "Visit":
        self.writer.placed(decision(agent=agent, group=self.writer.session.skill_group))
        return self

    def overflows(self, group: str, agent: str | None = None) -> "Visit":
        self.writer.overflowed(self._to(agent, group))
        return self

    def goes_to(self, group: str, agent: str | None = None) -> "Visit":
        """Is transferred to a group, and to the agent of it who is free."""
        self.writer.transferred_to_group(self._to(agent, group))
        return self

    def goes_to_agent(self, agent: str, *, is_free: bool = True) -> "Visit":
        group = self.writer.session.skill_group
        line = None if is_free else agent_line(agent)
        self.writer.transferred_to_agent(decision(agent=agent, group=group, line=line))
        return self

    def ends(self, cause: EventKind = EventKind.AGENT_END) -> "Visit":
        self.writer.ended(cause)
        return self

    def _to(self, agent: str | None, group: str | None) -> Decision:
        return decision(agent=agent, group=group, line=None if agent else group_line(group or ""))


@st.composite
def visits(draw: st.DrawFn, number: int, span: int) -> Visit:
    """Whatever may happen to a session, at whatever times."""
    visit = Visit(draw(st.integers(0, span)) * 1_000, draw(st.sampled_from(CHANNELS)), number)
    second = 0
    for _ in range(draw(st.integers(0, 6))):
        if visit.writer.session.state is SessionState.CLOSED:
            break
        second += draw(st.sampled_from((0, 1, 19, 20, 21, 300, 1_800)))
        draw(_steps(visit.at(second)))()
    return visit


def _steps(visit: Visit) -> st.SearchStrategy[Callable[[], object]]:
    agent, group, state = st.sampled_from(AGENTS), st.sampled_from(GROUPS), visit.writer.session.state
    may_be = st.none() | agent
    own = st.sampled_from((*GROUPS, None))
    ends = [
        st.sampled_from(
            (EventKind.USER_END, EventKind.AGENT_END, EventKind.USER_TIMEOUT_END, EventKind.PENDING_AUTO_END)
        ).map(lambda cause: lambda: visit.ends(cause))
    ]
    asks = [
        st.tuples(may_be, group).map(lambda to: lambda: visit.asks(*to)),
        st.tuples(agent, own).map(lambda to: lambda: visit.asks_for(*to)),
        st.tuples(group, group, may_be).map(lambda to: lambda: visit.is_passed_on(*to)),
    ]
    gets = [agent.map(lambda to: lambda: visit.gets(to))]
    moves = [
        st.tuples(group, may_be).map(lambda to: lambda: visit.overflows(*to)),
        st.tuples(group, may_be).map(lambda to: lambda: visit.goes_to(*to)),
        st.tuples(agent, st.booleans()).map(lambda to: lambda: visit.goes_to_agent(to[0], is_free=to[1])),
    ]
    match state:
        case SessionState.BOT:
            return st.one_of(*asks, *asks, *ends, st.just(visit.is_turned_away))
        case SessionState.WAITING:
            return st.one_of(*gets, *moves, *ends)
        case _:
            return st.one_of(*moves, *ends)
