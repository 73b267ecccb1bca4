"""The desk and its clock: things happen one after another at their times, and after each the laws of rest must hold."""

import heapq
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from random import Random

from kefu.desk.call import Call, Caller, Role
from kefu.desk.deadlines import look_at_each_due
from kefu.desk.desk import Desk
from kefu.desk.sweep import sweep
from kefu.domain.binding_rules import ClosedTally
from kefu.domain.instants import MINUTE, SECOND, Instant
from kefu.domain.refusals import Refusal, RefusalCode
from kefu.domain.session import Session
from kefu.domain.session_ref import SessionRef
from kefu.records.sessions import LoadedSession
from kefu.store.memory import MemoryStore
from kefu.store.port import Write
from kefu.testing.chain_laws import nobody_is_overdue
from kefu.testing.clocks import ManualClock
from kefu.testing.laws import LAWS, LawBroken, hold_laws
from kefu.testing.ledger import Ledger
from kefu.testing.watched_store import WatchedStore
from kefu.testing.week.plan import BEGIN

TENANT = "1"
PARTNER = Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm")
SWEEPS_EVERY, SWEEPS_THE_QUIET_EVERY = 4 * MINUTE, 20 * MINUTE
"""While somebody waits it is swept every minute; this often while sessions are open, and while there are none."""
HOLDS_ALL_EVERY = 24 * 60 * MINUTE
TOLD_OF = 25
"""Latest happenings that a broken law's note names."""

OF_ALL_SESSIONS = ("L4", "tally", "rules")
"""They compare sessions with those of other days: held over everything, daily and at the end, not at each commit."""
AFTER_EACH_STEP = ("L7", "L7 bot", "L7 chain", "L7 deadline")
AFTER_EACH_SWEEP = (*AFTER_EACH_STEP, "L7 gone")
"""Presence and bindings end by time alone: until the next sweep somebody may wait for who is gone."""
_MAY_BE_REFUSED = frozenset({RefusalCode.AGENT_FULL, RefusalCode.AGENT_NOT_ONLINE, RefusalCode.BINDING_EXISTS})

Action = Callable[[], Awaitable[object]]


class WeeksStore(WatchedStore):
    """Watches what a week can afford: at each commit the open sessions, not those of days ago."""

    def __init__(self, inner: MemoryStore, now: Callable[[], int], off: Collection[str]) -> None:
        super().__init__(inner, TENANT, request=lambda: "this step", now=now, off=(*OF_ALL_SESSIONS, *off))
        self.moved: dict[str, None] = {}
        """Ids of sessions that moved in this step, in their order."""
        self.has_changed = False
        """Whether anything was committed in this step."""

    def begin_step(self) -> None:
        self._read.clear()
        self.moved.clear()
        self.has_changed = False

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        await super().commit(writes, token=token)
        self.has_changed = True
        self.moved.update(dict.fromkeys(sorted(self.live.touched)))

    def _ledger(self) -> Ledger:
        return self.live.moving()


@dataclass(slots=True)
class World:
    seed: int
    visits: int
    off: Collection[str] = ()
    random: Random = field(init=False)
    clock: ManualClock = field(default_factory=lambda: ManualClock(BEGIN))
    watched: WeeksStore = field(init=False)
    desk: Desk = field(init=False)
    on_moved: list[Callable[[Session], None]] = field(default_factory=list)
    """Who wants to know of a session that moved: its visitor, its agent."""
    left: set[str] = field(default_factory=set)
    """Ids of messages that were left."""
    refused: Counter[RefusalCode] = field(default_factory=Counter)
    steps: int = 0
    is_silent: bool = False
    """Nobody says anything any more."""
    _ahead: list[tuple[Instant, int, str, Action]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)
    _latest: deque[str] = field(default_factory=lambda: deque(maxlen=TOLD_OF))

    def __post_init__(self) -> None:
        self.random = Random(f"people {self.seed}")
        self.watched = WeeksStore(MemoryStore(self.clock.now, changes_max=1_000), self.clock.now, self.off)
        self.desk = Desk(store=self.watched, clock=self.clock, random=Random(f"desk {self.seed}"))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def call(self, by: Caller = PARTNER) -> Call:
        return Call(by=by)

    def session(self, ref: SessionRef) -> Session:
        return self.watched.live.sessions[ref.id].value.session

    def at(self, when: Instant, what: str, action: Action) -> None:
        heapq.heappush(self._ahead, (when, next(self._order), what, action))

    def after(self, delay: int, what: str, action: Action) -> None:
        self.at(self.clock.now() + delay, what, action)

    async def run(self, until: Instant) -> None:
        """What is to happen up to then, in its order; between, the desk looks at what only time brings about."""
        self.at(self.clock.now(), "the minute's look", partial(self._look_every_minute, until))
        while self._ahead and self._ahead[0][0] <= until:
            when, _, what, action = heapq.heappop(self._ahead)
            self.clock.advance(max(0, when - self.clock.now()))
            await self.step(what, action)

    async def step(self, what: str, action: Action) -> None:
        self.steps += 1
        self._latest.append(f"{self.time_told} {what}")
        self.watched.begin_step()
        try:
            await self._until_refused(action)
            if self.watched.has_changed:
                self.hold(AFTER_EACH_STEP)
        except Exception as broken:
            broken.add_note(
                f"seed {self.seed}, {self.visits} visits, at {self.time_told}: {what}\n" + "\n".join(self._latest)
            )
            raise
        for session in [self.watched.live.sessions[each].value.session for each in self.watched.moved]:
            for tell in self.on_moved:
                tell(session)

    def hold(self, laws: Collection[str]) -> None:
        hold_laws(self.watched.live.moving(), self.clock.now(), [law for law in laws if law not in self.off])

    def hold_all(self) -> None:
        """Every law of rest over every session there ever was; who overtook whom was told at each commit."""
        ledger = replace(self.watched.live.ledger(), touched=None)
        laws = [law for law in LAWS if law not in ("L7 order", "tally", *self.off)]
        hold_laws(ledger, self.clock.now(), laws)
        if "tally" not in self.off:
            hold_tallies(ledger, self.clock.now())
        for finding in nobody_is_overdue(ledger, self.clock.now()) if "overdue" not in self.off else ():
            raise LawBroken("overdue", finding)

    @property
    def time_told(self) -> str:
        return f"{datetime.fromtimestamp(self.clock.now() / SECOND, UTC):%a %d %b %H:%M:%S.%f}"[:-3]

    async def sweep(self) -> None:
        await sweep(self.desk, TENANT)
        self.hold(AFTER_EACH_SWEEP)

    async def _until_refused(self, action: Action) -> None:
        try:
            await action()
        except Refusal as refusal:
            if refusal.code not in _MAY_BE_REFUSED:
                raise
            self.refused[refusal.code] += 1

    @property
    def _sweeps_every(self) -> int:
        live = self.watched.live
        if any(live.lines.values()):
            return MINUTE
        return SWEEPS_EVERY if live.opened else SWEEPS_THE_QUIET_EVERY

    async def _look_every_minute(self, until: Instant) -> None:
        now = self.clock.now()
        await look_at_each_due(self.desk)
        if now % self._sweeps_every == 0:
            await self.sweep()
        if now % HOLDS_ALL_EVERY == 0:
            await self.sweep()  # who stood behind a VIP that was overdue himself
            self.hold_all()
        if now + MINUTE <= until:
            self.at(now + MINUTE, "the minute's look", partial(self._look_every_minute, until))


def hold_tallies(ledger: Ledger, now: Instant) -> None:
    """Visitor by visitor: the law compares each tally with every session it is given."""
    tallies: dict[str, dict[tuple[str, str], ClosedTally]] = {}
    by_visitor: dict[str, dict[str, LoadedSession]] = {}
    for session_id, loaded in ledger.sessions.items():
        by_visitor.setdefault(loaded.value.session.ref.visitor, {})[session_id] = loaded
    for whose, tally in ledger.tallies.items():
        tallies.setdefault(whose[0], {})[whose] = tally
    for visitor, own in tallies.items():
        hold_laws(replace(ledger, tallies=own, sessions=by_visitor.get(visitor, {})), now, ["tally"])
