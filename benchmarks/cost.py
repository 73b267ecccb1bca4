"""What a million sessions cost, from the units that a stated profile was measured to use and a stated price list."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.counting import CountingTransport, Tally
from benchmarks.shop import Shop, agent_login
from benchmarks.world import MAX_SESSIONS
from kefu.desk.desk import Desk
from kefu.domain.agent import AgentStatus
from kefu.domain.instants import SECOND
from kefu.domain.session import Session, SessionState
from kefu.store.dynamodb import DynamoStore
from kefu.store.dynamodb_transport import Transport
from kefu.testing.clocks import ManualClock


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """On demand, Standard table class. Storage, streams, backups and traffic are not in it."""

    region: str = "us-east-1"
    as_of: str = "2024-11-01"
    """The day of the latest change of these prices that we know of."""
    usd_per_million_write_units: float = 0.625
    usd_per_million_read_units: float = 0.125
    """A unit is 4 KB read strongly consistently, or twice that eventually."""


PRICES = Prices()
AGENTS = 8
SESSIONS = 50
QUEUED = SESSIONS - AGENTS * MAX_SESSIONS
MESSAGES_IN = 8
MESSAGES_OUT = 8
STATUS_CHANGES = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Priced:
    operation: str
    per_session: float
    write_units: float
    """Of one such operation, on average."""
    read_units: float

    @property
    def usd_per_million_sessions(self) -> float:
        writes = self.write_units * PRICES.usd_per_million_write_units
        return self.per_session * (writes + self.read_units * PRICES.usd_per_million_read_units)


@dataclass(slots=True)
class _Day:
    shop: Shop
    clock: ManualClock
    times: Counter[str] = field(default_factory=Counter)

    async def play(self) -> None:
        """Fifty visitors come while forty can be served; each who is served is talked to and closed."""
        opened = [await self.open(number) for number in range(SESSIONS)]
        served = [session for session in opened if session.state is SessionState.ACTIVE]
        while served:
            session = served.pop(0)
            await self.talk(session)
            self.tick("close")
            closed = await self.shop.close(session)
            served.extend([await self.shop.session(ref) for ref in closed.assigned])
        for status in (AgentStatus.BUSY, AgentStatus.ONLINE):
            self.tick("status change")
            await self.shop.turn(agent_login(0), status)

    async def open(self, number: int) -> Session:
        opened = await self.shop.open(f"visitor-{number:02}")
        session = await self.shop.session(opened.session)
        self.tick("open")
        return session

    async def talk(self, session: Session) -> None:
        for _ in range(MESSAGES_IN):
            self.tick("message in")
            await self.shop.write(session.ref.visitor)
            self.tick("message out")
            await self.shop.answer(session)

    def tick(self, operation: str) -> None:
        self.clock.advance(SECOND)
        self.times[operation] += 1


async def price(transport: Transport, table: str) -> list[Priced]:
    clock, counting = ManualClock(), CountingTransport(transport, in_waves=False)
    shop = await Shop.opened(Desk(store=DynamoStore(table, counting), clock=clock), agents=AGENTS)
    day = _Day(shop, clock)
    with counting.counting() as tally:
        await day.play()
    return [_priced(operation, times, tally) for operation, times in day.times.items()]


def total(priced: Sequence[Priced]) -> float:
    return sum(each.usd_per_million_sessions for each in priced)


def _priced(operation: str, times: int, tally: Tally) -> Priced:
    calls = Tally([call for call in tally.calls if call.operation == operation])
    return Priced(
        operation=operation,
        per_session=times / SESSIONS,
        write_units=calls.write_units / times,
        read_units=calls.read_units / times,
    )
