"""What this process saw last: guesses for reading ahead. What follows from them is read or held by a commit.

Two things are believed, each with a bound: who was there half a minute ago may be bound to, as if the binding had
come then; and where a claim was lost a second ago, the next request spreads. How fast a line moved is told for as long.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import field
from typing import Generic, TypeVar

from kefu.dataclass import dataclass
from kefu.domain.agent import Agent
from kefu.domain.bounds import (
    AGENT_KNOWN_FOR_MS,
    CONTENDED_FOR_MS,
    LAST_SEEN_MAX,
    PACE_KNOWN_FOR_MS,
    VISITOR_NOTED_EVERY_MS,
)
from kefu.domain.channel import Channel
from kefu.domain.instants import Instant
from kefu.domain.line import Line
from kefu.domain.session import Session
from kefu.records.bindings import LoadedBinding

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Latest(Generic[K, V]):
    """The latest values, up to `LAST_SEEN_MAX`."""

    def __init__(self) -> None:
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > LAST_SEEN_MAX:
            self._values.popitem(last=False)

    def forget(self, key: K) -> None:
        self._values.pop(key, None)


class Pace:
    """How fast a line moved, from place to place; None where nothing can be said."""

    def __init__(self, ms: float | None, read_at: Instant) -> None:
        self.ms = ms
        self.read_at = read_at


@dataclass(slots=True)
class LastSeen:
    _sessions: _Latest[tuple[str, str, Channel], Session] = field(default_factory=_Latest)
    _agents: _Latest[tuple[str, str], Agent] = field(default_factory=_Latest)
    _there_at: _Latest[tuple[str, str], Instant] = field(default_factory=_Latest)
    _gone_at: _Latest[tuple[str, str], Instant] = field(default_factory=_Latest)
    _lost_at: _Latest[tuple[str, str], Instant] = field(default_factory=_Latest)
    _bindings: _Latest[tuple[str, str, str], LoadedBinding] = field(default_factory=_Latest)
    _visitors_noted_at: _Latest[tuple[str, str], Instant] = field(default_factory=_Latest)
    _paces: _Latest[tuple[str, Line], Pace] = field(default_factory=_Latest)

    def session(self, tenant: str, visitor: str, channel: Channel) -> Session | None:
        return self._sessions.get((tenant, visitor, channel))

    def agent(self, tenant: str, login: str) -> Agent | None:
        return self._agents.get((tenant, login))

    def was_there(self, tenant: str, login: str, now: Instant) -> bool:
        """Whether the agent was seen to exist a moment ago."""
        return now - (self._there_at.get((tenant, login)) or 0) < AGENT_KNOWN_FOR_MS

    def claims_lost(self, tenant: str, group: str, lost: int, now: Instant) -> int:
        """`lost` claims of this request; where it lost none, 1 if others lost one in this group a moment ago."""
        if lost:
            self._lost_at.put((tenant, group), now)
            return lost
        at = self._lost_at.get((tenant, group))
        return int(at is not None and now - at < CONTENDED_FOR_MS)

    def binding(self, tenant: str, flag: str, visitor: str) -> LoadedBinding | None:
        return self._bindings.get((tenant, flag, visitor))

    def saw_sessions(self, tenant: str, sessions: Iterable[Session]) -> None:
        for session in sessions:
            self._sessions.put((tenant, session.ref.visitor, session.ref.channel), session)

    def saw_agents(self, tenant: str, agents: Iterable[Agent], now: Instant) -> None:
        for agent in agents:
            self._agents.put((tenant, agent.login), agent)
            self.saw_agent_there(tenant, agent.login, now)

    def saw_agent_there(self, tenant: str, login: str, now: Instant) -> None:
        """Not believed for a while after he was deleted here: it may have been read before that."""
        gone_at = self._gone_at.get((tenant, login))
        if gone_at is None or now - gone_at >= AGENT_KNOWN_FOR_MS:
            self._there_at.put((tenant, login), now)

    def saw_agent_gone(self, tenant: str, login: str, now: Instant) -> None:
        self._gone_at.put((tenant, login), now)
        self._agents.forget((tenant, login))
        self._there_at.forget((tenant, login))

    def was_visitor_noted(self, tenant: str, visitor: str, now: Instant) -> bool:
        """Whether this process wrote down a moment ago that he is there."""
        return now - (self._visitors_noted_at.get((tenant, visitor)) or 0) < VISITOR_NOTED_EVERY_MS

    def pace(self, tenant: str, line: Line, now: Instant) -> Pace | None:
        """None if it was not read lately."""
        known = self._paces.get((tenant, line))
        return known if known and now - known.read_at < PACE_KNOWN_FOR_MS else None

    def saw_pace(self, tenant: str, line: Line, ms: float | None, now: Instant) -> None:
        self._paces.put((tenant, line), Pace(ms, now))

    def noted_visitor(self, tenant: str, visitor: str, now: Instant) -> None:
        self._visitors_noted_at.put((tenant, visitor), now)

    def saw_binding(self, tenant: str, binding: LoadedBinding) -> None:
        self._bindings.put((tenant, binding.value.business_flag, binding.value.visitor), binding)
