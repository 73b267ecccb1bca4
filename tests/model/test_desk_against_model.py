"""The desk against a plain model of the routing design: after every step both tell the same."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from plain_model import DEFAULT, Company, Refused
from plain_model import Agent as PlainAgent
from plain_model import Session as PlainSession
from shop import TENANT, Shop, weichat

from kefu.bots.port import BotFailed
from kefu.desk.bindings import BindingName, create_binding, delete_binding
from kefu.desk.close_session import close_session
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.ratings import submit_rating
from kefu.desk.request_human import request_human
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.sweep import sweep
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.agent import AgentStatus
from kefu.domain.bot import BotAnswer, BotQuestion, BotReply
from kefu.domain.channel import Channel
from kefu.domain.directory import ChannelSettings, Precedence
from kefu.domain.rating import RatingAnswers
from kefu.domain.refusals import Refusal
from kefu.domain.session_ref import SessionRef
from kefu.store.sqlite import SqliteStore
from kefu.testing.clocks import ManualClock
from kefu.testing.laws import check_laws
from kefu.testing.ledger import Ledger

VISITORS = [f"v{number}" for number in range(1, 10)]
AGENTS = {"a": ["G1"], "b": ["G1", "售前"], "c": [], "d": ["售前"], "e": ["G1"]}
FLAGS = ["F", "routing first"]
ABSENT: Any = None
STATUSES = ["ONLINE", "ONLINE", "ONLINE", "BUSY", "AWAY", "HIDDEN", "OFFLINE", "OFFLINE"]

visitors = st.sampled_from(VISITORS)
agents = st.sampled_from(list(AGENTS))
which = st.integers(0, 99)
routing_keys = st.fixed_dictionaries(
    {},
    optional={
        "queueName": st.sampled_from(["G1", "G1", "售前", "售前", "g1", "售前 ", " ", "nowhere", 7, ["G1"]]),
        "businessFlag": st.sampled_from([*FLAGS, *FLAGS, " F", "f", "unbound", "", 5]),
        "agentUsername": st.sampled_from(["a", "B", "c", "nobody@x.com", "", ["a"]]),
        "routingRuleFlag": st.sampled_from(["R", "unmapped"]),
    },
)
bound_keys = st.fixed_dictionaries(
    {"businessFlag": st.sampled_from(FLAGS)}, optional={"queueName": st.sampled_from(["G1", "售前"])}
)
all_tags = st.sampled_from([ABSENT, ABSENT, ABSENT, "gold", ["vip"], [" ", "x"], [], "", ["  "]])


@dataclass(slots=True)
class ReadShop(Shop):
    """Keeps what the laws were held against, so that it is read once a step."""

    ledger: Ledger | None = None

    async def check(self) -> None:
        self.ledger = await check_laws(self.desk.store, TENANT, self.clock.now(), lowered=self.lowered)


class ObedientBot:
    """Hands over, or breaks, if it is told to."""

    async def answer(self, question: BotQuestion) -> BotAnswer:
        if question.message.text == "break":
            raise BotFailed("as told")
        return BotAnswer(replies=(BotReply(text="hm"),), hands_over=question.message.text == "hand over")


class DeskBesideModel(RuleBasedStateMachine):
    on_disk = False

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = TemporaryDirectory()
        self.clock = ManualClock()
        self.sqlite: SqliteStore | None = None
        if self.on_disk:
            path = Path(self.folder.name) / "kefu.db"
            self.sqlite = self.loop.run_until_complete(SqliteStore.open(path, self.clock.now))
        self.shop = ReadShop(clock=self.clock, store=self.sqlite)
        self.shop.desk = replace(self.shop.desk, built_in_bot=ObedientBot())
        self.model = Company()
        self.refs = dict[PlainSession, SessionRef]()

    def teardown(self) -> None:
        if self.sqlite:
            self.loop.run_until_complete(self.sqlite.close())
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()

    @initialize(rooms=st.lists(st.sampled_from([1, 1, 2, 3]), min_size=len(AGENTS), max_size=len(AGENTS)))
    def open(self, rooms: list[int]) -> None:
        self.loop.run_until_complete(self._open(rooms))

    async def _open(self, rooms: list[int]) -> None:
        self.model.groups = ["G1", "售前"]
        for group in self.model.groups:
            await self.shop.group(group)
        for (name, groups), room_for in zip(AGENTS.items(), rooms, strict=True):
            self.model.agents[name] = PlainAgent(name, groups, room_for)
            await self.shop.agent(name, *groups, max_sessions=room_for)
            self.model.turn(name, "ONLINE", self.clock.now())
        await self.shop.rule("R", "售前")
        self.model.rules["R"] = "售前"
        await self.shop.source(Precedence.ROUTING_FIRST, flag="routing first")
        self.model.routing_first.add("routing first")
        await self.shop.settings(channels=(ChannelSettings(channel=Channel.WEB, has_bot=True),))

    @rule(visitor=visitors, keys=routing_keys, tags=all_tags)
    def a_visitor_writes(self, visitor: str, keys: dict[str, object], tags: object) -> None:
        known = self.model.arrive(visitor, keys, tags, self.soon)
        message = IncomingMessage(visitor=visitor, text="hello", ext=weichat(**keys, tags=tags))
        written = self._happens(ingest_message(self.shop.desk, self.shop.call(), message))
        assert self.refs.setdefault(known, written.session) == written.session
        self._compare()

    @rule(visitor=visitors, keys=bound_keys, tags=all_tags, agent=agents)
    def a_bound_visitor_writes(self, visitor: str, keys: dict[str, object], tags: object, agent: str) -> None:
        if (str(keys["businessFlag"]), visitor) not in self.model.bindings:
            self.bind(str(keys["businessFlag"]), visitor, agent)
        self.a_visitor_writes(visitor, keys, tags)

    @rule(visitor=visitors, text=st.sampled_from(["hello", "hello", "转人工", "hand over", "break"]))
    def a_visitor_writes_to_the_bot(self, visitor: str, text: str) -> None:
        known = self.model.talk(visitor, self.soon, ends_the_bots_turn=text != "hello")
        message = IncomingMessage(visitor=visitor, channel=Channel.WEB, text=text)
        written = self._happens(ingest_message(self.shop.desk, self.shop.call(), message))
        assert self.refs.setdefault(known, written.session) == written.session
        self._compare()

    @precondition(lambda self: self.open_sessions)
    @rule(pick=which)
    def a_human_is_asked_for(self, pick: int) -> None:
        session = self.open_sessions[pick % len(self.open_sessions)]
        self.model.ask_for_a_human(session, self.soon)
        self._happens(request_human(self.shop.desk, self.shop.call(), self.refs[session]))
        self._compare()

    @precondition(lambda self: self.model.sessions)
    @rule(pick=which, stars=st.integers(1, 5))
    def a_visitor_rates(self, pick: int, stars: int) -> None:
        session = self.model.sessions[pick % len(self.model.sessions)]
        answers = RatingAnswers(stars=stars)
        happening = submit_rating(self.shop.desk, self.shop.call(), self.refs[session], answers)
        try:
            self.model.rate(session, stars)
        except Refused:
            self._is_refused(happening)
        else:
            self._happens(happening)
        self._compare()

    @rule(agent=agents, status=st.sampled_from(STATUSES))
    def an_agent_turns(self, agent: str, status: str) -> None:
        self.model.turn(agent, status, self.soon)
        self._happens(set_agent_status(self.shop.desk, self.shop.call(), agent, AgentStatus(status)))
        self._compare()

    @rule(agent=agents, room_for=st.integers(0, 4))
    def an_agent_gets_another_maximum(self, agent: str, room_for: int) -> None:
        self.model.change_room(agent, room_for, self.soon)
        change = AgentChange(user_name=agent, max_sessions=room_for)
        self._happens(save_agent(self.shop.desk, self.shop.call(), change))
        self._compare()

    @rule(flag=st.sampled_from(FLAGS), visitor=visitors, agent=st.sampled_from([*AGENTS, "A", "nobody"]))
    def bind(self, flag: str, visitor: str, agent: str) -> None:
        name = BindingName(business_flag=flag, visitor=visitor)
        happening = create_binding(self.shop.desk, self.shop.call(), name, agent)
        try:
            self.model.bind(flag, visitor, agent)
        except Refused:
            self._is_refused(happening)
        else:
            self._happens(happening)
        self._compare()

    @precondition(lambda self: self.model.bindings)
    @rule(pick=which)
    def unbind(self, pick: int) -> None:
        bound = list(self.model.bindings)
        flag, visitor = bound[pick % len(bound)]
        self.model.unbind(flag, visitor, self.soon)
        name = BindingName(business_flag=flag, visitor=visitor)
        self._happens(delete_binding(self.shop.desk, self.shop.call(), name))
        self._compare()

    @precondition(lambda self: self.open_sessions)
    @rule(pick=which)
    def close(self, pick: int) -> None:
        session = self.open_sessions[pick % len(self.open_sessions)]
        self.model.close(session, self.soon)
        self._happens(close_session(self.shop.desk, self.shop.call(), self.refs[session]))
        self._compare()

    @precondition(lambda self: self.open_sessions)
    @rule(pick=which, group=st.sampled_from(["G1", "售前", DEFAULT]))
    def transfer_to_a_group(self, pick: int, group: str) -> None:
        session = self.open_sessions[pick % len(self.open_sessions)]
        target = TransferTarget(skill_group=self.shop.groups.get(group, DEFAULT))
        happening = transfer_session(self.shop.desk, self.shop.call(), self.refs[session], target)
        try:
            self.model.transfer_to_group(session, group, self.soon)
        except Refused:
            self._is_refused(happening)
        else:
            self._happens(happening)
        self._compare()

    @precondition(lambda self: self.open_sessions)
    @rule(pick=which, agent=st.sampled_from([*AGENTS, "B", "nobody"]), force=st.booleans())
    def transfer_to_an_agent(self, pick: int, agent: str, force: bool) -> None:  # noqa: FBT001  hypothesis names what it gives
        session = self.open_sessions[pick % len(self.open_sessions)]
        target = TransferTarget(agent=agent, force=force)
        happening = transfer_session(self.shop.desk, self.shop.call(), self.refs[session], target)
        try:
            self.model.transfer_to_agent(session, agent, self.soon, force=force)
        except Refused:
            self._is_refused(happening)
        else:
            self._happens(happening)
        self._compare()

    @precondition(lambda self: self.parked_at and self.active_sessions)
    @rule(pick=which)
    def park_at_an_offline_agent(self, pick: int) -> None:
        session = self.active_sessions[pick % len(self.active_sessions)]
        index = self.open_sessions.index(session)
        self.transfer_to_an_agent(index, self.parked_at[pick % len(self.parked_at)], force=True)

    @rule()
    def sweep_finds_nothing_to_do(self) -> None:
        self._happens(sweep(self.shop.desk, TENANT))
        self._compare()

    @property
    def soon(self) -> int:
        """When the next step happens."""
        return self.clock.now() + 1

    @property
    def open_sessions(self) -> list[PlainSession]:
        return [session for session in self.model.sessions if session.state != "CLOSED"]

    @property
    def active_sessions(self) -> list[PlainSession]:
        return [session for session in self.model.sessions if session.state == "ACTIVE"]

    @property
    def parked_at(self) -> list[str]:
        """Who is OFFLINE: a session parked in his line cannot stay."""
        return [name for name, agent in self.model.agents.items() if agent.status == "OFFLINE"]

    def _happens(self, happening: Awaitable[Any]) -> Any:
        held = {name: len(agent.holds) for name, agent in self.model.agents.items()}
        self.shop.lowered = {name for name, load in held.items() if load > self.model.agents[name].room_for}
        return self.loop.run_until_complete(self.shop.step(happening))

    def _is_refused(self, happening: Awaitable[Any]) -> None:
        try:
            self._happens(happening)
        except Refusal:
            return
        raise AssertionError("the desk did what the model refuses")

    def _compare(self) -> None:
        ledger = self.shop.ledger
        assert ledger is not None
        names = {group: name for name, group in self.shop.groups.items()}
        sessions = {loaded.value.session.id: loaded.value.session for loaded in ledger.sessions.values()}
        assert sessions.keys() == {ref.id for ref in self.refs.values()}
        for plain, ref in self.refs.items():
            session = sessions[ref.id]
            line = session.line and (session.line.kind.name, names.get(session.line.owner, session.line.owner))
            is_ = (session.state.value, session.agent, line, session.started_at, session.is_vip, session.rating)
            expected = (plain.state, plain.agent, plain.line, plain.started, plain.is_vip, plain.rating)
            assert is_ == expected, plain.visitor
        for at, entries in ledger.lines.items():
            kind, owner = at.kind.name, names.get(at.owner, at.owner)
            standing = [each.value.session.id for each in entries]
            assert standing == [self.refs[each].id for each in self.model.line((kind, owner))], (kind, owner)
        for name, agent in ledger.agents.items():
            plain_agent = self.model.agents[name]
            assert {held.id for held in agent.held} == {self.refs[each].id for each in plain_agent.holds}, name
            assert (agent.status.value, agent.idle_since) == (plain_agent.status, plain_agent.idle_since), name


class OnDisk(DeskBesideModel):
    on_disk = True


def test_the_desk_in_memory_does_what_the_model_does() -> None:
    run_state_machine_as_test(DeskBesideModel, settings=_bounded(60, 30))


def test_the_desk_on_disk_does_what_the_model_does() -> None:
    run_state_machine_as_test(OnDisk, settings=_bounded(10, 20))


def _bounded(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=True,  # the same sequences at every run: a search for new ones is a run of its own
        suppress_health_check=[HealthCheck.too_slow],
    )
