"""EventBridge's rule: an event at every beat."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from kefu.local_aws.functions import Function, FunctionFailed, TooBusy
from kefu.local_aws.http_events import ACCOUNT

log = logging.getLogger(__name__)


async def keep_ticking(function: Function, every_s: float) -> None:
    """A beat that takes longer than its time is not waited for: the next may run beside it, as on AWS."""
    beats: set[asyncio.Task[None]] = set()
    try:
        while True:
            await asyncio.sleep(every_s)
            beat = asyncio.create_task(_tick(function))
            beats.add(beat)
            beat.add_done_callback(beats.discard)
    finally:
        for beat in beats:
            beat.cancel()


async def _tick(function: Function) -> None:
    try:
        await function.invoke(tick_event(event_id=str(uuid4()), now=datetime.now(UTC)))
    except (FunctionFailed, TooBusy) as failure:
        log.warning("a tick failed: %r", failure)


def tick_event(*, event_id: str, now: datetime) -> dict[str, Any]:
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "local",
        "resources": [f"arn:aws:events:local:{ACCOUNT}:rule/kefu-tick"],
        "detail": {},
    }
