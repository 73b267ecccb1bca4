"""The real graphql-ws client, in a Node of its own."""

import asyncio
import os
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from kefu.testing.subprocesses import end

SCRIPT = Path(__file__).with_name("graphql_ws_client.mjs")
INSTALLED = Path(__file__).parents[3] / "build" / "clients"
PATIENCE_S = 240
KEEP_ALIVE_MS = 1_000
LINE_BYTES_MAX = 1 << 20


@dataclass(slots=True)
class GraphqlWs:
    """What it was told, and what it has seen since."""

    _process: Process
    seen: list[dict[str, Any]] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _has_ended: bool = False

    async def does(self, deed: str, **given: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(msgspec.json.encode({"deed": deed, **given}) + b"\n")
        await self._process.stdin.drain()

    def told(self, name: str) -> list[dict[str, Any]]:
        """Payloads of a subscription, as they came."""
        return [each["told"] for each in self.seen if each["is"] == "next" and each["name"] == name]

    def count(self, what: str) -> int:
        return sum(each["is"] == what for each in self.seen)

    async def until(self, holds: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
        """Raises `TimeoutError`; fails at once if a subscription ended in an error."""
        async with asyncio.timeout(within_s), self._news:
            await self._news.wait_for(lambda: self._has_ended or self._errors() or holds())
        assert not self._errors(), self._errors()
        assert holds(), "the client has ended"

    async def listen(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            async with self._news:
                self.seen.append(msgspec.json.decode(line))
                self._news.notify_all()
        async with self._news:
            self._has_ended = True
            self._news.notify_all()

    def _errors(self) -> list[dict[str, Any]]:
        return [each for each in self.seen if each["is"] == "error"]


@asynccontextmanager
async def graphql_ws(url: str, token: str) -> AsyncIterator[GraphqlWs]:
    process = await asyncio.create_subprocess_exec(
        _node(), str(_installed()), stdin=PIPE, stdout=PIPE, limit=LINE_BYTES_MAX
    )
    node = GraphqlWs(process)
    listening = asyncio.create_task(node.listen())
    try:
        await node.does("open", url=url, token=token, keepAliveMs=KEEP_ALIVE_MS)
        yield node
        assert process.stdin
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        try:
            await listening
        finally:
            await end(process)


def _node() -> str:
    return shutil.which("node") or _is_missing("Node is not installed: it runs the graphql-ws client")


def _installed() -> Path:
    """The script beside the packages: Node looks for them from there."""
    if not (INSTALLED / "node_modules" / "graphql-ws").exists():
        _is_missing("graphql-ws is not installed: make build/clients/installed")
    copy = INSTALLED / SCRIPT.name
    if not copy.exists() or copy.read_bytes() != SCRIPT.read_bytes():
        fresh = copy.with_suffix(f".{os.getpid()}")
        shutil.copy(SCRIPT, fresh)
        fresh.replace(copy)
    return copy


def _is_missing(say: str) -> NoReturn:
    """A skip by name at home and a failure in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(say)
    pytest.skip(say)
