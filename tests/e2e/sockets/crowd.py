"""`PYTHONPATH=tests python -m e2e.sockets.crowd`: 200 sockets of one tenant, with a fifth of them killed and without.

Prints what it measured; exits with 1 if the dead cost the living more than twice the time. The tests play one crowd, and
hold only what was told, for how long it took depends on who else uses the machine.
"""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from random import Random

from e2e.sockets.follower import Follower, Told
from e2e.sockets.following import following, until_begun
from e2e.sockets.kefu_served import LAMBDA, KefuServed, Served, Shop, shop_at
from kefu.testing.engines import ENVIRONMENT, Engines, quickest

SOCKETS = 200
AT_ONCE = 20
"""Sockets are opened so many at a time: one that waits too long for its turn to say who it is would be closed."""
EVENTS = 50
BURST = 5
KILLED = SOCKETS // 5
RATIO_MAX = 2.0
PAIRS_MAX = 3
"""On a shared machine either run may be slowed by somebody else, so both are run back to back, and the best pair counts:
what the dead cost the living is there in every pair."""
PATIENCE_S = 300


@dataclass(slots=True)
class Crowd:
    """Writes events in bursts, each when the living were told the one before, and takes the time."""

    shop: Shop
    dice: Random
    followers: list[Follower] = field(default_factory=list)
    dead: set[int] = field(default_factory=set)
    took_s: list[float] = field(default_factory=list)
    _written_at: dict[str, float] = field(default_factory=dict)
    _awaited: set[tuple[int, str]] = field(default_factory=set)
    _is_told: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, tasks: AsyncExitStack, kills: int) -> None:
        for start in range(0, SOCKETS, AT_ONCE):
            arrivals = [self._follower(number) for number in range(start, start + AT_ONCE)]
            for each in arrivals:
                await tasks.enter_async_context(following(each))
            await until_begun(self.shop, *arrivals)
            self.followers += arrivals
        await self._burst(range(-BURST, 0), [])  # wakes what is cold
        self.took_s.clear()
        doomed = self.dice.sample(range(SOCKETS), kills)
        for start in range(0, EVENTS, BURST):
            dying = doomed[start * kills // EVENTS : (start + BURST) * kills // EVENTS]
            await self._burst(range(start, start + BURST), dying)

    def missed(self) -> list[int]:
        """Living sockets that were not told exactly what was written, in order."""
        due = [f"message {number}" for number in range(EVENTS)]
        return [number for number, each in self._living() if [text for text in texts(each) if text in due] != due]

    def repeated(self) -> int:
        return sum(len(each.told) - len(each.known) for _, each in self._living())

    def came_back(self) -> int:
        return sum(each.sockets - 1 for _, each in self._living())

    def p95_s(self) -> float:
        return sorted(self.took_s)[len(self.took_s) * 95 // 100]

    async def _burst(self, events: Sequence[int], dying: Sequence[int]) -> None:
        written = [f"message {number}" for number in events]
        killed = dict(zip(self.dice.choices(written, k=len(dying)), dying, strict=False))
        self._awaited = {(number, text) for number, _ in self._living() for text in written}
        self._is_told.clear()
        for text in written:
            self._written_at[text] = time.monotonic()
            await self.shop.write("V", text)
            if text in killed:
                self._kill(killed[text])
        for number in set(dying) - self.dead:
            self._kill(number)
        async with asyncio.timeout(PATIENCE_S):
            await self._is_told.wait()

    def _kill(self, number: int) -> None:
        self.dead.add(number)
        self.followers[number].cut()
        self._awaited = {each for each in self._awaited if each[0] != number}

    def _living(self) -> list[tuple[int, Follower]]:
        return [(number, each) for number, each in enumerate(self.followers) if number not in self.dead]

    def _follower(self, number: int) -> Follower:
        def hear(told: Told) -> None:
            if (number, told.text) in self._awaited:
                self._awaited.discard((number, told.text))
                self.took_s.append(time.monotonic() - self._written_at[told.text])
                if not self._awaited:
                    self._is_told.set()

        async def stay_away() -> None:
            if number in self.dead:
                await asyncio.Event().wait()

        return Follower(self.shop.served.url, self.shop.token, at_news=hear, at_loss=stay_away)


def texts(follower: Follower) -> list[str]:
    return [told.text for told in follower.known.values()]


async def crowd_at(served: Served, seed: int, kills: int) -> Crowd:
    async with shop_at(served) as shop, AsyncExitStack() as tasks:
        crowd = Crowd(shop, Random(seed))
        await crowd.run(tasks, kills)
        return crowd


def described(crowd: Crowd) -> str:
    return (
        f"{SOCKETS} sockets, {len(crowd.dead)} killed: {EVENTS} events, 95 % told within {crowd.p95_s():.3f} s, "
        f"{crowd.repeated()} repeated, {crowd.came_back()} came back"
    )


async def ratio_of(served: Served, pair: int) -> float:
    """The 95th percentile with a fifth killed, against that of a clean run. Raises `AssertionError` if one was not told."""
    clean, thinned = [await crowd_at(served, pair, kills) for kills in (0, KILLED)]
    for each in (clean, thinned):
        print(described(each))  # noqa: T201  a command's outcome
        assert each.missed() == []
    return thinned.p95_s() / clean.p95_s()


def main() -> None:
    os.environ.update(ENVIRONMENT)
    ratios: list[float] = []
    with closing(Engines()) as engines, closing(KefuServed(engines.endpoint(quickest()))) as kefu_served:
        served = kefu_served.with_options(*LAMBDA)
        while len(ratios) < PAIRS_MAX and min(ratios, default=RATIO_MAX + 1) > RATIO_MAX:
            ratios.append(asyncio.run(ratio_of(served, len(ratios))))
            print(f"ratio {ratios[-1]:.2f}")  # noqa: T201  as above
    sys.exit(1 if min(ratios) > RATIO_MAX else 0)


if __name__ == "__main__":
    main()
