"""Calls that come again: the result lies in the very commit of the work, so that both happen or neither."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from kefu.dataclass import dataclass
from kefu.desk.attempts import attempt, commit, left_to_the_next_look
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.domain.instants import DAY, HOUR, Instant
from kefu.domain.refusals import Declined, Refusal, RefusalCode
from kefu.records import keys
from kefu.records.codec import Codec
from kefu.store.port import Expect, Put, Record, Write

R = TypeVar("R")

KEPT_MS = DAY + HOUR


@dataclass(frozen=True, kw_only=True, slots=True)
class DoneBefore:
    fingerprint: str
    result: str
    expires_at: Instant


_done = Codec(DoneBefore)


async def attempt_once(
    desk: Desk, call: Call, results: Codec[R], step: Callable[[Desk, int], Awaitable[R]]
) -> tuple[R, bool]:
    """`step` with the one retry, unless this very call was done before: then its first result, and True.

    Raises `Declined` with IDEMPOTENCY_MISMATCH if the key stood for another call.
    """

    async def unless_done(desk: Desk, lost: int) -> tuple[R, bool]:
        done = await _done_before(desk, call)
        try:
            return (results.decode(done.result), True) if done else (await step(desk, lost), False)
        except Refusal:
            # Its twin may have done it meanwhile, and that is what stands in the way.
            done = await _done_before(desk.for_one_query(), call)
            if done is None:
                raise
            return results.decode(done.result), True

    return await attempt(desk, unless_done)


def mark(call: Call, results: Codec[R], result: R, now: Instant) -> list[Write]:
    """What the commit of the work must carry; nothing if the call cannot come again."""
    return [_put(call, results, result, now, Expect.ABSENT)] if call.once else []


async def keep(desk: Desk, call: Call, results: Codec[R], result: R) -> R:
    """For a call that found nothing to do: its key stands for it all the same."""
    if call.once:
        await commit(desk, mark(call, results, result, desk.clock.now()))
    return result


async def done_before(desk: Desk, call: Call, results: Codec[R]) -> R | None:
    """The first result of this very call, if it was made before. Raises `Declined` as `attempt_once`."""
    done = await attempt(desk, lambda desk, _: _done_before(desk, call))
    return results.decode(done.result) if done else None


async def amend(desk: Desk, call: Call, results: Codec[R], result: R) -> None:
    """The result with what the looks after the commit added to it."""
    if call.once:
        write = _put(call, results, result, desk.clock.now(), Expect.ANY)
        with left_to_the_next_look():
            await attempt(desk, lambda desk, _: commit(desk, [write]))


async def _done_before(desk: Desk, call: Call) -> DoneBefore | None:
    if call.once is None:
        return None
    [record] = await desk.store.get([keys.idempotent_result(call.tenant, call.once.key)])
    done = _done.decode(record.value) if record else None
    if done is None:
        return None
    if done.fingerprint != call.once.fingerprint:
        raise Declined(
            RefusalCode.IDEMPOTENCY_MISMATCH,
            "This clientMutationKey was used for another call. Use a new key for a new call.",
            "clientMutationKey",
        )
    return done


def _put(call: Call, results: Codec[R], result: R, now: Instant, expect: Expect) -> Write:
    assert call.once is not None  # noqa: S101  callers ask first
    done = DoneBefore(fingerprint=call.once.fingerprint, result=results.encode(result), expires_at=now + KEPT_MS)
    key = keys.idempotent_result(call.tenant, call.once.key)
    return Put(Record(key=key, value=_done.encode(done), expires_at=done.expires_at), expect)
