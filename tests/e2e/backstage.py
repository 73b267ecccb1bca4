"""The way behind a server that is made of other processes: its table, and how far its stream has been told."""

import asyncio
import hashlib
import secrets
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import msgspec
import websockets

from api.graphql_client import Api, Subscription, calling, connect
from api.serving import Server
from engines import client, table_of_its_own
from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.domain.instants import DAY, HOUR, Instant
from kefu.gateway import registry
from kefu.records import keys
from kefu.store.port import Span
from kefu.testing.engines import REGION

MARKER = "marker"
"""A tenant of our own: when a change of his has been told, so has everything that was committed before it."""
OF_THE_GATEWAY = {"JOURNAL", "TOPIC"}
PATIENCE_S = 20
WARM_WITHIN_S = 180
LOOK_AGAIN_S = 0.02
ENTRIES_MAX = 100_000
SOCKETS_MAX = 1_000
TICK_EVERY_S = 1.0
SHARDS = 1_000_000
"""Sweeping all the tenants of the tests would take longer than the tests."""

Item = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What whoever serves must know."""

    table: str
    endpoint: str
    secret: str

    @property
    def store(self) -> str:
        """As `KEFU_STORE` has it."""
        return f"dynamodb:{self.table}?region={REGION}&endpoint={quote(self.endpoint, safe='')}"


class Address(NamedTuple):
    url: str
    socket_url: str | None = None


Serve = Callable[[Place], AbstractAsyncContextManager[Address]]
"""Gives the address of the API, for as long as it is served there."""

Tick = Callable[[dict[str, Any]], Awaitable[object]]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class TableServer(Server):
    """Handlers in other processes, and a desk here that works on the same table."""

    table: str
    endpoint: str

    def api(self, http: httpx.AsyncClient, tenant: str, role: Role, user_name: str = "") -> Api:
        return PatientApi(http, self.token(tenant, role, user_name), server=self, tenant=tenant)

    async def position(self, tenant: str) -> str:
        """A digest of what lies there for the tenant, without what is noted of sockets and of what they were told."""
        lying = [each for each in await self.lying(tenant) if _kind(each) not in OF_THE_GATEWAY]
        lying.sort(key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
        return hashlib.sha256(repr([sorted(each.items()) for each in lying]).encode()).hexdigest()

    async def lying(self, tenant: str) -> list[Item]:
        """The tenant's items. It reads the whole table."""
        return await asyncio.to_thread(self._scan, keys.part(tenant))

    def _scan(self, tenant: str) -> list[Item]:
        pages = (
            client("dynamodb", self.endpoint)
            .get_paginator("scan")
            .paginate(
                TableName=self.table,
                ConsistentRead=True,
                FilterExpression="pk = :tenant OR begins_with(pk, :prefix)",
                ExpressionAttributeValues={":tenant": {"S": tenant}, ":prefix": {"S": f"{tenant}#"}},
            )
        )
        return [item for page in pages for item in page["Items"]]

    async def subscriptions(self) -> set[str]:
        """What sockets follow, as they lie there."""
        store = self.desk.store
        sockets = [each async for each in registry.overdue(store, self.desk.clock.now() + DAY, SOCKETS_MAX)]
        states = [await registry.load(store, each) for each in sockets]
        return {sort for state in states if state for _, sort in state.value.subscriptions.values()}

    async def told_so_far(self, within_s: float = PATIENCE_S) -> None:
        """Returns when whatever is committed by now has come out of the stream."""
        begun = self.desk.clock.now()
        before = await self.inside(self._marked(begun))
        call = Call(by=Caller(tenant=MARKER, role=Role.PARTNER, user_name="tests"))
        await self.inside(save_agent(self.desk, call, AgentChange(user_name="marker", nickname=str(before))))
        async with asyncio.timeout(within_s):
            while await self.inside(self._marked(begun)) == before:  # noqa: ASYNC110  a change in another process
                await asyncio.sleep(LOOK_AGAIN_S)

    async def _marked(self, begun: Instant) -> int:
        """Entries of the marker's journal, of the hours around `begun`."""
        hours = (keys.journal_partition(MARKER, begun + shift) for shift in (-HOUR, 0, HOUR))
        return sum([await self.desk.store.count(hour, Span(ENTRIES_MAX)) for hour in hours])

    async def warm_up(self) -> None:
        """Cold starts take their time, and no test shall wait for one: two processes each, and one for the stream."""
        async with calling(self.url, self.socket_url) as http:
            await asyncio.gather(
                *(http.get("/readyz", timeout=WARM_WITHIN_S) for _ in range(2)), *(_open(http), _open(http))
            )
        await self.told_so_far(WARM_WITHIN_S)


@dataclass(frozen=True, slots=True, repr=False)
class PatientApi(Api):
    """Subscribes as it must be done where frames overtake each other and the stream comes late.

    What happened before is then not told to it, and what happens from here on is.
    """

    server: TableServer = field(kw_only=True)
    tenant: str = field(kw_only=True)

    @asynccontextmanager
    async def subscribe(self, query: str, **variables: Any) -> AsyncIterator[Subscription]:
        await self.server.told_so_far()
        known = await self._registered()
        async with Api.subscribe(self, query, **variables) as news:
            await self._taken_up(news, known)
            yield news

    async def _taken_up(self, news: Subscription, known: set[str]) -> None:
        """Returns when it is registered, or something was said of it."""
        async with asyncio.timeout(PATIENCE_S):
            while not news.early and not await self._registered() - known:
                with suppress(TimeoutError, websockets.ConnectionClosed):
                    async with asyncio.timeout(LOOK_AGAIN_S):
                        news.early.append(msgspec.json.decode(await news.socket.connection.recv()))

    async def _registered(self) -> set[str]:
        return await self.server.inside(self.server.subscriptions())


@contextmanager
def behind(endpoint: str, serve: Serve) -> Iterator[TableServer]:
    """Serves a table of its own from a thread."""
    started: Future[tuple[TableServer, asyncio.Event]] = Future()
    thread = threading.Thread(target=_run, args=(endpoint, serve, started))
    thread.start()
    server, over = started.result()
    try:
        yield server
    finally:
        server.loop.call_soon_threadsafe(over.set)
        thread.join()


def _run(endpoint: str, serve: Serve, started: Future[tuple[TableServer, asyncio.Event]]) -> None:
    try:
        asyncio.run(_serve(endpoint, serve, started))
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)


async def _serve(endpoint: str, serve: Serve, started: Future[tuple[TableServer, asyncio.Event]]) -> None:
    over = asyncio.Event()
    async with table_of_its_own(endpoint) as store:
        place = Place(table=store.table, endpoint=endpoint, secret=secrets.token_hex(32))
        async with serve(place) as address:
            server = TableServer(
                url=address.url,
                socket_url=address.socket_url,
                secret=place.secret,
                desk=Desk(store=store),
                loop=asyncio.get_running_loop(),
                table=store.table,
                endpoint=endpoint,
            )
            await server.warm_up()
            started.set_result((server, over))
            await over.wait()


@asynccontextmanager
async def ticking(tick: Tick) -> AsyncIterator[None]:
    """Beats often, for nobody's tenant: sockets are attended to, and what a token's end takes is no minute."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(TICK_EVERY_S)
            await tick({"shard": 0, "of": SHARDS})

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


async def _open(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(WARM_WITHIN_S), connect(http, open_within_s=None):
        pass


def _kind(item: Item) -> str:
    _, _, behind_the_tenant = item["pk"]["S"].partition("#")
    return str(behind_the_tenant.partition("#")[0])
