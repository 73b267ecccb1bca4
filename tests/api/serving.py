"""A real server: uvicorn in a thread with a loop of its own, on a port of 127.0.0.1 that the system chooses."""

import asyncio
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import httpx
import uvicorn

from api.graphql_client import Api
from kefu.bootstrap import build_app
from kefu.desk.bearer_tokens import sign
from kefu.desk.call import Caller, Role
from kefu.desk.desk import Desk
from kefu.domain.instants import SECOND
from kefu.settings import Settings
from kefu.store.memory import MemoryStore
from kefu.store.port import Store

OpenStore: TypeAlias = Callable[[], AbstractAsyncContextManager[Store]]
R = TypeVar("R")

QUIET = Settings(sends_webhooks=False)
"""Nothing is written but what was asked for: tests compare positions to know that nothing was."""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Server:
    """Where Kefu answers, and the way behind it: what the answers are held against."""

    url: str
    socket_url: str | None = None
    """Where sockets are opened, if not there."""
    secret: str
    desk: Desk
    loop: asyncio.AbstractEventLoop

    async def inside(self, work: Coroutine[Any, Any, R]) -> R:
        """`work`, done where the server works: its store belongs to that loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    async def position(self, _tenant: str) -> str:
        """Where the store's changes stand: the same as before, if nothing was written for that tenant."""
        return await self.inside(self.desk.store.position())

    def api(self, http: httpx.AsyncClient, tenant: str, role: Role, user_name: str = "") -> Api:
        return Api(http, self.token(tenant, role, user_name))

    def token(self, tenant: str, role: Role, user_name: str = "", *, life_s: int = 3_600) -> str:
        caller = Caller(tenant=tenant, role=role, user_name=user_name)
        return sign(caller, self.desk.clock.now() + life_s * SECOND, self.secret)


@asynccontextmanager
async def in_memory() -> AsyncIterator[Store]:
    yield MemoryStore()


@contextmanager
def serving(settings: Settings | None = None, open_store: OpenStore = in_memory) -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    started: Future[tuple[Server, uvicorn.Server]] = Future()
    thread = threading.Thread(target=_run, args=(listener, settings or QUIET, open_store, started))
    thread.start()
    server, process = started.result()
    try:
        yield server
    finally:
        process.should_exit = True
        thread.join()


def _run(
    listener: socket.socket,
    settings: Settings,
    open_store: OpenStore,
    started: Future[tuple[Server, uvicorn.Server]],
) -> None:
    with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:
        try:
            runner.run(_serve(listener, settings, open_store, started))
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)


async def _serve(
    listener: socket.socket,
    settings: Settings,
    open_store: OpenStore,
    started: Future[tuple[Server, uvicorn.Server]],
) -> None:
    """As `kefu serve` does it. The socket listens already, so whoever comes early waits instead of being refused."""
    async with open_store() as store:
        desk, secret = Desk(store=store), secrets.token_hex(32)
        config = uvicorn.Config(
            build_app(desk, settings, secret),
            log_config=None,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=5,
        )
        process = uvicorn.Server(config)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = Server(url=url, secret=secret, desk=desk, loop=asyncio.get_running_loop())
        started.set_result((server, process))
        await process.serve(sockets=[listener])
