"""A transport that counts what the desk asks of DynamoDB: round trips, units and items, all exact."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from kefu.store.dynamodb_items import ATTRIBUTES
from kefu.store.dynamodb_transport import Answer, Request, Transport

ALONE = {"UpdateItem": "Update", "DeleteItem": "Delete"}
"""What a write outside any transaction would be called within one."""
COMMITS = frozenset({"TransactWriteItems", *ALONE})
COUNTED = frozenset({"BatchGetItem", "GetItem", "Query", "TransactGetItems", *COMMITS})
"""All that a request of the desk waits for. A stream is read in the background."""

OPERATION: ContextVar[str] = ContextVar("operation", default="")
"""Which operation of the desk a call belongs to."""

_QUIET_TURNS = 100
"""So many turns of the loop without a new call mean that nothing more can start before an answer comes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    call: str
    operation: str
    wave: int
    read_units: float = 0
    table_write_units: float = 0
    index_write_units: float = 0
    items: int = 0
    largest_item_bytes: int = 0
    """Of the items that a commit puts, as they will lie in the table."""
    was_refused: bool = False
    """It was answered with an error. AWS tells no units then, and bills them all the same."""


@dataclass(slots=True)
class Tally:
    calls: list[Counted] = field(default_factory=list)

    @property
    def round_trips(self) -> int:
        return len({call.wave for call in self.calls})

    @property
    def read_units(self) -> float:
        return sum(call.read_units for call in self.calls)

    @property
    def table_write_units(self) -> float:
        return sum(call.table_write_units for call in self.calls)

    @property
    def index_write_units(self) -> float:
        return sum(call.index_write_units for call in self.calls)

    @property
    def write_units(self) -> float:
        return self.table_write_units + self.index_write_units

    @property
    def items_per_commit(self) -> list[int]:
        return [call.items for call in self.calls if call.call in COMMITS]

    @property
    def largest_item_bytes(self) -> int:
        return max((call.largest_item_bytes for call in self.calls), default=0)

    @property
    def trace(self) -> str:
        """The calls of each round trip, in order."""
        waves: dict[int, list[str]] = {}
        for call in self.calls:
            waves.setdefault(call.wave, []).append(f"{call.call}({call.items})")
        return " → ".join(" + ".join(sorted(calls)) for calls in waves.values())


class Waves:
    """Holds every answer back until all that could be asked without it has been asked and answered.

    So calls go out in waves, and the number of waves is the number of sequential round trips: it follows from what
    waits for what alone, never from how long an engine took.
    """

    def __init__(self) -> None:
        self._number = 0
        self._started = 0
        self._running = 0
        self._over = asyncio.Event()
        self._ending: asyncio.Task[None] | None = None

    def join(self) -> int:
        self._started += 1
        self._running += 1
        return self._number

    async def wait_for_the_others(self) -> None:
        self._running -= 1
        over = self._over
        if self._running == 0:
            self._ending = asyncio.create_task(self._end())
        await over.wait()

    async def _end(self) -> None:
        started = self._started
        for _ in range(_QUIET_TURNS):
            await asyncio.sleep(0)
            if self._started != started:
                return  # the wave was not over; its last call ends it
        self._number += 1
        self._over.set()
        self._over = asyncio.Event()


class CountingTransport:
    def __init__(self, inner: Transport, *, in_waves: bool = True) -> None:
        self._inner = inner
        self._waves = Waves() if in_waves else None
        self._tally = Tally()

    @contextmanager
    def counting(self) -> Iterator[Tally]:
        """What is called within. One at a time."""
        self._tally = Tally()
        yield self._tally

    async def call(self, operation: str, request: Request) -> Answer:
        if operation not in COUNTED:
            return await self._inner.call(operation, request)
        wave = self._waves.join() if self._waves else 0
        tally = self._tally
        answer: Answer = {}
        try:
            answer = await self._inner.call(operation, {**request, "ReturnConsumedCapacity": "INDEXES"})
        finally:
            tally.calls.append(_counted(operation, wave, request, answer))
            if self._waves:
                await self._waves.wait_for_the_others()
        return answer

    async def close(self) -> None:
        await self._inner.close()


def _counted(operation: str, wave: int, request: Request, answer: Answer) -> Counted:
    told = answer.get("ConsumedCapacity", [])
    consumed = told if isinstance(told, list) else [told]
    if operation in COMMITS:
        actions = [{ALONE[operation]: request}] if operation in ALONE else request["TransactItems"]
        return Counted(
            call=operation,
            operation=OPERATION.get(),
            wave=wave,
            table_write_units=sum(each["Table"]["CapacityUnits"] for each in consumed),
            index_write_units=sum(_index_units(each) for each in consumed),
            items=len(actions),
            largest_item_bytes=max(_item_bytes(action["Update"]) if "Update" in action else 0 for action in actions),
            was_refused=not answer,
        )
    found = answer.get("Responses") or {}
    items = answer.get("Count", sum(len(each) for each in found.values()) if isinstance(found, Mapping) else len(found))
    return Counted(
        call=operation,
        operation=OPERATION.get(),
        wave=wave,
        read_units=sum(each["CapacityUnits"] for each in consumed),
        items=items,
        was_refused=not answer,
    )


def _index_units(consumed: Mapping[str, Any]) -> float:
    kinds = ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
    units: float = sum(index["CapacityUnits"] for kind in kinds for index in consumed.get(kind, {}).values())
    return units


def _item_bytes(update: Mapping[str, Any]) -> int:
    """The item as an update of the store leaves it, by AWS's rule: names and values in UTF-8."""
    key = {name: value["S"] for name, value in update["Key"].items()}
    put = {
        ATTRIBUTES[f"#{alias[1:]}"]: next(iter(value.values()))
        for alias, value in update["ExpressionAttributeValues"].items()
        if f"#{alias[1:]}" in ATTRIBUTES
    }
    texts = [text for pair in (key | put | {"version": "1"}).items() for text in pair]
    return sum(len(text.encode()) for text in texts)
