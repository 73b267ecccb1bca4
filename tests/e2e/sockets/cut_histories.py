"""`PYTHONPATH=tests python -m e2e.sockets.cut_histories [HISTORIES [FROM]]`: random histories over the strict gateway, with
a follower who loses his socket behind every event that he is told.

Prints what was played; exits with 1 at the first history of which something was lost or came out of order. The tests play
the first few.
"""

import asyncio
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from e2e.sockets.follower import Follower, Told
from e2e.sockets.following import PROBE, following, until, until_begun
from e2e.sockets.kefu_served import LAMBDA, KefuServed, Served, Shop, shop_at
from histories import play
from kefu.api.node_ids import session_id
from kefu.testing.engines import ENVIRONMENT, Engines, quickest
from kefu.testing.ledger import read_ledger

AT_ONCE = 4
"""Histories side by side: each has a tenant of its own."""

Numbers = dict[str, list[int]]
"""Of events, by session."""


@dataclass(frozen=True, slots=True)
class Played:
    events: int
    sockets: int
    repeated: int


async def cut_behind_every_event(served: Served, seed: int) -> Played:
    """One history. He comes back while it goes on."""
    async with shop_at(served) as shop:
        follower = Follower(shop.served.url, shop.token, is_to_cut=lambda _: True)
        async with following(follower):
            await until_begun(shop, follower)
            await play(shop.desk, shop.call, Random(seed))
            await check_told(shop, follower)
        events = len(follower.known)
        assert follower.sockets >= events
        return Played(events, follower.sockets, len(follower.told) - events)


async def check_told(shop: Shop, follower: Follower) -> None:
    """Waits for everything that was committed; then nothing may be out of order, and nothing be there besides."""
    due = await committed(shop)
    with suppress(TimeoutError):
        await until(lambda: sum(map(len, due.values())) <= sum(map(len, numbers(follower).values())))
    assert numbers(follower) == due


async def committed(shop: Shop) -> Numbers:
    ledger = await read_ledger(shop.desk.store, shop.tenant)
    sessions = {of: ledger.sessions[of].value.session for of in ledger.logs}
    return {
        session_id(shop.tenant, session.ref): [entry.seq for entry in ledger.logs[of]]
        for of, session in sessions.items()
        if session.ref.visitor != PROBE  # he was there before the follower was
    }


def numbers(follower: Follower) -> Numbers:
    """In the order in which each came first."""
    found: Numbers = defaultdict(list)
    for told in _of_the_history(follower.known.values()):
        found[told.session].append(told.seq)
    return dict(found)


def _of_the_history(told: Iterable[Told]) -> Iterable[Told]:
    return (each for each in told if each.visitor != PROBE)


async def cut_all(served: Served, seeds: Iterable[int]) -> list[Played]:
    room = asyncio.Semaphore(AT_ONCE)

    async def cut_one(seed: int) -> Played:
        async with room:
            try:
                return await cut_behind_every_event(served, seed)
            except Exception as error:
                error.add_note(f"history {seed}")
                raise

    async with asyncio.TaskGroup() as histories:
        tasks = [histories.create_task(cut_one(seed)) for seed in seeds]
    return [task.result() for task in tasks]


def main(histories: int = 100, first: int = 0) -> None:
    os.environ.update(ENVIRONMENT)
    started, engines = time.monotonic(), Engines()
    try:
        kefu_served = KefuServed(engines.endpoint(quickest()))
        try:
            played = asyncio.run(cut_all(kefu_served.with_options(*LAMBDA), range(first, first + histories)))
        finally:
            kefu_served.close()
    finally:
        engines.close()
    print(f"{described(played)} in {time.monotonic() - started:.0f} s")  # noqa: T201  a command's outcome


def described(played: list[Played]) -> str:
    events, sockets, repeated = (sum(getattr(each, name) for each in played) for name in Played.__slots__)
    return (
        f"{len(played)} histories, {events} events over {sockets} sockets, cut behind every event: "
        f"0 lost, 0 out of order, {repeated} repeated"
    )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
