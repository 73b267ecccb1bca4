"""What a worker may ask of the desk, drawn by dice; as values, so that it can be written down and asked again."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeAlias

import msgspec

from kefu.desk.bindings import BindingName, create_binding, delete_binding
from kefu.desk.call import Call, Once
from kefu.desk.close_session import close_session
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.agent import AgentStatus
from kefu.domain.session_ref import SessionRef
from kefu.testing.contention.plan import FLAGS, GROUPS, Plan

PERIOD = 7
"""Requests of each worker in a rush, then as many in calm."""
STATUSES = (AgentStatus.ONLINE, AgentStatus.ONLINE, AgentStatus.ONLINE, AgentStatus.BUSY, AgentStatus.OFFLINE)


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the desk said: held against the logs at the end."""

    session: SessionRef | None = None
    seq: int | None = None
    """The log entry that a message became."""
    held_by: str | None = None
    """Login of the agent who gave the session up."""
    taken: tuple[SessionRef, ...] = ()
    by: str | None = None
    """Login of the agent who took them."""


class _Request(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    id: str
    """The client message id or idempotency key: the same at every repetition."""

    def call(self, plan: Plan) -> Call:
        once = Once(key=self.id, fingerprint=msgspec.json.encode(self).decode())
        return Call(by=plan.caller, once=once)


class Writes(_Request, frozen=True, kw_only=True):
    visitor: str
    keys: dict[str, object]

    async def ask(self, desk: Desk, plan: Plan) -> Result:
        ext = {"weichat": self.keys}
        message = IncomingMessage(visitor=self.visitor, text=f"text {self.id}", ext=ext, client_message_id=self.id)
        done = await ingest_message(desk, Call(by=plan.caller), message)
        return Result(session=done.session, seq=done.seq)


class Answers(_Request, frozen=True, kw_only=True):
    session: SessionRef

    async def ask(self, desk: Desk, plan: Plan) -> Result:
        message = OutgoingMessage(session=self.session, text=f"answer {self.id}", client_message_id=self.id)
        done = await send_message(desk, self.call(plan), message)
        return Result(session=done.session, seq=done.seq)


class Closes(_Request, frozen=True, kw_only=True):
    session: SessionRef

    async def ask(self, desk: Desk, plan: Plan) -> Result:
        done = await close_session(desk, self.call(plan), self.session)
        return Result(session=done.session, held_by=done.agent, taken=done.assigned, by=done.agent)


class Turns(_Request, frozen=True, kw_only=True):
    agent: str
    status: AgentStatus

    async def ask(self, desk: Desk, plan: Plan) -> Result:
        done = await set_agent_status(desk, self.call(plan), self.agent, self.status)
        return Result(taken=done.assigned, by=done.agent)


class Transfers(_Request, frozen=True, kw_only=True):
    session: SessionRef
    agent: str | None = None
    group: str | None = None
    force: bool = False

    async def ask(self, desk: Desk, plan: Plan) -> Result:
        target = TransferTarget(agent=self.agent, skill_group=self.group, force=self.force)
        done = await transfer_session(desk, self.call(plan), self.session, target)
        return Result(session=done.session, held_by=done.from_agent, taken=done.assigned, by=done.from_agent)


class Binds(_Request, frozen=True, kw_only=True):
    flag: str
    visitor: str
    agent: str

    async def ask(self, desk: Desk, plan: Plan) -> Result:
        name = BindingName(business_flag=self.flag, visitor=self.visitor)
        await create_binding(desk, self.call(plan), name, self.agent)
        return Result()


class Unbinds(_Request, frozen=True, kw_only=True):
    flag: str
    visitor: str

    async def ask(self, desk: Desk, plan: Plan) -> Result:
        await delete_binding(desk, self.call(plan), BindingName(business_flag=self.flag, visitor=self.visitor))
        return Result()


Request: TypeAlias = Writes | Answers | Closes | Turns | Transfers | Binds | Unbinds


def draw(random: Random, plan: Plan, groups: Sequence[str], known: Sequence[SessionRef], name: str) -> Request:
    """A worker's next request; `known` are sessions that are open as far as he heard.

    Rush and calm change: with long lines any event mends what another one left, with free agents nothing does.
    """
    number = int(name.rpartition("/")[2])
    mix = _CALM if number // PERIOD % 2 else _RUSH
    [kind] = random.choices(list(mix), list(mix.values()))
    return kind(random, plan, groups, known, name) if known else _writes(random, plan, groups, known, name)


_Draw: TypeAlias = Callable[[Random, Plan, Sequence[str], Sequence[SessionRef], str], Request]


def _writes(random: Random, plan: Plan, _groups: Sequence[str], _known: Sequence[SessionRef], name: str) -> Request:
    keys: dict[str, object] = {}
    if random.random() < 0.4:  # noqa: PLR2004  a mix in which every rule has its turn
        keys["businessFlag"] = random.choice(FLAGS)
    if random.random() < 0.8:  # noqa: PLR2004
        keys["queueName"] = random.choice((GROUPS[0], *GROUPS))
    if random.random() < 0.1:  # noqa: PLR2004
        keys["agentUsername"] = random.choice((*plan.agent_names(), "nobody"))
    if random.random() < 0.2:  # noqa: PLR2004
        keys["visitor"] = {"tags": ["vip"]}
    return Writes(id=name, visitor=random.choice(plan.visitors()), keys=keys)


def _answers(random: Random, _plan: Plan, _groups: Sequence[str], known: Sequence[SessionRef], name: str) -> Request:
    return Answers(id=name, session=random.choice(known))


def _closes(random: Random, _plan: Plan, _groups: Sequence[str], known: Sequence[SessionRef], name: str) -> Request:
    return Closes(id=name, session=random.choice(known))


def _turns(random: Random, plan: Plan, _groups: Sequence[str], _known: Sequence[SessionRef], name: str) -> Request:
    return Turns(id=name, agent=random.choice(plan.agent_names()), status=random.choice(STATUSES))


def _transfers(random: Random, plan: Plan, groups: Sequence[str], known: Sequence[SessionRef], name: str) -> Request:
    session = random.choice(known)
    if random.random() < 0.5:  # noqa: PLR2004
        return Transfers(id=name, session=session, group=random.choice(groups))
    agent, force = random.choice(plan.agent_names()), random.random() < 0.5  # noqa: PLR2004
    return Transfers(id=name, session=session, agent=agent, force=force)


def _binds(random: Random, plan: Plan, _groups: Sequence[str], _known: Sequence[SessionRef], name: str) -> Request:
    agent, visitor = random.choice(plan.agent_names()), random.choice(plan.visitors())
    return Binds(id=name, flag=random.choice(FLAGS), visitor=visitor, agent=agent)


def _unbinds(random: Random, plan: Plan, _groups: Sequence[str], _known: Sequence[SessionRef], name: str) -> Request:
    return Unbinds(id=name, flag=random.choice(FLAGS), visitor=random.choice(plan.visitors()))


_RUSH: dict[_Draw, float] = {
    _writes: 12, _answers: 2, _closes: 8, _turns: 5, _transfers: 3, _binds: 1, _unbinds: 1.5,
}  # fmt: skip
_CALM: dict[_Draw, float] = {**_RUSH, _writes: 9, _closes: 24}
