"""The table's stream: what was committed reaches its subscribers, and webhooks.

Records are taken up in order. The first that fails is named, and the stream comes back with it and all behind it, until it
is too old: then it ends in the mapping's dead-letter queue. One that nobody can read is passed over.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from kefu.entrypoints.socket_container import CONTAINER, SocketContainer
from kefu.feed.webhooks import Courier, take, tell_in_peace
from kefu.gateway.fan_out import FanOut, Unreadable
from kefu.store.dynamodb_items import key_of, record_of
from kefu.store.port import Change

Event: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[Event, Any], dict[str, Any]]

LAST_MS = 10_000
"""Of a handler's time, kept for what is on its way to sockets; of a short time its half."""

WEBHOOKS_S = 8
"""So long a batch waits for webhooks when all else is done. What is under way then, the tick takes up again."""

log = logging.getLogger("kefu.gateway")


def stream_handler(container: SocketContainer) -> Handler:
    def handle(event: Event, context: Any) -> dict[str, Any]:
        def left_ms() -> int:
            left: int = context.get_remaining_time_in_millis()
            return left

        last_ms = min(LAST_MS, left_ms() // 2)
        records = event["Records"]
        fan_out = FanOut(container.gateway, container.journal)
        failed = container.run(_tell(fan_out, container.courier, records, lambda: left_ms() > last_ms))
        failures = [] if failed is None else [{"itemIdentifier": records[failed]["dynamodb"]["SequenceNumber"]}]
        return {"batchItemFailures": failures}

    if container.is_starting:
        _ = container.gateway
    return handle


async def _tell(
    fan_out: FanOut, courier: Courier | None, records: Sequence[Event], has_time: Callable[[], bool]
) -> int | None:
    """The number of the first record that is to come again."""
    taken: list[int] = []
    lanes: list[asyncio.Task[None]] = []
    for number, record in enumerate(records):
        if not has_time():
            break
        try:
            change = _change(record)
            taken.append(number)
            await fan_out.take(change)
            if courier:
                claims = await take(courier, change)
                lanes += [asyncio.create_task(tell_in_peace(courier, claimed)) for claimed in claims]
        except Unreadable:  # it would stop all behind it until it is too old
            log.exception("record %s of the stream is passed over: nobody can read it", record.get("eventID"))
        except Exception:  # whatever is wrong with one record, those before it are told, and it is named
            log.exception("record %s of the stream failed", record.get("eventID"))
            break
    else:
        number = len(records)
    untold = await fan_out.finished()
    await _wait_for(lanes)
    first = number if untold is None else min(taken[untold], number)
    return first if first < len(records) else None


async def _wait_for(lanes: Sequence[asyncio.Task[None]]) -> None:
    """Not for ever: who follows by a socket does not wait for a webhook that hangs."""
    if lanes:
        await asyncio.wait(lanes, timeout=WEBHOOKS_S)
    for lane in lanes:
        lane.cancel()
    await asyncio.gather(*lanes, return_exceptions=True)


def _change(record: Event) -> Change:
    """Raises `Unreadable`."""
    told = record["dynamodb"]
    try:
        before, after = (record_of(told[image]) if told.get(image) else None for image in ("OldImage", "NewImage"))
        return Change(str(told["SequenceNumber"]), key_of(told["Keys"]), before, after)
    except (KeyError, ValueError) as nonsense:
        raise Unreadable from nonsense


handler = stream_handler(CONTAINER)
