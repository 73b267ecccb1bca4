"""What one commit will write, gathered record by record.

An agent's held sessions and a line's entries follow from the sessions alone, here and nowhere else: no use
case can take a slot without a session, or a session without its slot.
"""

from dataclasses import field, replace
from typing import TYPE_CHECKING

from kefu.dataclass import dataclass
from kefu.desk.attempts import commit
from kefu.desk.desk import Desk
from kefu.domain.agent import Agent
from kefu.domain.binding_rules import Occasion, happened_in
from kefu.domain.directory import Ranking
from kefu.domain.instants import Instant
from kefu.domain.log import EventKind
from kefu.domain.log_writer import LogWriter
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.records import agents, keys, sessions
from kefu.records.agents import LoadedAgent
from kefu.records.sessions import LoadedSession, StoredSession
from kefu.store.port import Conflict, Write

if TYPE_CHECKING:
    from kefu.desk.automatic_binding import CarriedOut


@dataclass(slots=True)
class Changeset:
    tenant: str
    now: Instant
    ranking: Ranking
    _agents: dict[str, tuple[LoadedAgent, Agent]] = field(default_factory=dict)
    _writes: list[Write] = field(default_factory=list)
    _stepped: dict[SessionRef, Session] = field(default_factory=dict)
    _occasions: list[Occasion] = field(default_factory=list)

    def know(self, *loaded: LoadedAgent | None) -> None:
        """Agents as they were read, who may gain or lose sessions by this commit.

        Raises `Conflict` if one was read twice and changed between: what was decided on one copy may not be
        written over the other.
        """
        for each in loaded:
            if each is not None:
                known, _ = self._agents.setdefault(each.value.login, (each, each.value))
                if known.version != each.version:
                    raise Conflict([keys.seat(self.tenant, each.value.login)])

    def agent(self, login: str) -> Agent:
        """The agent as this commit will leave him.

        Raises `Conflict` if he was not there when he was read: whoever names him still was read before he left.
        """
        if login not in self._agents:
            raise Conflict([keys.seat(self.tenant, login)])
        return self._agents[login][1]

    def change(self, agent: Agent) -> None:
        loaded, _ = self._agents[agent.login]
        self._agents[agent.login] = (loaded, agent)

    def step(self, before: LoadedSession | None, writer: LogWriter, stored: StoredSession | None = None) -> None:
        """A session's next log entries, and all that follows from them.

        `stored` is the session with the message ids to remember; left out, those of `before` are kept.

        Raises `Conflict` if the session has a step here already: it was read in two places, and moved between.
        """
        after = writer.session
        if after.ref in self._stepped:
            raise Conflict([keys.session(self.tenant, after.ref)])
        self._stepped[after.ref] = after
        stored = stored or (replace(before.value, session=after) if before else StoredSession(session=after))
        self._writes.extend(sessions.writes(self.tenant, before, stored, writer.entries))
        self._occasions.extend(happened_in(before.value.session if before else None, after, writer.entries))
        held_by = _holder(before.value.session) if before else None
        is_taken_anew = any(entry.kind is EventKind.ASSIGNED for entry in writer.entries)
        if held_by != _holder(after) or is_taken_anew:
            self._move_slot(after, held_by, _holder(after))

    def add(self, *writes: Write) -> None:
        self._writes.extend(writes)

    def writes(self) -> list[Write]:
        changed = [(loaded, agent) for loaded, agent in self._agents.values() if agent is not loaded.value]
        return [
            *self._writes,
            *(agents.write(self.tenant, agent, loaded.version, self.ranking) for loaded, agent in changed),
        ]

    async def commit(self, desk: Desk) -> None:
        """With what the tenant's binding rules make of it. Raises what `commit` of one step does."""
        ruled = await self._by_rules(desk)
        await commit(desk, [*self.writes(), *(ruled.writes if ruled else ())])
        desk.last_seen.saw_sessions(self.tenant, self._stepped.values())
        desk.last_seen.saw_agents(self.tenant, [agent for _, agent in self._agents.values()], self.now)
        if ruled:
            await ruled.look(desk)

    async def _by_rules(self, desk: Desk) -> "CarriedOut | None":
        """Costs nothing where there are no rules: the step has read the directory."""
        if not self._occasions:
            return None
        directory = (await desk.directories.load(desk.store, self.tenant)).directory
        if not directory.binding_rules or not directory.settings.bindings_entitled:
            return None
        from kefu.desk.automatic_binding import carry_out  # noqa: PLC0415  it looks, and a look commits

        return await carry_out(desk, self.tenant, directory.binding_rules, self._occasions)

    def _move_slot(self, session: Session, releasing: str | None, taking: str | None) -> None:
        if releasing:
            self.change(self.agent(releasing).releasing(session.ref, self.now))
        if taking and not self.agent(taking).room:
            raise Conflict([keys.seat(self.tenant, taking)])
        if taking:
            self.change(self.agent(taking).taking(session.ref, self.now))


def _holder(session: Session) -> str | None:
    return session.agent if session.state is SessionState.ACTIVE else None
