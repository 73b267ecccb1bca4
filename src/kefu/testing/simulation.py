"""A small desk under fire: a few requests at once, every interleaving by dice, every fault by dice, one seed.

`simulate(seed)` opens a shop and lets clients, who repeat what was not answered, play rounds of requests side
by side. The laws are held after every commit, and again at rest once the sweep has healed what crashes left;
then everybody must get served. The same seed plays the same history.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any

from kefu.bots.port import BotFailed
from kefu.desk.bindings import BindingName, create_binding
from kefu.desk.call import Call, Once
from kefu.desk.close_session import close_session
from kefu.desk.deadlines import look_at_each_due
from kefu.desk.desk import Desk
from kefu.desk.directory import GroupChange, save_group
from kefu.desk.request_human import request_human
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.sweep import sweep
from kefu.desk.tenant_settings import update_settings
from kefu.domain.agent import AgentStatus
from kefu.domain.bot import BotAnswer, BotQuestion, BotReply
from kefu.domain.directory import ChannelSettings
from kefu.domain.instants import MINUTE, SECOND
from kefu.domain.message import MessageSender
from kefu.domain.queueing import Queueing
from kefu.domain.refusals import Refusal, RefusalCode
from kefu.domain.report_grouping import ReportGrouping
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.domain.timeouts import Timeouts
from kefu.store.memory import MemoryStore
from kefu.store.port import OutcomeUnknown, Throttled
from kefu.testing.chain_laws import nobody_is_overdue
from kefu.testing.clocks import NEW_YEAR_2026
from kefu.testing.faults import CALM, ROUGH, FaultRates, FaultyStore
from kefu.testing.interleaving import (
    Crashed,
    Interleaver,
    Turn,
    TurnClock,
    TurnKind,
    TurnStore,
    by_dice,
    by_priority,
)
from kefu.testing.laws import LAWS, LawBroken, check_laws, hold_laws
from kefu.testing.report_recomputed import Asked, differing
from kefu.testing.rule_play import (
    hold_nothing_lost,
    open_with_rules,
)
from kefu.testing.simulated_clients import clients_of
from kefu.testing.simulated_world import (
    AGENTS,
    BOT_CHANNEL,
    CLIENT_TRIES,
    CRASH_RATE,
    FLAGS,
    PARTNER,
    REQUESTS_AT_ONCE,
    ROUNDS,
    SILENT_ROUNDS,
    STATUSES,
    TENANT,
    VISITORS,
    features_of,
)
from kefu.testing.turn_loop import TurnLoop
from kefu.testing.watched_store import WatchedStore


@dataclass(slots=True)
class Shop:
    """The desk under fire and all that stands around it."""

    random: Random
    rates: FaultRates
    crash_rate: float
    off: Collection[str] = ()
    features: frozenset[str] = frozenset()
    """What its desk has beside the usual, as `FEATURES` names it."""
    turns: Interleaver = field(init=False)
    clock: TurnClock = field(init=False)
    watched: WatchedStore = field(init=False)
    faulty: FaultyStore = field(init=False)
    processes: tuple[Desk, ...] = field(init=False)
    """One or two: each guesses by what it saw itself."""
    groups: list[str] = field(default_factory=list)
    acknowledged: set[tuple[str, str]] = field(default_factory=set)
    """Visitor and client message id of every message the desk said it accepted."""
    left: set[str] = field(default_factory=set)
    """Ids of the messages left that the desk said it keeps."""
    calls: int = 0

    def __post_init__(self) -> None:
        choose = self.random.choice((by_dice, by_priority))(self.random)
        self.turns = Interleaver(choose, crashes=self._crashes)
        self.clock = TurnClock(self.turns, NEW_YEAR_2026)
        memory = MemoryStore(self.clock.now)
        self.watched = WatchedStore(memory, TENANT, request=self.turns.request, now=self.clock.now, off=self.off)
        self.faulty = FaultyStore(TurnStore(self.watched, self.turns), self.random, CALM)
        self.processes = tuple(
            Desk(store=self.faulty, clock=self.clock, random=self.random, built_in_bot=MoodyBot(self))
            for _ in range(self.random.choice((1, 2, 2)))
        )

    @property
    def desk(self) -> Desk:
        """The process that a request happens to reach."""
        return self.random.choice(self.processes)

    async def open(self) -> None:
        for name in ("G1", "G2"):
            self.groups.append((await save_group(self.desk, self.call(), GroupChange(name=name))).name)
        for name in AGENTS:
            served = tuple(
                group for group, share in zip(self.groups, (0.8, 0.3), strict=True) if self.random.random() < share
            )
            change = AgentChange(user_name=name, groups=served, max_sessions=self.random.choice((1, 1, 2)))
            await save_agent(self.desk, self.call(), change)
            await set_agent_status(self.desk, self.call(), name, self.random.choice(STATUSES))
        for visitor in self.random.sample(VISITORS, 8):
            bound = BindingName(business_flag=FLAGS[0], visitor=visitor)
            await create_binding(self.desk, self.call(), bound, self.random.choice(AGENTS))
        if "bot" in self.features:
            channel, invites = ChannelSettings(channel=BOT_CHANNEL, has_bot=True), self.random.random() < 0.5  # noqa: PLR2004
            settings = partial(replace, channels=(channel,), invites_rating_at_close=invites)
            await update_settings(self.desk, self.call(), settings)
        if "rules" in self.features:
            await open_with_rules(self)
        if "chains" in self.features:
            for chain in (self.chain_of("G1"), self.chain_of("G2")):
                await save_group(self.desk, self.call(), chain)
            longest = self.random.choice((None, MINUTE))
            queueing = Queueing(directed_wait_max_ms=longest, announces_place=self.random.random() < 0.3)  # noqa: PLR2004
            await update_settings(self.desk, self.call(), partial(replace, queueing=queueing))
        if "timeouts" in self.features:
            warning_ms = self.random.choice((None, 20_000))
            timeouts = Timeouts(visitor_ms=2 * MINUTE, agent_ms=MINUTE, pending_ms=MINUTE, warning_ms=warning_ms)
            await update_settings(self.desk, self.call(), partial(replace, timeouts=timeouts))

    def chain_of(self, name: str) -> GroupChange:
        """Somewhere down the line, in part or whole: to G2, to who is in no group, or nowhere."""
        behind = [*self.groups, DEFAULT_GROUP][self.groups.index(self._group(name)) + 1 :]
        return GroupChange(
            id=self._group(name),
            name=name,
            overflow_groups=tuple(group for group in behind if self.random.random() < 0.7),  # noqa: PLR2004
            overflow_after_ms=self.random.choice((None, MINUTE // 2)),
            queue_length_max=self.random.choice((None, None, 1, 2)),
        )

    def _group(self, name: str) -> str:
        return self.groups[("G1", "G2").index(name)]

    async def round(self) -> None:
        """Several clients at once, under fire."""
        self.faulty.rates = self.rates
        requests = {
            f"{number}:{client.__name__}": self._until_answered(client(self))
            for number, client in enumerate(
                self.random.choices(*clients_of(self.features), k=self.random.choice(REQUESTS_AT_ONCE))
            )
        }
        results = await self.turns.run(requests)
        self.faulty.rates = CALM
        for result in results.values():
            if isinstance(result, BaseException):
                raise result
        if not self.crash_rate:
            laws = [law for law in LAWS if law not in ("L7 order", *self.off)]
            hold_laws(self.watched.live.ledger(), self.clock.now(), laws, lowered=self.watched.lowered)
        if self.random.random() < 0.3:  # noqa: PLR2004  sometimes leases lapse between rounds
            self.clock.advance(self.random.randrange(3 * MINUTE))

    async def heal(self) -> None:
        """The fire is over: one sweep must mend everything."""
        if "hours" in self.features:
            await self._open_for_good()
        await sweep(self.desk, TENANT)
        await look_at_each_due(self.desk)
        await self.hold_rest_laws()
        self._hold_acknowledged()
        if "rules" in self.features and not {"tally", "rules"} & set(self.off):
            hold_nothing_lost(self)
        if "chains" in self.features:
            await sweep(self.desk, TENANT)  # those who stood behind a VIP who was overdue himself
            self._hold_overdue()
        self._hold_left()

    async def fall_silent(self) -> None:
        """Progress: nobody says anything any more, and every session comes to its end by itself."""
        for _ in range(SILENT_ROUNDS):
            self.clock.advance(3 * MINUTE)
            await sweep(self.desk, TENANT)
            await look_at_each_due(self.desk)
        await self.hold_rest_laws()
        left = self.open_sessions(SessionState.BOT, SessionState.WAITING, SessionState.ACTIVE)
        if left and "progress" not in self.off:
            raise LawBroken("progress", f"{left} go on although nobody says anything")

    async def hold_rest_laws(self) -> None:
        await check_laws(
            self.watched, TENANT, self.clock.now(), lowered=self.watched.lowered, off=("L7 order", *self.off)
        )

    async def serve_everybody(self) -> None:
        """Progress: with everybody at work, every session comes to its end."""
        self.clock.advance(3 * MINUTE)
        for name in AGENTS:
            await save_agent(self.desk, self.call(), AgentChange(user_name=name, max_sessions=5))
            await set_agent_status(self.desk, self.call(), name, AgentStatus.ONLINE)
        for ref in self.open_sessions(SessionState.BOT):
            await request_human(self.desk, self.call(), ref)
        for _ in range(len(VISITORS) * ROUNDS + 1):
            active = self.open_sessions(SessionState.ACTIVE)
            for ref in active:
                await close_session(self.desk, self.call(), ref)
            if not active:
                break
        await self.hold_rest_laws()
        left = self.open_sessions(*(state for state in SessionState if state is not SessionState.CLOSED))
        stuck = [ref for ref in left if self._could_be_served(ref)]
        if stuck and "progress" not in self.off:
            raise LawBroken("progress", f"{stuck} are not served although everybody is at work")

    async def hold_reports(self) -> None:
        """Whatever happened, the reports say what the raw logs do."""
        if "reports" in self.off:
            return
        now = self.clock.now()
        edges = [*range(NEW_YEAR_2026, now, 15 * MINUTE), now + 1]
        for by in ReportGrouping:
            asked = Asked(by, edges, 20 * SECOND, now)
            if wrong := await differing(self.watched, self.watched.live.ledger(), TENANT, asked):
                raise LawBroken("reports", f"by {by} the figures of {sorted(wrong)} are not what the logs say")

    def call(self, once: Once | None = None) -> Call:
        return Call(by=PARTNER, once=once)

    def once(self) -> Once:
        self.calls += 1
        return Once(key=f"key-{self.calls}", fingerprint=f"call {self.calls}")

    def open_sessions(self, *states: SessionState) -> list[SessionRef]:
        each = (loaded.value.session for loaded in self.watched.live.sessions.values())
        return [session.ref for session in each if session.state in states]

    def any_session(self, *states: SessionState) -> SessionRef | None:
        found = self.open_sessions(*(states or (SessionState.WAITING, SessionState.ACTIVE)))
        return self.random.choice(found) if found else None

    async def _until_answered(self, ask: Callable[[], Awaitable[Any]]) -> None:
        """A client that repeats its request, with the same ids, until it is answered."""
        for _ in range(CLIENT_TRIES):
            try:
                await ask()
            except (Crashed, OutcomeUnknown, Throttled):
                continue
            except Refusal as refusal:
                if refusal.code is not RefusalCode.BUSY:
                    return
            else:
                return

    def _hold_overdue(self) -> None:
        for finding in (
            nobody_is_overdue(self.watched.live.ledger(), self.clock.now()) if "overdue" not in self.off else ()
        ):
            raise LawBroken("overdue", finding)

    def _crashes(self, _turn: Turn) -> bool:
        return self.crash_rate > 0 and self.random.random() < self.crash_rate

    def _hold_acknowledged(self) -> None:
        kept = {
            (loaded.value.session.ref.visitor, entry.message.client_message_id)
            for session, loaded in self.watched.live.sessions.items()
            for entry in self.watched.live.logs[session]
            if entry.message and entry.message.sender is MessageSender.VISITOR
        }
        if "L4" not in self.off and (lost := self.acknowledged - kept):
            raise LawBroken("L4", f"{lost} were acknowledged and are not there")

    async def _open_for_good(self) -> None:
        await update_settings(self.desk, self.call(), partial(replace, working_hours=None))
        for group, name in zip(self.groups, ("G1", "G2"), strict=True):
            await save_group(self.desk, self.call(), GroupChange(id=group, name=name, has_tenants_hours=True))

    def _hold_left(self) -> None:
        """Everything that was left came in. That nothing came in twice is L4."""
        logs = self.watched.live.logs.values()
        if "left" not in self.off and (
            lost := self.left - {entry.message.id for log in logs for entry in log if entry.message}
        ):
            raise LawBroken("left", f"{lost} were left, and are in no session")

    def _could_be_served(self, ref: SessionRef) -> bool:
        staff = self.watched.live.ledger().agents
        served = {group for agent in staff.values() for group in agent.groups or (DEFAULT_GROUP,)}
        line = self.watched.live.sessions[ref.id].value.session.line
        return line is None or line.owner in served or line.owner in staff


@dataclass(frozen=True, slots=True)
class MoodyBot:
    """Answers, hands over or fails, by dice; what others do meanwhile comes between."""

    shop: Shop

    async def answer(self, _question: BotQuestion) -> BotAnswer:
        await self.shop.turns.turn(TurnKind.PAUSE, "the bot thinks")
        mood = self.shop.random.random()
        if mood < 0.1:  # noqa: PLR2004  a mix in which every mood has its turn
            raise BotFailed("it is in a mood")
        return BotAnswer(replies=(BotReply(text="hm"),), hands_over=mood < 0.2)  # noqa: PLR2004


async def simulate(seed: int, *, rates: FaultRates = ROUGH, off: Collection[str] = ()) -> list[Turn]:
    """Plays the history of one seed and returns it. Raises `LawBroken`, with the history in its notes.

    Under even seeds requests crash as well; under odd ones none does, and then no sweep may be needed: the laws
    of rest are held after every round. What else a seed has, `FEATURES` says; below the first of them histories are
    what they were before there was any.
    """
    shop = Shop(Random(seed), rates, 0 if seed % 2 else CRASH_RATE, off, features_of(seed))
    try:
        await shop.open()
        for _ in range(ROUNDS):
            await shop.round()
        await shop.heal()
        await shop.hold_reports()
        await (shop.fall_silent() if "timeouts" in shop.features else shop.serve_everybody())
        await shop.hold_reports()
    except Exception as broken:
        history = "\n".join(f"{turn.request:16} {turn.what}" for turn in shop.turns.history)
        broken.add_note(f"seed {seed}; its history:\n{history}")
        raise
    return shop.turns.history


def play(seed: int) -> str | None:
    """What went wrong under a seed, in words; None if all laws held."""
    try:
        with asyncio.Runner(loop_factory=TurnLoop) as runner:
            runner.run(simulate(seed))
    except Exception as broken:  # noqa: BLE001  whatever it is, the seed has found it
        return f"seed {seed}: {type(broken).__name__}: {broken}"
    return None
