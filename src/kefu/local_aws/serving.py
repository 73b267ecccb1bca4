"""Servers inside of a process that has something else to do, and what the one outside must be."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from uvicorn.config import LOGGING_CONFIG

from kefu.local_aws.bounds import HEADERS_BYTES_MAX, MESSAGE_BYTES_MAX
from kefu.local_aws.frames import GatewayFrames
from kefu.local_aws.socket_events import STAGE

STOP_WITHIN_S = 5
INNER_PATHS = ("/2018-06-01/runtime/", f"/{STAGE}/%40connections/")


class InnerServer(uvicorn.Server):
    """Leaves signals to others, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(config: uvicorn.Config, listeners: list[socket.socket]) -> AsyncIterator[None]:
    server = InnerServer(config)
    serving = asyncio.create_task(server.serve(sockets=listeners))
    try:
        await server.listens.wait()
        yield
    finally:
        server.should_exit = True
        await serving


async def serve_until_signalled(config: uvicorn.Config, listener: socket.socket) -> None:
    """Returns when it is told to end: uvicorn's own way is to die of the signal, with nothing tidied up."""
    server = InnerServer(config)
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, server.handle_exit, each, None)
    await server.serve(sockets=[listener])


@contextmanager
def listeners_of(count: int) -> Iterator[tuple[list[socket.socket], list[int]]]:
    """Sockets of the loopback that listen already, and their ports."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        yield sockets, [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def edge(
    app: Starlette, *, host: str = "127.0.0.1", port: int = 0, log_level: str = "info", is_logging: bool = True
) -> uvicorn.Config:
    """Where clients come in: with API Gateway's frames, and without pings, which it does not send."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level=log_level,
        ws=GatewayFrames,
        ws_max_size=MESSAGE_BYTES_MAX,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=4 * HEADERS_BYTES_MAX,
        lifespan="off",
        timeout_graceful_shutdown=STOP_WITHIN_S,
        log_config=LOGGING_CONFIG if is_logging else None,
    )
    logging.getLogger("uvicorn.access").addFilter(_is_from_outside)
    return config


def _is_from_outside(record: logging.LogRecord) -> bool:
    """What functions ask of this gateway would drown what clients ask: one logger serves both."""
    args = record.args
    path = str(args[2]) if isinstance(args, tuple) and len(args) > 2 else ""  # noqa: PLR2004  client, method, path
    return not path.startswith(INNER_PATHS)
