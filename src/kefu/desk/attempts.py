"""The one retry: a refused commit means that the world moved, so read and decide again."""

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from kefu.desk.desk import Desk
from kefu.domain.bounds import ATTEMPTS_MAX
from kefu.domain.refusals import Declined, RefusalCode
from kefu.records import keys
from kefu.store.port import Conflict, OutcomeUnknown, StoreError, Throttled, Write

T = TypeVar("T")

log = logging.getLogger("kefu.desk")

_CONFLICT_PAUSE_S = 0.012
_THROTTLED_PAUSE_S = 0.035
_PAUSE_MAX_S = 0.250


async def attempt(desk: Desk, step: Callable[[Desk, int], Awaitable[T]]) -> T:
    """`step` (read, decide, commit) until it is through; it gets a desk to read by, and how many claims it lost.

    Raises `Declined` with BUSY when it lost too often: nothing was done, the caller may repeat.
    """
    lost = 0
    for tries in range(ATTEMPTS_MAX):
        try:
            with desk.one_step() as own:
                return await step(own, lost)
        except Conflict as conflict:
            lost += _is_lost_claim(conflict)
            await _pause(desk, _CONFLICT_PAUSE_S, tries)
        except Throttled:
            await _pause(desk, _THROTTLED_PAUSE_S, tries)
    raise Declined(RefusalCode.BUSY, "Too many requests want the same at once. Nothing was done: send it again.")


def _is_lost_claim(conflict: Conflict) -> bool:
    """Others want the same agent, or the store cannot say."""
    return not conflict.keys or any(keys.is_agent(key) for key in conflict.keys)


@contextmanager
def left_to_the_next_look() -> Iterator[None]:
    """For what follows a commit: if it does not come through, the next event or the sweep does it.

    The caller's own work is done, so he is not told to send it again.
    """
    try:
        yield
    except Declined as declined:
        if declined.code is not RefusalCode.BUSY:
            raise
        log.warning("a look gave up; the next one goes on")
    except StoreError:
        log.warning("a look did not come through; the next one goes on", exc_info=True)


async def commit(desk: Desk, writes: Sequence[Write]) -> None:
    """One atomic commit; a lost answer is asked for again with the same token, until it is known.

    Raises `Conflict` and `Throttled` for `attempt`, `OutcomeUnknown` if the store stays silent: once an answer
    was lost, a throttled repetition says nothing about the first try.
    """
    token = desk.new_id(desk.clock.now())
    lost: OutcomeUnknown | None = None
    for silent in range(ATTEMPTS_MAX):
        try:
            return await desk.store.commit(writes, token=token)
        except OutcomeUnknown as unknown:
            lost = unknown
        except Throttled:
            if lost is None:
                raise
        await _pause(desk, _THROTTLED_PAUSE_S, silent)
    raise OutcomeUnknown from lost


async def commit_alone(desk: Desk, write: Write) -> None:
    """One write without a token, at half the price where that is billed; for a caller who knows his own work again.

    Raises `Conflict` and `Throttled` for `attempt`; `Conflict` also if the answer was lost: read again, and see.
    """
    try:
        await desk.store.commit([write], token=None)
    except OutcomeUnknown as unknown:
        raise Conflict([write.key]) from unknown


async def _pause(desk: Desk, first_s: float, times: int) -> None:
    await desk.clock.sleep(desk.random.uniform(0, min(_PAUSE_MAX_S, first_s * 2**times)))
