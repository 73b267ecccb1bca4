"""The operations of the targets table, on the public functions of the desk, each measured once cold and once warm."""

import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, NamedTuple, TypeAlias

from benchmarks.counting import CountingTransport, Tally
from benchmarks.targets import TARGETS, Target
from benchmarks.world import OPENED_AT, RANKING, TENANT, World
from kefu.api.context import Context
from kefu.api.schema import build_schema
from kefu.desk.bindings import BindingName, create_binding, delete_binding
from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import Closed, close_session
from kefu.desk.desk import Desk
from kefu.desk.explain import explain_route
from kefu.desk.ingest_message import IncomingMessage, Ingested, ingest_message
from kefu.desk.set_agent_status import StatusSet, set_agent_status
from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.channel import Channel
from kefu.domain.decision import Decision, DispatchOutcome
from kefu.domain.instants import HOUR, SECOND
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.skill_group import SkillGroup
from kefu.records import agents, sessions
from kefu.store.dynamodb import DynamoStore
from kefu.store.dynamodb_transport import Transport
from kefu.testing.clocks import ManualClock

FLAG = "orders"
SCHEMA = build_schema()
PARTNER = Caller(tenant=TENANT, role=Role.PARTNER, user_name="shop")
MY_SESSIONS = "{ viewer { agent { sessions(first: 20) { nodes { id state startedAt visitor { userName } } } } } }"


class MeasuredSomethingElse(Exception):
    """The operation did not do what its row says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    target: Target
    cold: Tally
    warm: Tally


@dataclass(slots=True)
class Stage:
    """Where operations are set up, uncounted, and played, counted."""

    world: World
    table: str
    transport: Transport
    clock: ManualClock = field(default_factory=lambda: ManualClock(OPENED_AT + HOUR))
    random: Random = field(default_factory=lambda: Random(7))
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    behind: Desk = field(init=False)
    """The desk of another process: what it does warms nobody's caches."""

    def __post_init__(self) -> None:
        self.behind = self.desk(self.transport)

    def desk(self, transport: Transport) -> Desk:
        return Desk(store=DynamoStore(self.table, transport), clock=self.clock, random=self.random)

    def new_visitor(self) -> str:
        return f"visitor-{next(self._numbers):06}"

    def message(self, visitor: str, **named: object) -> IncomingMessage:
        return IncomingMessage(
            visitor=visitor,
            text="Good morning, where is my order?",
            ext={"weichat": named} if named else None,
            client_message_id=f"message-{next(self._numbers):06}",
        )

    async def agent(self, login: str) -> agents.LoadedAgent:
        loaded = await agents.load_one(self.behind.store, TENANT, login)
        if loaded is None:
            raise MeasuredSomethingElse(f"there is no {login}")
        return loaded

    async def session(self, ref: SessionRef) -> Session:
        [loaded] = await sessions.load(self.behind.store, TENANT, [ref])
        if loaded is None:
            raise MeasuredSomethingElse(f"there is no {ref}")
        return loaded.value.session

    async def rewrite(self, loaded: agents.LoadedAgent, agent: Agent) -> None:
        token = f"rewrite-{next(self._numbers)}-{self.table}"
        await self.behind.store.commit([agents.write(TENANT, agent, loaded.version, RANKING)], token=token)


class Play(NamedTuple):
    act: Callable[[Desk], Awaitable[Any]]
    is_right: Callable[[Any], Awaitable[bool]]
    """Whether what `act` returned and left behind is what the row says. Looked up uncounted."""


Prepare: TypeAlias = Callable[[Stage], Awaitable[Play]]


def by_visitor(visitor: str) -> Call:
    return Call(by=Caller(tenant=TENANT, role=Role.VISITOR, user_name=visitor))


def by_agent(login: str) -> Call:
    return Call(by=Caller(tenant=TENANT, role=Role.AGENT, user_name=login))


async def append(stage: Stage) -> Play:
    held = (await stage.agent(stage.world.holder)).value.held[0]
    message = stage.message(held.visitor)

    async def is_right(ingested: Ingested) -> bool:
        return ingested.session == held and not ingested.is_duplicate

    return Play(lambda desk: ingest_message(desk, by_visitor(held.visitor), message), is_right)


def opening(group: Callable[[World], SkillGroup], state: SessionState) -> Prepare:
    async def prepare(stage: Stage) -> Play:
        visitor = stage.new_visitor()
        message = stage.message(visitor, queueName=group(stage.world).name)

        async def is_right(ingested: Ingested) -> bool:
            return (await stage.session(ingested.session)).state is state

        return Play(lambda desk: ingest_message(desk, by_visitor(visitor), message), is_right)

    return prepare


async def wait_for_bound(stage: Stage) -> Play:
    visitor, bound = stage.new_visitor(), stage.world.bound
    await create_binding(stage.behind, Call(by=PARTNER), BindingName(business_flag=FLAG, visitor=visitor), bound)
    message = stage.message(visitor, businessFlag=FLAG, queueName=stage.world.hot_group.name)

    async def is_right(ingested: Ingested) -> bool:
        return (await stage.session(ingested.session)).directed_to == bound

    return Play(lambda desk: ingest_message(desk, by_visitor(visitor), message), is_right)


async def come_online(stage: Stage) -> Play:
    comer = stage.world.comer
    loaded = await stage.agent(comer)
    room_for_one = loaded.value.active_sessions + 1
    await stage.rewrite(loaded, replace(loaded.value, status=AgentStatus.BUSY, max_sessions=room_for_one))

    async def is_right(done: StatusSet) -> bool:
        return len(done.assigned) == 1

    return Play(lambda desk: set_agent_status(desk, by_agent(comer), comer, AgentStatus.ONLINE), is_right)


async def close(stage: Stage) -> Play:
    closer = stage.world.closer
    held = (await stage.agent(closer)).value.held[0]

    async def is_right(done: Closed) -> bool:
        return done.agent == closer and len(done.assigned) == 1

    return Play(lambda desk: close_session(desk, by_agent(closer), held), is_right)


async def bind(stage: Stage) -> Play:
    name = BindingName(business_flag=FLAG, visitor=stage.new_visitor())

    async def is_right(done: BindingName) -> bool:
        return done == name

    return Play(lambda desk: create_binding(desk, Call(by=PARTNER), name, stage.world.holder), is_right)


async def unbind(stage: Stage) -> Play:
    play = await bind(stage)
    name = await play.act(stage.behind)
    return Play(lambda desk: delete_binding(desk, Call(by=PARTNER), name), play.is_right)


async def my_sessions(stage: Stage) -> Play:
    """As the agent's own client asks for them, over the schema; what a request's token costs comes before."""
    full = stage.world.bound

    async def ask(desk: Desk) -> Any:
        caller = Caller(tenant=TENANT, role=Role.AGENT, user_name=full)
        context = Context(desk=desk, secret="", request_id="", caller=caller)
        return await SCHEMA.execute(MY_SESSIONS, context_value=context)

    async def is_right(result: Any) -> bool:
        held = (await stage.agent(full)).value.held
        return not result.errors and len(result.data["viewer"]["agent"]["sessions"]["nodes"]) == len(held)

    return Play(ask, is_right)


async def dry_run(stage: Stage) -> Play:
    ext = {"weichat": {"queueName": stage.world.calm_group.name}}
    visitor = stage.new_visitor()

    async def is_right(decision: Decision) -> bool:
        return decision.outcome is DispatchOutcome.ASSIGN

    return Play(lambda desk: explain_route(desk, PARTNER, visitor=visitor, channel=Channel.APP, ext=ext), is_right)


OPERATIONS: Mapping[str, Prepare] = {
    "message into an open session": append,
    "message opens a session, assigned": opening(lambda world: world.calm_group, SessionState.ACTIVE),
    "message opens a session, queued": opening(lambda world: world.hot_group, SessionState.WAITING),
    "bound agent full, waits for him": wait_for_bound,
    "agent ONLINE, takes one waiting": come_online,
    "agent closes, next one assigned": close,
    "binding create": bind,
    "binding delete": unbind,
    "my sessions": my_sessions,
    "route dry run": dry_run,
}


async def measure(stage: Stage, target: Target) -> Measured:
    """Cold is a new process's first operation, warm its second one, by the same agent."""
    counting = CountingTransport(stage.transport)
    desk = stage.desk(counting)
    cold = await _play(stage, target, desk, counting)
    return Measured(target=target, cold=cold, warm=await _play(stage, target, desk, counting))


async def measure_all(stage: Stage) -> list[Measured]:
    return [await measure(stage, target) for target in TARGETS]


async def _play(stage: Stage, target: Target, desk: Desk, counting: CountingTransport) -> Tally:
    stage.clock.advance(SECOND)
    play = await OPERATIONS[target.operation](stage)
    stage.clock.advance(SECOND)
    with counting.counting() as tally:
        result = await play.act(desk)
    if not await play.is_right(result):
        raise MeasuredSomethingElse(f"{target.operation} came out as {result}")
    return tally
