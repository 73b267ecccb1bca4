"""A small shop to route in: names what matters, hides the rest, and holds the laws after every step."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from kefu.desk.bindings import BindingName, create_binding, delete_binding
from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import Closed, close_session
from kefu.desk.desk import Desk
from kefu.desk.directory import GroupChange, save_group, save_rule, save_source
from kefu.desk.ingest_message import IncomingMessage, Ingested, ingest_message
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.tenant_settings import update_settings
from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.channel import Channel
from kefu.domain.decision import Decision, DispatchReason
from kefu.domain.directory import BusinessSource, Precedence, RoutingRule
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.message import MessageType
from kefu.domain.session import Session
from kefu.domain.session_ref import SessionRef
from kefu.records import agents, sessions
from kefu.store.memory import MemoryStore
from kefu.store.port import Store
from kefu.testing.clocks import ManualClock
from kefu.testing.laws import check_laws

TENANT = "20080"
PARTNER = Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm")
ONLINE, BUSY, AWAY, HIDDEN, OFFLINE = AgentStatus

R = TypeVar("R")


def weichat(**keys: object) -> dict[str, object]:
    tags = keys.pop("tags", None)
    visitor = {"visitor": {"tags": tags}} if tags is not None else {}
    return {"weichat": {**keys, **visitor}}


@dataclass(slots=True)
class Shop:
    clock: ManualClock = field(default_factory=ManualClock)
    desk: Desk = field(init=False)
    store: Store | None = None
    under_way: int = 0
    lowered: set[str] = field(default_factory=set)
    groups: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        store = self.store or MemoryStore(self.clock.now)
        self.desk = Desk(store=store, clock=self.clock, random=Random(7))

    async def step(self, happening: Awaitable[R]) -> R:
        """One thing happens, a millisecond later than the last; then every law must hold.

        Of things that happen at once it is the last to end that checks: a ledger is read of a store at rest.
        """
        self.clock.advance(1)
        self.under_way += 1
        try:
            return await happening
        finally:
            self.under_way -= 1
            if not self.under_way:
                await self.check()

    async def check(self) -> None:
        await check_laws(self.desk.store, TENANT, self.clock.now(), lowered=self.lowered)

    async def group(self, name: str) -> str:
        saved = await self.step(save_group(self.desk, self.call(), GroupChange(name=name)))
        self.groups[name] = saved.name
        return saved.name

    async def agent(self, name: str, *groups: str, status: AgentStatus = ONLINE, max_sessions: int = 1) -> None:
        ids = tuple(self.groups[group] for group in groups)
        change = AgentChange(user_name=name, groups=ids, max_sessions=max_sessions)
        await self.step(save_agent(self.desk, self.call(), change))
        await self.turn(name, status)

    async def turn(self, name: str, status: AgentStatus) -> None:
        await self.step(set_agent_status(self.desk, self.call(), name, status))

    async def bind(self, flag: str, visitor: str, agent: str, *, lasts: int | None = None) -> None:
        name = BindingName(business_flag=flag, visitor=visitor)
        until = None if lasts is None else self.clock.now() + lasts
        await self.step(create_binding(self.desk, self.call(), name, agent, until))

    async def unbind(self, flag: str, visitor: str) -> None:
        await self.step(delete_binding(self.desk, self.call(), BindingName(business_flag=flag, visitor=visitor)))

    async def rule(self, flag: str, group: str) -> None:
        rule = RoutingRule(routing_rule_flag=flag, skill_group=self.groups[group])
        await self.step(save_rule(self.desk, self.call(), rule))

    async def source(self, precedence: Precedence, *, flag: str | None = None, channel: Channel | None = None) -> None:
        source = BusinessSource(business_flag=flag, channel=channel, precedence=precedence)
        await self.step(save_source(self.desk, self.call(), source))

    async def settings(self, **changed: object) -> None:
        from dataclasses import replace  # noqa: PLC0415  the name is a field's elsewhere here

        await self.step(update_settings(self.desk, self.call(), lambda known: replace(known, **changed)))  # type: ignore[arg-type]

    async def write(self, visitor: str, **keys: object) -> SessionRef:
        """The visitor writes; keys go into `ext.weichat`."""
        return (await self.ingest(visitor, ext=weichat(**keys) if keys else None)).session

    async def ingest(
        self,
        visitor: str,
        text: str = "hello",
        ext: dict[str, object] | None = None,
        *,
        channel: Channel = Channel.APP,
        type_: MessageType = MessageType.TEXT,
        payload: dict[str, object] | None = None,
        client_message_id: str | None = None,
    ) -> Ingested:
        message = IncomingMessage(
            visitor=visitor,
            channel=channel,
            type=type_,
            text=text,
            payload=payload,
            ext=ext,
            client_message_id=client_message_id,
        )
        return await self.step(ingest_message(self.desk, self.call(), message))

    async def close(self, ref: SessionRef) -> Closed:
        return await self.step(close_session(self.desk, self.call(), ref))

    async def session(self, ref: SessionRef) -> Session:
        [loaded] = await sessions.load(self.desk.store, TENANT, [ref])
        assert loaded is not None
        return loaded.value.session

    async def agent_now(self, name: str) -> Agent:
        loaded = await agents.load_one(self.desk.store, TENANT, name)
        assert loaded is not None
        return loaded.value

    async def where(self, ref: SessionRef) -> str:
        """Where a session is, in a word: 'with a', 'waits for a', 'queued in 售前', 'CLOSED'."""
        session = await self.session(ref)
        names = {group: name for name, group in self.groups.items()}
        if session.directed_to:
            return f"waits for {session.directed_to}"
        if session.line:
            return f"queued in {names.get(session.line.owner, session.line.owner)}"
        return f"with {session.agent}" if session.is_open and session.agent else session.state.value

    async def log(self, ref: SessionRef) -> list[LogEntry]:
        entries, _ = await sessions.log_after(self.desk.store, TENANT, ref.id, 0, 100)
        return entries

    async def kinds(self, ref: SessionRef) -> list[EventKind]:
        return [entry.kind for entry in await self.log(ref)]

    async def decision(self, ref: SessionRef) -> Decision:
        decisions = [entry.decision for entry in await self.log(ref) if entry.decision]
        return decisions[-1]

    async def reasons(self, ref: SessionRef) -> list[DispatchReason]:
        return [step.reason for step in (await self.decision(ref)).steps]

    def call(self, by: Caller = PARTNER) -> Call:
        return Call(by=by)
