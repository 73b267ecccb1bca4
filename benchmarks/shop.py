"""A shop of one team in ten skill groups, made and used by the use cases alone."""

from collections.abc import Awaitable
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from benchmarks.counting import OPERATION
from benchmarks.world import MAX_SESSIONS, TENANT
from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import Closed, close_session
from kefu.desk.desk import Desk
from kefu.desk.directory import GroupChange, save_group
from kefu.desk.ingest_message import IncomingMessage, Ingested, ingest_message
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.send_message import OutgoingMessage, Sent, send_message
from kefu.desk.set_agent_status import set_agent_status
from kefu.domain.agent import AgentStatus
from kefu.domain.session import Session
from kefu.domain.session_ref import SessionRef
from kefu.records import agents, sessions

T = TypeVar("T")

GROUPS = 10
STAFF = Call(by=Caller(tenant=TENANT, role=Role.PARTNER, user_name="shop"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Shop:
    """A desk, and what its visitors and agents do, each named for the count."""

    desk: Desk
    numbers: Random

    @classmethod
    async def opened(cls, desk: Desk, *, agents: int) -> "Shop":
        saved = [await save_group(desk, STAFF, GroupChange(name=f"group {number}")) for number in range(GROUPS)]
        groups = tuple(group.name for group in saved)
        for number in range(agents):
            login = agent_login(number)
            change = AgentChange(user_name=login, nickname=f"Agent {number}", groups=groups, max_sessions=MAX_SESSIONS)
            await save_agent(desk, STAFF, change)
            await set_agent_status(desk, STAFF, login, AgentStatus.ONLINE)
        return cls(desk=desk, numbers=Random(20_261_121))

    async def open(self, visitor: str) -> Ingested:
        group = f"group {self.numbers.randrange(GROUPS)}"
        message = self._message(visitor, ext={"weichat": {"queueName": group}})
        return await _as("open", ingest_message(self.desk, _visitor(visitor), message))

    async def write(self, visitor: str) -> Ingested:
        return await _as("message in", ingest_message(self.desk, _visitor(visitor), self._message(visitor)))

    async def answer(self, session: Session) -> Sent:
        outgoing = OutgoingMessage(
            session=session.ref, text="It left us this morning.", client_message_id=self._message_id()
        )
        return await _as("message out", send_message(self.desk, _agent(session.agent or ""), outgoing))

    async def oldest_of(self, login: str) -> Session | None:
        loaded = await _as("", agents.load_one(self.desk.store, TENANT, login))
        return await self.session(loaded.value.held[0]) if loaded and loaded.value.held else None

    async def close(self, session: Session) -> Closed:
        return await _as("close", close_session(self.desk, _agent(session.agent or ""), session.ref))

    async def turn(self, login: str, status: AgentStatus) -> None:
        await _as("status change", set_agent_status(self.desk, _agent(login), login, status))

    async def session(self, ref: SessionRef) -> Session:
        [loaded] = await _as("", sessions.load(self.desk.store, TENANT, [ref]))
        if loaded is None:
            raise LookupError(ref)
        return loaded.value.session

    def _message(self, visitor: str, ext: dict[str, object] | None = None) -> IncomingMessage:
        return IncomingMessage(
            visitor=visitor, text="Where is my order?", ext=ext, client_message_id=self._message_id()
        )

    def _message_id(self) -> str:
        return f"{self.numbers.getrandbits(64):016x}"


def agent_login(number: int) -> str:
    return f"agent-{number:02}@shop.example"


def _visitor(visitor: str) -> Call:
    return Call(by=Caller(tenant=TENANT, role=Role.VISITOR, user_name=visitor))


def _agent(login: str) -> Call:
    return Call(by=Caller(tenant=TENANT, role=Role.AGENT, user_name=login))


async def _as(operation: str, happening: Awaitable[T]) -> T:
    token = OPERATION.set(operation)
    try:
        return await happening
    finally:
        OPERATION.reset(token)
