"""Routing told a second time, as plainly as possible, from the routing design alone: lists, dicts and nothing of the desk.

One company with a bot on WEB, without a channel group or overflow chains; ranking LEAST_LOADED, `designated_offline_overflow` off.
A step happens at an instant of its own, and whatever follows from it has happened when the method returns.
"""

from dataclasses import dataclass, field

DEFAULT = "default"


class Refused(Exception):
    """The desk must decline this, and nothing may change."""


@dataclass(slots=True)
class Agent:
    name: str
    groups: list[str]
    room_for: int
    status: str = "OFFLINE"
    idle_since: int = 0
    holds: list["Session"] = field(default_factory=list)

    @property
    def is_free(self) -> bool:
        return self.status == "ONLINE" and len(self.holds) < self.room_for


@dataclass(slots=True, eq=False)
class Session:
    visitor: str
    started: int
    is_vip: bool = False
    flag: str | None = None
    explicit_group: str | None = None
    group: str | None = None
    """The group it belongs to; none while its visitor designated an agent."""
    directed_by: str = ""
    state: str = ""
    agent: str | None = None
    line: tuple[str, str] | None = None
    channel: str = "APP"
    was_served: bool = False
    rating: int | None = None


@dataclass(slots=True)
class Company:
    agents: dict[str, Agent] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    rules: dict[str, str] = field(default_factory=dict)
    routing_first: set[str] = field(default_factory=set)
    bindings: dict[tuple[str, str], str] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)

    # What happens

    def arrive(self, visitor: str, keys: dict[str, object], tags: object, now: int) -> Session:
        """The visitor writes; his open session if he has one, else a new one, placed."""
        for known in self.sessions:
            if (known.visitor, known.channel) == (visitor, "APP") and known.state != "CLOSED":
                return known
        session = Session(visitor, now, is_vip=_is_vip(tags), flag=_text(keys.get("businessFlag")))
        session.explicit_group = self._explicit_group(keys)
        self.sessions.append(session)
        designated = self.agents.get((_text(keys.get("agentUsername")) or "").lower())
        if designated:
            self._direct(session, designated, "designated", now)
            return session
        session.group = session.explicit_group or DEFAULT
        routed = session.explicit_group is not None and session.flag in self.routing_first
        bound = None if routed else self.agents.get(self.bindings.get((session.flag or "", visitor), ""))
        if bound and bound.status != "OFFLINE":
            self._direct(session, bound, "bound", now)
        else:
            self._queue(session, session.group, now)
        return session

    def talk(self, visitor: str, now: int, *, ends_the_bots_turn: bool) -> Session:
        """The visitor writes on the bot's channel, without keys; by this message a human is asked for, or not."""
        open_ones = [each for each in self.sessions if (each.visitor, each.channel) == (visitor, "WEB")]
        session = next((each for each in open_ones if each.state != "CLOSED"), None)
        if session is None:
            session = Session(visitor, now, state="BOT", channel="WEB")
            self.sessions.append(session)
        if ends_the_bots_turn:
            self.ask_for_a_human(session, now)
        return session

    def ask_for_a_human(self, session: Session, now: int) -> None:
        """Out of the bot's hands, which hold no slot, into the default group's line; a second time it is nothing."""
        if session.state == "BOT":
            session.group = DEFAULT
            self._queue(session, DEFAULT, now)

    def rate(self, session: Session, stars: int) -> None:
        if session.rating is not None or not session.was_served:
            raise Refused
        session.rating = stars

    def turn(self, name: str, status: str, now: int) -> None:
        agent = self.agents[name]
        if status == "ONLINE" and agent.status != "ONLINE":
            agent.idle_since = now
        agent.status = status
        self._serve(agent, now)
        if status == "OFFLINE":
            for session in self.line(("AGENT", name)):
                self._leave_if_agent_is_offline(session, now)

    def change_room(self, name: str, room_for: int, now: int) -> None:
        self.agents[name].room_for = room_for
        self._serve(self.agents[name], now)

    def close(self, session: Session, now: int) -> None:
        holder = self._release(session, now)
        session.state, session.line, session.directed_by = "CLOSED", None, ""
        if holder:
            self._serve(holder, now)

    def bind(self, flag: str, visitor: str, name: str) -> None:
        if (flag, visitor) in self.bindings or name.lower() not in self.agents:
            raise Refused
        self.bindings[flag, visitor] = name.lower()

    def unbind(self, flag: str, visitor: str, now: int) -> None:
        if self.bindings.pop((flag, visitor), None) is None:
            raise Refused
        for session in self.sessions:
            if (session.flag, session.visitor, session.directed_by) == (flag, visitor, "bound"):
                self._overflow(session, now)

    def transfer_to_group(self, session: Session, group: str, now: int) -> None:
        if session.state == "BOT" or session.line == ("GROUP", group):
            raise Refused
        holder = self._release(session, now)
        session.group = group
        self._queue(session, group, now, last=holder)
        if holder:
            self._serve(holder, now)

    def transfer_to_agent(self, session: Session, name: str, now: int, *, force: bool) -> None:
        target = self.agents.get(name.lower())
        if (
            session.state == "BOT"
            or target is None
            or session in target.holds
            or session.line == ("AGENT", target.name)
        ):
            raise Refused
        if not target.is_free and not force:
            raise Refused
        holder = self._release(session, now)
        if target.is_free:
            self._give(session, target, now)
        else:
            self._wait(session, ("AGENT", target.name), "transferred")
        if holder:
            self._serve(holder, now)  # the room he gained goes to who waits for him, before the session may come back
        self._leave_if_agent_is_offline(session, now)

    # What can be seen

    def line(self, line: tuple[str, str]) -> list[Session]:
        """Who waits there: VIP first, then the earliest start."""
        return sorted((each for each in self.sessions if each.line == line), key=lambda s: (not s.is_vip, s.started))

    def members(self, group: str) -> list[Agent]:
        return [agent for agent in self.agents.values() if group in (agent.groups or [DEFAULT])]

    # The procedure

    def _explicit_group(self, keys: dict[str, object]) -> str | None:
        rule = self.rules.get(_text(keys.get("routingRuleFlag")) or "")
        name = _text(keys.get("queueName"))
        return rule or (name if name in self.groups else None)

    def _direct(self, session: Session, agent: Agent, by: str, now: int) -> None:
        line = ("AGENT", agent.name)
        if agent.is_free and not self.line(line):
            self._give(session, agent, now)
        else:
            self._wait(session, line, by)

    def _queue(self, session: Session, group: str, now: int, *, last: Agent | None = None) -> None:
        """Joins the group's line, unless nobody waits there and somebody is free whom nobody else waits for."""
        line = ("GROUP", group)
        someone_waits = bool(self.line(line))
        free = sorted(
            (agent for agent in self.members(group) if agent.is_free),
            key=lambda agent: (agent is last, len(agent.holds), agent.idle_since, agent.name),
        )
        if free and not someone_waits and not self._waiting_for(free[0]):
            self._give(session, free[0], now)
            return
        self._wait(session, line, "")
        for agent in free:
            self._serve(agent, now)

    def _overflow(self, session: Session, now: int) -> None:
        """Out of an agent's line to its own group, start time kept."""
        session.line, session.directed_by = None, ""
        session.group = session.group or session.explicit_group or DEFAULT
        self._queue(session, session.group, now)

    def _leave_if_agent_is_offline(self, session: Session, now: int) -> None:
        """Designated sessions stay; the bound go, and those parked by a transfer with them."""
        leaves = session.directed_by in ("bound", "transferred")
        if leaves and session.line and self.agents[session.line[1]].status == "OFFLINE":
            self._overflow(session, now)

    def _serve(self, agent: Agent, now: int) -> None:
        """An agent with room takes: VIP before others, directed before groups, then the earliest start."""
        while agent.is_free and (waiting := self._waiting_for(agent)):
            session = min(waiting, key=lambda s: (not s.is_vip, s.line is not None and s.line[0] == "GROUP", s.started))
            if session.line and session.line[0] == "GROUP":
                session.group = session.line[1]
            self._give(session, agent, now)

    def _waiting_for(self, agent: Agent) -> list[Session]:
        lines = [("AGENT", agent.name), *(("GROUP", group) for group in agent.groups or [DEFAULT])]
        return [session for line in lines for session in self.line(line)]

    @staticmethod
    def _give(session: Session, agent: Agent, now: int) -> None:
        session.state, session.agent, session.line, session.directed_by = "ACTIVE", agent.name, None, ""
        session.was_served = True
        agent.holds.append(session)
        agent.idle_since = now

    @staticmethod
    def _wait(session: Session, line: tuple[str, str], by: str) -> None:
        session.state, session.agent, session.line, session.directed_by = "WAITING", None, line, by

    def _release(self, session: Session, now: int) -> Agent | None:
        holder = self.agents.get(session.agent or "")
        if holder is None or session not in holder.holds:
            return None
        holder.holds.remove(session)
        holder.idle_since = now
        return holder


def _text(value: object) -> str | None:
    """A key's value if it counts: one non-blank string, and a number is its text."""
    text = str(value) if isinstance(value, int) else value
    return text if isinstance(text, str) and text.strip() else None


def _is_vip(tags: object) -> bool:
    listed = tags if isinstance(tags, list) else [tags]
    return any(isinstance(tag, str) and tag.strip() for tag in listed)
