"""`kefu serve` in a process of its own, plain or as functions behind the strict gateway, over an engine's table."""

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from e2e.plain_transport import PlainTransport
from engines import client
from kefu.desk.bearer_tokens import sign
from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.tenants import create_tenant
from kefu.domain.instants import HOUR
from kefu.domain.session_ref import SessionRef
from kefu.store.dynamodb import DynamoStore
from kefu.store.dynamodb_table import definition
from kefu.testing.engines import ENVIRONMENT, REGION

COMMAND = [sys.executable, "-c", "from kefu.cli import main; main()", "serve", "--port", "0"]
RUNNING = re.compile(r"about to answer at http://(\S+),")
SECRET = "a secret of the tests, long enough to sign with"
STARTED_WITHIN_S = 180
STOPPED_WITHIN_S = 90
LOOK_AGAIN_S = 0.02
ENDED_WELL = {0, -signal.SIGTERM}
"""uvicorn's own way is to die of the signal, when all is tidied up."""

PLAIN: tuple[str, ...] = ()
LAMBDA = ("--lambda", "--processes", "2", "--tick-every", "10")
"""Each tick sweeps the tenants of all tests."""
DISORDERLY = (*LAMBDA, "--shuffle", "--duplicate")

_numbers = itertools.count()


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    url: str
    """Of its sockets."""
    endpoint: str
    table: str
    is_lambda: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Shop:
    """A tenant of its own, written to beside the server: what is tested is how followers are told."""

    served: Served
    desk: Desk
    tenant: str

    @property
    def partner(self) -> Caller:
        return Caller(tenant=self.tenant, role=Role.PARTNER, user_name="crm")

    @property
    def call(self) -> Call:
        return Call(by=self.partner)

    @property
    def token(self) -> str:
        return sign(self.partner, self.desk.clock.now() + HOUR, SECRET)

    async def write(self, visitor: str, text: str) -> SessionRef:
        return (await ingest_message(self.desk, self.call, IncomingMessage(visitor=visitor, text=text))).session


class KefuServed:
    """Each kind of server is started when it is first asked for; all end with `close`."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._running: dict[tuple[str, ...], _Running] = {}

    def with_options(self, *options: str) -> Served:
        if options not in self._running:
            self._running[options] = _Running(self._endpoint, options)
        return self._running[options].served

    def said(self, *options: str) -> str:
        return self._running[options].said()

    def close(self) -> None:
        """A server must end by itself, and well."""
        for running in self._running.values():
            running.end()


class _Running:
    def __init__(self, endpoint: str, options: tuple[str, ...]) -> None:
        table = f"kefu-e2e-{os.getpid()}-{next(_numbers)}"
        client("dynamodb", endpoint).create_table(**definition(table))
        self._folder = TemporaryDirectory()
        self._output = Path(self._folder.name) / "said.txt"
        store = f"dynamodb:{table}?region={REGION}&endpoint={quote(endpoint, safe='')}"
        passed_on = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        with self._output.open("w") as output:
            self._process = subprocess.Popen(  # noqa: S603  a command of this file
                [*COMMAND, "--store", store, *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    **passed_on,
                    **ENVIRONMENT,
                    "KEFU_SECRET": SECRET,
                    "KEFU_BLOBS": "memory:",
                    "PYTHONUNBUFFERED": "1",
                },
                cwd=self._folder.name,
            )
        try:
            url = f"ws://{self._address()}/graphql"
        except BaseException:
            self._clear_away()
            raise
        self.served = Served(url=url, endpoint=endpoint, table=table, is_lambda="--lambda" in options)

    def said(self) -> str:
        return self._output.read_text()

    def end(self) -> None:
        self._process.terminate()
        try:
            status = self._process.wait(STOPPED_WITHIN_S)
            assert status in ENDED_WELL, self.said()[-20_000:]
        finally:
            self._clear_away()

    def _clear_away(self) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def _address(self) -> str:
        deadline = time.monotonic() + STARTED_WITHIN_S
        while not (running := RUNNING.search(self.said())):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"kefu serve did not start:\n{self.said()}")
            time.sleep(LOOK_AGAIN_S)
        return running[1]


@asynccontextmanager
async def shop_at(served: Served) -> AsyncIterator[Shop]:
    store = DynamoStore(served.table, PlainTransport(served.endpoint))
    shop = Shop(served=served, desk=Desk(store=store), tenant=str(20_000 + next(_numbers)))
    try:
        await create_tenant(shop.desk, shop.tenant, "Shop")
        yield shop
    finally:
        await store.close()
