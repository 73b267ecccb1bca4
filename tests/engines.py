"""Engines for tests: each started once per test process, a table of its own for each test."""

import functools
import itertools
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kefu.store.dynamodb import DynamoStore
from kefu.store.dynamodb_table import create_table
from kefu.store.dynamodb_transport import BotoTransport, Transport, boto_client
from kefu.store.port import OutcomeUnknown, Write
from kefu.store.wrapper import StoreWrapper
from kefu.testing import engines
from kefu.testing.engines import REGION, EngineMissing

POLL_S = 0.02
"""An engine takes as many reads of a stream as one likes."""

_numbers = itertools.count()


class Engines(engines.Engines):
    def endpoint(self, name: str) -> str:
        """A missing engine is a skip by name at home and a failure in CI."""
        try:
            return super().endpoint(name)
        except EngineMissing as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(str(missing))
            pytest.skip(str(missing))


@asynccontextmanager
async def table_of_its_own(endpoint: str, transport: Transport | None = None) -> AsyncIterator[DynamoStore]:
    transport = transport or BotoTransport(functools.partial(client, endpoint=endpoint))
    table = f"kefu-{os.getpid()}-{next(_numbers)}"
    await create_table(transport, table)
    store = DynamoStore(table, transport, poll_s=POLL_S)
    yield store
    await store.close()


class PlacedStore(StoreWrapper):
    """Stands at one position until something is written: tests compare positions to know that nothing was.

    DynamoDB's own tell when they were taken, and no two are the same.
    """

    _place: str | None = None

    async def position(self) -> str:
        self._place = self._place or await self.inner.position()
        return self._place

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        try:
            await self.inner.commit(writes, token=token)
        except OutcomeUnknown:
            self._place = None
            raise
        self._place = None


@functools.cache
def client(service: str, endpoint: str | None) -> Any:
    """Shared by all tests of a process: making one takes longer than most tests do."""
    return boto_client(service, region=REGION, endpoint=endpoint)
