"""A gateway before functions of ours, and what they took down."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import websockets

from kefu.local_aws.gateway import LocalGateway, opened_gateway
from kefu.local_aws.options import FunctionOptions, GatewayOptions
from kefu.local_aws.serving import edge, listeners_of, served
from kefu.testing.engines import ENVIRONMENT

PATIENCE_S = 30
LOOK_AGAIN_S = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    gateway: LocalGateway
    http: httpx.AsyncClient
    scratch: Path

    def notes(self) -> list[dict[str, Any]]:
        file = self.scratch / "notes"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def allow(self, name: str) -> None:
        """Lets a function go on that waits for it."""
        (self.scratch / name).touch()

    @asynccontextmanager
    async def socket(self, query: str = "", **options: Any) -> AsyncIterator[websockets.ClientConnection]:
        url = str(self.http.base_url.copy_with(scheme="ws", path="/graphql"))
        async with websockets.connect(f"{url}{query}", compression=None, proxy=None, **options) as socket:
            yield socket

    async def connection_id(self) -> str:
        """Of the socket that was opened last."""
        return str((await self.events("$connect"))[-1]["requestContext"]["connectionId"])

    async def events(self, route: str, count: int = 1) -> list[dict[str, Any]]:
        """What the function of the sockets was called with, when there are so many."""

        def found() -> list[dict[str, Any]]:
            return [each for each in self.notes() if each.get("requestContext", {}).get("routeKey") == route]

        await eventually(lambda: len(found()) >= count)
        return found()


@asynccontextmanager
async def staged(scratch: Path, store: str | None = None, **options: Any) -> AsyncIterator[Stage]:
    environment = {**ENVIRONMENT, "PYTHONPATH": str(Path(__file__).parent), "SCRATCH": str(scratch)}
    given = {**functions(), **options, "environment": environment}
    async with opened_gateway(GatewayOptions(**given), store) as gateway:
        with listeners_of(1) as (sockets, [port]):
            async with (
                served(edge(gateway.app, is_logging=False), sockets),
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as http,
            ):
                yield Stage(gateway=gateway, http=http, scratch=scratch)


def functions() -> dict[str, FunctionOptions]:
    return {name: function(name) for name in ("http", "websocket", "stream", "tick")}


def function(name: str, *, timeout_s: float = 20, processes_max: int = 2) -> FunctionOptions:
    return FunctionOptions(handler=f"functions_of_ours.{name}", timeout_s=timeout_s, processes_max=processes_max)


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110  a condition in another process
            await asyncio.sleep(LOOK_AGAIN_S)
