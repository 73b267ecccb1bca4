"""All of it together, in front of one table."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from kefu.local_aws.connections import Connections, Luck
from kefu.local_aws.functions import Function, Sandbox
from kefu.local_aws.http_api import HttpApi
from kefu.local_aws.management import Management
from kefu.local_aws.options import FunctionOptions, GatewayOptions
from kefu.local_aws.processes import start_worker
from kefu.local_aws.runtime_api import RuntimeApi
from kefu.local_aws.schedule import keep_ticking
from kefu.local_aws.serving import listeners_of, served
from kefu.local_aws.socket_api import SocketApi
from kefu.local_aws.socket_events import STAGE
from kefu.local_aws.stream_mapping import StreamMapping
from kefu.store.dynamodb_transport import BotoTransport, boto_client

METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
REGION = "us-east-1"
"""Lambda always names one."""
KEEP_ALIVE_S = 3_600
"""A process keeps its connection while it works on an event."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalGateway:
    app: Starlette
    """Both APIs, for a server whose sockets are of `GatewayFrames`."""
    management_url: str
    http: Function
    websocket: Function
    stream: Function
    tick: Function
    mapping: StreamMapping | None


@asynccontextmanager
async def opened_gateway(options: GatewayOptions, store: str | None = None) -> AsyncIterator[LocalGateway]:
    """`store`: `dynamodb:TABLE?…` whose stream is told to the function `stream`."""
    table, where = _table_of(store) if store else ("", {})
    region = where.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION
    luck = Luck(options.disorder)
    connections = Connections(luck)
    async with AsyncExitStack() as exits:
        management, [management_port] = exits.enter_context(listeners_of(1))
        management_url = f"http://127.0.0.1:{management_port}/{STAGE}"
        environment = {
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            **options.environment,
            "KEFU_WEBSOCKET_ENDPOINT": management_url,
            "KEFU_WEBSOCKET_LASTS_S": str(int(options.connection_limit_s)),
        }
        functions, listeners = [], [*management]
        for name in ("http", "websocket", "stream", "tick"):
            wanted: FunctionOptions = getattr(options, name)
            its_listeners, ports = exits.enter_context(listeners_of(wanted.processes_max))
            listeners += its_listeners
            start = partial(start_worker, f"kefu-{name}", environment=environment)
            functions.append(Function(f"kefu-{name}", wanted, [Sandbox(port) for port in ports], start))
        http, websocket, stream, tick = functions
        inner = Starlette(routes=[*Management(connections).routes(), *RuntimeApi(functions).routes()])
        await exits.enter_async_context(served(_inner(inner), listeners))
        for function in functions:
            exits.push_async_callback(function.close)
        sockets = SocketApi(websocket, options, connections, luck)
        exits.push_async_callback(sockets.close)
        mapping = None
        if table:
            mapping = await exits.enter_async_context(_mapped(table, where, stream, options))
        await exits.enter_async_context(_running(keep_ticking(tick, options.tick_every_s)))
        http_api = HttpApi(http, limit_s=options.http_limit_s)
        app = Starlette(
            routes=[
                Route("/{path:path}", http_api.answer, methods=METHODS),
                WebSocketRoute("/{path:path}", sockets.answer),
            ]
        )
        yield LocalGateway(
            app=app,
            management_url=management_url,
            http=http,
            websocket=websocket,
            stream=stream,
            tick=tick,
            mapping=mapping,
        )


def _table_of(store: str) -> tuple[str, dict[str, str]]:
    """Its name, and `region` and `endpoint` if they are said."""
    table, _, query = store.removeprefix("dynamodb:").partition("?")
    return table, {name: values[-1] for name, values in parse_qs(query).items()}


def _inner(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
    )


@asynccontextmanager
async def _mapped(
    table: str, where: Mapping[str, str], function: Function, options: GatewayOptions
) -> AsyncIterator[StreamMapping]:
    transport = BotoTransport(partial(boto_client, **where))
    try:
        mapping = StreamMapping(table, transport, function, options.reading)
        async with _running(mapping.run()):
            yield mapping
    finally:
        await transport.close()


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Beside what is done here, until that is done. Should it fail, that is said."""
    task = asyncio.create_task(work)
    task.add_done_callback(_say)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _say(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (failure := task.exception()):
        log.error("the gateway lost a part of itself", exc_info=failure)
