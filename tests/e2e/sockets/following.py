"""Followers at work, and when they have begun."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from e2e.sockets.follower import Follower
from e2e.sockets.kefu_served import Shop

LOOK_AGAIN_S = 0.02
PATIENCE_S = 240
BEGUN_WITHIN_S = 3
TRIES = 60
PROBE = "probe"


@asynccontextmanager
async def following(follower: Follower) -> AsyncIterator[Follower]:
    """Until the test is done with it; what broke it fails the test."""
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        is_over = task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert not is_over


async def until_begun(shop: Shop, *followers: Follower) -> None:
    """Nobody tells a client that a subscription has begun; what he is told behind its first event has no gap."""
    for _ in range(TRIES):
        await shop.write(PROBE, "hello")
        with suppress(TimeoutError):
            return await until(lambda: all(each.known for each in followers), BEGUN_WITHIN_S)
    raise AssertionError("a subscription never began")


async def until(holds: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110  what is awaited happens in many tasks
            await asyncio.sleep(LOOK_AGAIN_S)
