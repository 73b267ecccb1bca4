"""The way behind a server that is made of other processes: its table, and how far its stream has been told."""

import asyncio
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
from e2e.plain_transport import PlainTransport
from e2e.watching import Committed, Told, committed_in
from engines import table_of_its_own
from kefu.desk.call import Role
from kefu.desk.desk import Desk
from kefu.domain.instants import DAY
from kefu.gateway import registry
from kefu.testing.engines import REGION

PATIENCE_S = 180
"""On a machine that others use, a cold start alone may take half a minute."""
LOOK_AGAIN_S = 0.02
SOCKETS_MAX = 1_000
TICK_EVERY_S = 1.0
SHARDS = 1_000_000
"""Sweeping all the tenants of the tests would take longer than the tests."""


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


class Served(NamedTuple):
    url: str
    told: Told
    socket_url: str | None = None


Serve = Callable[[Place], AbstractAsyncContextManager[Served]]
"""Gives the address of the API, for as long as it is served there, and how far the table's stream was told."""

Tick = Callable[[dict[str, Any]], Awaitable[object]]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class TableServer(Server):
    """Handlers in other processes, and a desk here that works on the same table."""

    told: Told
    committed: Committed

    def api(self, http: httpx.AsyncClient, tenant: str, role: Role, user_name: str = "") -> Api:
        return PatientApi(http, self.token(tenant, role, user_name), server=self, tenant=tenant)

    async def position(self, tenant: str) -> str:
        """Where the tenant's own changes stand."""
        return str(await self.inside(self.committed.by(tenant)))

    async def subscriptions(self) -> set[str]:
        """What sockets follow, as they lie there."""
        store = self.desk.store
        sockets = [each async for each in registry.overdue(store, self.desk.clock.now() + DAY, SOCKETS_MAX)]
        states = [await registry.load(store, each) for each in sockets]
        return {sort for state in states if state for _, sort in state.value.subscriptions.values()}

    async def told_so_far(self) -> None:
        """Returns when whatever is committed by now has come out of the stream."""
        async with asyncio.timeout(PATIENCE_S):
            await self.inside(self.told.everything_in(self.desk.store))

    async def warm_up(self) -> None:
        """Cold starts take their time, and no test shall wait for one: two processes each, and one for the stream."""
        async with calling(self.url, self.socket_url) as http:
            await asyncio.gather(
                *(http.get("/readyz", timeout=PATIENCE_S) for _ in range(2)), *(_open(http), _open(http))
            )
        await self.told_so_far()


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
    async with table_of_its_own(endpoint, PlainTransport(endpoint)) as store:
        place = Place(table=store.table, endpoint=endpoint, secret=secrets.token_hex(32))
        async with serve(place) as served, committed_in(store) as committed:
            server = TableServer(
                url=served.url,
                socket_url=served.socket_url,
                secret=place.secret,
                desk=Desk(store=store),
                loop=asyncio.get_running_loop(),
                told=served.told,
                committed=committed,
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
    async with asyncio.timeout(PATIENCE_S), connect(http, open_within_s=None):
        pass
