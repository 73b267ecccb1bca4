"""Workers that want the same agents at once: how many commits are refused, how often an operation begins again.

No engine shows what AWS refuses for two transactions that merely overlap (`TransactionConflict`): what is counted are
failed conditions alone. Afterwards the laws of routing are held against everything that lies in the table.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from random import Random

from benchmarks.counting import COMMITS, CountingTransport, Tally
from benchmarks.shop import Shop, agent_login
from benchmarks.world import TENANT
from kefu.desk.desk import Desk
from kefu.domain.refusals import Declined, NotFound, RefusalCode
from kefu.store.dynamodb import DynamoStore
from kefu.store.dynamodb_transport import Transport
from kefu.testing.laws import check_laws

WORKERS = (1, 8, 32)
VISITS = 160
"""Of all workers together, so that what is counted does not hang on how fast the machine is."""
AGENTS = 20
"""One team in ten skill groups: all workers want the same agents."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contended:
    workers: int
    operation: str
    times: int
    commits: int
    """Tries, those refused among them."""
    refused: int
    gave_up: int
    """Answered BUSY: nothing was done, the caller may repeat."""

    @property
    def retries_per_operation(self) -> float:
        return self.refused / self.times if self.times else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Contest:
    operations: Sequence[Contended]


async def contend(transport: Transport, table: str, *, workers: int) -> Contest:
    """Raises `LawBroken` if a law of routing does not hold afterwards."""
    counting = CountingTransport(transport, in_waves=False)
    shop = await Shop.opened(_desk(counting, table), agents=AGENTS)
    times, gave_up = Counter[str](), Counter[str]()
    visits = VISITS // workers
    with counting.counting() as tally:
        crew = (
            # A desk each, as in processes of their own.
            _Worker(number, replace(shop, desk=_desk(counting, table), numbers=Random(number)), times, gave_up)
            for number in range(workers)
        )
        await asyncio.gather(*(worker.work(visits) for worker in crew))
    await check_laws(shop.desk.store, TENANT, shop.desk.clock.now())
    return Contest(operations=_rows(workers, tally, times, gave_up))


def _desk(transport: Transport, table: str) -> Desk:
    return Desk(store=DynamoStore(table, transport))


class _Worker:
    def __init__(self, number: int, shop: Shop, times: Counter[str], gave_up: Counter[str]) -> None:
        self._number = number
        self._shop = shop
        self._times = times
        self._gave_up = gave_up

    async def work(self, visits: int) -> None:
        """One visitor after the other opens a session and writes again; for each, one of all sessions is closed."""
        for visit in range(visits):
            visitor = f"visitor-{self._number}-{visit}"
            await self._do("open", self._shop.open(visitor))
            await self._do("message in", self._shop.write(visitor))
            session = await self._shop.oldest_of(agent_login(self._shop.numbers.randrange(AGENTS)))
            if session is not None:
                await self._do("close", self._shop.close(session))

    async def _do(self, operation: str, happening: Awaitable[object]) -> None:
        self._times[operation] += 1
        try:
            await happening
        except Declined as declined:
            if declined.code is RefusalCode.BUSY:
                self._gave_up[operation] += 1
            elif declined.code is not RefusalCode.SESSION_CLOSED:  # another worker closed it first
                raise
        except NotFound as gone:
            if gone.code is not RefusalCode.SESSION_NOT_FOUND:  # it was handed to another agent's care meanwhile
                raise


def _rows(workers: int, tally: Tally, times: Counter[str], gave_up: Counter[str]) -> list[Contended]:
    commits = [call for call in tally.calls if call.call in COMMITS]
    return [
        Contended(
            workers=workers,
            operation=operation,
            times=times[operation],
            commits=sum(call.operation == operation for call in commits),
            refused=sum(call.operation == operation and call.was_refused for call in commits),
            gave_up=gave_up[operation],
        )
        for operation in times
    ]
