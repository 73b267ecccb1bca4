"""What a server made of other processes has committed and told, seen from the table's stream: nothing is polled for."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from e2e.plain_transport import PlainTransport
from kefu.local_aws.options import StreamOptions
from kefu.local_aws.stream_mapping import Invoked, StreamMapping
from kefu.local_aws.stream_records import first_failed
from kefu.records import keys
from kefu.store.contract.shorthand import put
from kefu.store.port import Change, Store

OURS = "*E2E"
"""A partition that is nobody's: when a record that we put there has been told, so has everything before it."""
PASSES_THE_FILTER, STAYS_BEHIND_IT = "AGENT#", "MARKER#"
OF_THE_GATEWAY = {"JOURNAL", "TOPIC"}
POLL_S = 0.05


@dataclass(slots=True)
class Told:
    """The function that the stream is told to, and how far it was."""

    function: Invoked
    _numbers: "count[int]" = field(default_factory=count)
    _reached: int = -1
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def name(self) -> str:
        return self.function.name

    async def invoke(self, event: dict[str, Any]) -> bytes:
        returned = await self.function.invoke(event)
        batch = event["Records"]
        for record in batch[: first_failed(returned, batch)]:
            partition, sort = (record["dynamodb"]["Keys"][name]["S"] for name in ("pk", "sk"))
            if partition == OURS:
                self._reached = int(sort.removeprefix(PASSES_THE_FILTER))
        async with self._news:
            self._news.notify_all()
        return returned

    async def everything_in(self, store: Store) -> None:
        """Returns when whatever is committed by now has been told."""
        number = next(self._numbers)
        await store.commit([put(OURS, f"{PASSES_THE_FILTER}{number}")], token=None)
        async with self._news:
            await self._news.wait_for(lambda: self._reached >= number)


@dataclass(slots=True)
class Committed:
    """How many changes there were of each tenant's, without what is noted of sockets and of what they were told."""

    store: Store
    changes: AsyncGenerator[Change, None]
    _of: Counter[str | None] = field(default_factory=Counter)
    _numbers: "count[int]" = field(default_factory=count)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def by(self, tenant: str) -> int:
        async with self._turn:
            marker = put(OURS, f"{STAYS_BEHIND_IT}{next(self._numbers)}")
            await self.store.commit([marker], token=None)
            while (change := await anext(self.changes)).key != marker.key:
                if _kind(change) not in OF_THE_GATEWAY:
                    self._of[keys.tenant_of(change.key.partition)] += 1
        return self._of[tenant]


@asynccontextmanager
async def committed_in(store: Store) -> AsyncIterator[Committed]:
    async with aclosing(store.changes(await store.position())) as changes:
        yield Committed(store, changes)


@asynccontextmanager
async def told_to(function: Invoked, table: str, endpoint: str) -> AsyncIterator[Told]:
    """The table's stream, told to the function."""
    told = Told(function)
    transport = PlainTransport(endpoint)
    telling = asyncio.create_task(StreamMapping(table, transport, told, StreamOptions(poll_s=POLL_S)).run())
    try:
        yield told
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        await transport.close()


def _kind(change: Change) -> str:
    _, _, behind_the_tenant = change.key.partition.partition("#")
    return behind_the_tenant.partition("#")[0]
