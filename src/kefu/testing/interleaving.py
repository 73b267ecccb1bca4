"""Requests interleaved at every call they make to the store, under a choice that can be repeated.

Every store call is a turn: the request parks there until it is chosen. Nothing else waits for real, so between
two turns everything runs as far as it can, and the choices alone make the history.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any, NamedTuple, TypeVar

from kefu.domain.instants import Instant
from kefu.store.port import (
    Key,
    Order,
    Page,
    Record,
    Span,
    Store,
    Write,
)
from kefu.store.wrapper import StoreWrapper
from kefu.testing.turn_loop import TurnLoop

T = TypeVar("T")

_request: ContextVar[str] = ContextVar("request", default="")


class TurnKind(Enum):
    READ = "read"
    COMMIT = "commit"
    PAUSE = "pause"
    """Between two calls: the way of an answer back, a sleep. What others do then does not matter to it."""


class Turn(NamedTuple):
    request: str
    kind: TurnKind
    what: str

    def commutes_with(self, other: "Turn") -> bool:
        kinds = {self.kind, other.kind}
        return TurnKind.PAUSE in kinds or kinds == {TurnKind.READ}


class Crashed(Exception):
    """The request died at this turn, as a process that is killed."""


@dataclass(slots=True)
class _Parked:
    turn: Turn
    door: asyncio.Future[None]


@dataclass(slots=True)
class Interleaver:
    """Runs requests side by side, one turn at a time.

    `choose` gets the turns that could be next and answers with the index of one. A fan-out of one request is
    several turns, unless `whole_fan_outs`: then all that a request has parked goes on together.
    """

    choose: Callable[[Sequence[Turn]], int]
    whole_fan_outs: bool = False
    crashes: Callable[[Turn], bool] = lambda _: False
    history: list[Turn] = field(default_factory=list)
    is_on: bool = False
    """Whether requests run side by side; before and after, no call is a turn."""
    _parked: list[_Parked] = field(default_factory=list)

    def request(self) -> str:
        """The request that runs."""
        return _request.get()

    async def turn(self, kind: TurnKind, what: str) -> None:
        """A call to the store is about to be made by the request that runs."""
        if not self.is_on:
            return
        parked = _Parked(Turn(_request.get(), kind, what), asyncio.get_running_loop().create_future())
        self._parked.append(parked)
        try:
            await parked.door
        finally:
            if parked in self._parked:  # stopped before its turn came
                self._parked.remove(parked)

    async def run(self, requests: Mapping[str, Coroutine[Any, Any, Any]]) -> dict[str, object]:
        """Each request's result, or the exception it ended with."""
        self.is_on = True
        tasks = {name: asyncio.create_task(_named(name, request)) for name, request in requests.items()}
        try:
            await self._until_done(list(tasks.values()))
        finally:
            self.is_on = False
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
        return {name: task.exception() or task.result() for name, task in tasks.items()}

    async def _until_done(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        while True:
            await _settled()
            if not self._parked:
                assert all(task.done() for task in tasks), "a request waits for something that is no turn"
                return
            self._release(self._parked[self._choose()])

    def _choose(self) -> int:
        if not self.whole_fan_outs:
            return self.choose([each.turn for each in self._parked])
        first_of: dict[str, int] = {}
        for index, each in enumerate(self._parked):
            first_of.setdefault(each.turn.request, index)
        firsts = list(first_of.values())
        return firsts[self.choose([self._parked[index].turn for index in firsts])]

    def _release(self, chosen: _Parked) -> None:
        going = [chosen]
        if self.whole_fan_outs:
            going = [each for each in self._parked if each.turn.request == chosen.turn.request]
        dies = self.crashes(chosen.turn)
        for each in going:
            self._parked.remove(each)
            self.history.append(each.turn)
            if dies:
                each.door.set_exception(Crashed(each.turn.what))
            else:
                each.door.set_result(None)


async def _named(name: str, request: Coroutine[Any, Any, T]) -> T:
    _request.set(name)
    return await request


async def _settled() -> None:
    """Lets every task run until it parks or ends: the loop's queue of ready callbacks runs empty."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, TurnLoop):
        await loop.quiet()
        return
    await asyncio.sleep(0)
    while loop._ready:  # type: ignore[attr-defined]  # noqa: ASYNC110, SLF001  asyncio tells it nowhere else
        await asyncio.sleep(0)


class TurnStore(StoreWrapper):
    """A store whose every call is a turn, and whose commits have a second one: the way of the answer back."""

    def __init__(self, inner: Store, turns: Interleaver) -> None:
        super().__init__(inner)
        self._turns = turns

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        if self._turns.is_on:
            await self._turns.turn(TurnKind.READ, "get " + " ".join(f"{key.partition}/{key.sort}" for key in keys))
        return await self.inner.get(keys)

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        if self._turns.is_on:
            await self._turns.turn(TurnKind.READ, f"scan {partition} {span.after}")
        return await self.inner.scan(partition, span, order)

    async def count(self, partition: str, span: Span) -> int:
        if self._turns.is_on:
            await self._turns.turn(TurnKind.READ, f"count {partition}")
        return await self.inner.count(partition, span)

    async def listing(self, index: str, span: Span) -> Page:
        if self._turns.is_on:
            await self._turns.turn(TurnKind.READ, f"listing {index}")
        return await self.inner.listing(index, span)

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        if self._turns.is_on:
            written = " ".join(f"{type(write).__name__}:{write.key.partition}/{write.key.sort}" for write in writes)
            await self._turns.turn(TurnKind.COMMIT, f"commit {written}")
        await self.inner.commit(writes, token=token)
        await self._turns.turn(TurnKind.PAUSE, "committed")


class TurnClock:
    """Virtual time: a millisecond a turn. To sleep is to wait for another turn."""

    def __init__(self, turns: Interleaver, start: Instant) -> None:
        self._turns = turns
        self._start = start
        self._slept = 0

    def now(self) -> Instant:
        return self._start + len(self._turns.history) + self._slept

    def advance(self, milliseconds: int) -> None:
        self._slept += milliseconds

    async def sleep(self, seconds: float) -> None:
        self._slept += round(seconds * 1_000)
        await self._turns.turn(TurnKind.PAUSE, "sleep")


def by_dice(random: Random) -> Callable[[Sequence[Turn]], int]:
    return lambda turns: random.randrange(len(turns))


def by_priority(random: Random, change_rate: float = 0.12) -> Callable[[Sequence[Turn]], int]:
    """Lets one request run on while others stand still, for a while: most lost races need few switches.

    After probabilistic concurrency testing (Burckhardt and others, A Randomized Scheduler with Probabilistic
    Guarantees of Finding Bugs, 2010): every request has a random priority, and now and then the first loses its.
    """
    priorities: dict[str, float] = {}

    def choose(turns: Sequence[Turn]) -> int:
        for turn in turns:
            priorities.setdefault(turn.request, random.random())
        first = max({turn.request for turn in turns}, key=lambda request: (priorities[request], request))
        if random.random() < change_rate:
            priorities[first] = -random.random()
        return random.choice([index for index, turn in enumerate(turns) if turn.request == first])

    return choose


async def every_history(
    play: Callable[[Callable[[Sequence[Turn]], int]], Awaitable[None]], *, histories_max: int
) -> int:
    """Plays every history of a few requests that differs in what somebody read or in the order of commits.

    `play` runs the requests from the same start with the `choose` it is given. Two reads commute, so of the
    histories that differ only in their order one is played: a depth-first search with sleep sets (Godefroid,
    Partial-Order Methods for the Verification of Concurrent Systems, 1996, chapter 5). Returns how many.
    """
    path: list[_Node] = []
    played = 0
    while True:
        search = _Search(path)
        try:
            await play(search.choose)
        except _Redundant:
            pass
        else:
            played += 1
        assert played <= histories_max, f"more than {histories_max} histories"
        while path and not path[-1].turns_left():
            path.pop()
        if not path:
            return played
        path[-1].next()


class _Redundant(Exception):
    """Everything that could come next was played already elsewhere."""


@dataclass(slots=True)
class _Node:
    turns: list[Turn]
    asleep: set[Turn]
    """Turns that lead only to histories played before."""
    chosen: int = -1
    done: list[Turn] = field(default_factory=list)

    def turns_left(self) -> bool:
        return any(
            turn not in self.asleep and turn not in self.done for turn in self.turns if turn != self.turns[self.chosen]
        )

    def next(self) -> None:
        if self.chosen >= 0:
            self.done.append(self.turns[self.chosen])
        self.chosen = next(
            index for index, turn in enumerate(self.turns) if turn not in self.asleep and turn not in self.done
        )

    def asleep_behind(self) -> set[Turn]:
        chosen = self.turns[self.chosen]
        return {turn for turn in (*self.asleep, *self.done) if turn.commutes_with(chosen)}


@dataclass(slots=True)
class _Search:
    path: list[_Node]
    depth: int = 0

    def choose(self, turns: Sequence[Turn]) -> int:
        if self.depth == len(self.path):
            self._deepen(turns)
        node = self.path[self.depth]
        self.depth += 1
        return node.chosen

    def _deepen(self, turns: Sequence[Turn]) -> None:
        asleep = self.path[-1].asleep_behind() if self.path else set()
        node = _Node(list(turns), asleep & set(turns))
        if all(turn in node.asleep for turn in node.turns):
            raise _Redundant
        node.next()
        self.path.append(node)
