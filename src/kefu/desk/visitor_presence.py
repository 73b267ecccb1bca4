"""A visitor is there without writing: kept where a tenant ends the waiting of those who are gone, and nowhere else."""

import asyncio
from contextlib import suppress

from kefu.desk.attempts import commit_alone
from kefu.desk.call import Caller
from kefu.desk.desk import Desk
from kefu.domain.bounds import VISITOR_NOTED_EVERY_MS
from kefu.domain.instants import SECOND
from kefu.records import visitor_presence
from kefu.store.port import StoreError


async def note_visitor(desk: Desk, caller: Caller) -> None:
    """At most twice a minute for each process; a note that is lost is the next one's."""
    now = desk.clock.now()
    if desk.last_seen.was_visitor_noted(caller.tenant, caller.user_name, now):
        return
    with suppress(StoreError):
        timeouts = (await desk.directories.load(desk.store, caller.tenant)).directory.settings.timeouts
        if timeouts.pending_ms is not None:
            await commit_alone(desk, visitor_presence.write(caller.tenant, caller.user_name, now))
        desk.last_seen.noted_visitor(caller.tenant, caller.user_name, now)


async def keep_noting(desk: Desk, caller: Caller) -> None:
    """For as long as his socket is open."""
    while True:
        await note_visitor(desk, caller)
        await asyncio.sleep(VISITOR_NOTED_EVERY_MS / SECOND)
