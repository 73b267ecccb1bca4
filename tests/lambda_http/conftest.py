"""The fixtures of tests/api, with the Lambda handler where uvicorn is there."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import pytest

from api.conftest import company, rival, stage
from api.serving import Server
from kefu.entrypoints.container import Container
from kefu.entrypoints.lambda_http import http_handler
from lambda_http.gateway_events import DOMAIN, GatewayTransport

__all__ = ["company", "rival", "stage"]

SECRET = "a secret of the tests, long enough to sign with"

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class ServerlessServer(Server):
    """A container and the one thread it lives in."""

    container: Container
    thread: Executor

    async def inside(self, work: Coroutine[Any, Any, R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self.thread, self.container.run, work)


@pytest.fixture(scope="session")
def server() -> Iterator[ServerlessServer]:
    container = Container({"KEFU_STORE": "memory:", "KEFU_SECRET": SECRET})
    with ThreadPoolExecutor(1) as thread:
        yield ServerlessServer(
            url=f"https://{DOMAIN}",
            secret=SECRET,
            desk=thread.submit(lambda: container.desk).result(),
            loop=container.loop,
            container=container,
            thread=thread,
        )
        thread.submit(container.close).result()


@pytest.fixture
async def http(server: ServerlessServer) -> AsyncIterator[httpx.AsyncClient]:
    transport = GatewayTransport(http_handler(server.container), server.thread)
    async with httpx.AsyncClient(base_url=server.url, transport=transport) as http:
        yield http
