"""Telling a polling client what is new: each log entry once, and to its latest poll alone.

What was told lies in a record, so that polls may come to any process. Telling is a commit that expects the record
as the poll claimed it: of two polls one gets the entries, never both.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from kefu.dataclass import dataclass
from kefu.desk.attempts import attempt, commit
from kefu.desk.call import Caller
from kefu.desk.desk import Desk
from kefu.domain.bounds import ENTRIES_TOLD_MAX, PAGES_TOLD_MAX, READS_TOLD_MAX, SESSIONS_TOLD_PAGE, SKIPPED_MAX
from kefu.domain.channel import Channel
from kefu.domain.instants import SECOND
from kefu.domain.log import LogEntry
from kefu.domain.session import Session
from kefu.records import sessions, web_clients
from kefu.records.codec import Loaded
from kefu.records.web_clients import LoadedWebClient, WebClient
from kefu.store.port import Expect

_SEEN_AGAIN_MS = 30 * SECOND


class Concerns(Protocol):
    def __call__(self, entry: LogEntry, *, is_newest: bool) -> bool:
        """Whether an entry is told, given whether its session is the visitor's newest."""


class NewerPoll(Exception):
    """Another poll of the same client has come since."""


@dataclass(frozen=True, slots=True)
class ToldEntry:
    session: Session
    entry: LogEntry


@dataclass(slots=True)
class _Reading:
    client: WebClient
    found: list[ToldEntry]
    pages_left: int
    skipped: int = 0
    """Entries passed over behind the last one found."""
    is_through: bool = False
    """Nothing lies behind what was read."""


async def begin_telling(desk: Desk, caller: Caller, channel: Channel) -> None:
    """From now on what happens is told; a client that was known before goes on where it was."""
    await attempt(desk, lambda desk, _: _known(desk, caller, channel))


async def claim_poll(desk: Desk, caller: Caller, channel: Channel) -> str:
    """The name of a new poll, which is from now on the only one that is told anything."""

    async def step(desk: Desk, _lost: int) -> str:
        known, now = await _known(desk, caller, channel), desk.clock.now()
        poll = desk.new_id(now)
        after = replace(known.value, poll=poll, last_seen_at=now)
        await commit(desk, [web_clients.write(caller.tenant, caller.user_name, channel, after, known.version)])
        return poll

    return await attempt(desk, step)


async def tell(desk: Desk, caller: Caller, channel: Channel, poll: str, concerns: Concerns) -> list[ToldEntry]:
    """What was not told yet, and is told now. Raises `NewerPoll`."""

    async def step(desk: Desk, _lost: int) -> _Reading:
        loaded = await web_clients.load(desk.store, caller.tenant, caller.user_name, channel)
        if loaded is None or loaded.value.poll != poll:
            raise NewerPoll
        reading = await _untold(desk, caller, channel, loaded.value, concerns)
        if reading.found or reading.skipped > SKIPPED_MAX or not reading.is_through:
            write = web_clients.write(caller.tenant, caller.user_name, channel, reading.client, loaded.version)
            await commit(desk, [write])
        return reading

    for _ in range(READS_TOLD_MAX):
        reading = await attempt(desk, step)
        if reading.found or reading.is_through:
            return reading.found
    return []


async def show_presence(desk: Desk, caller: Caller, channel: Channel) -> None:
    """The client is there, whatever it called; noted at most twice a minute."""

    async def step(desk: Desk, _lost: int) -> None:
        loaded, now = await web_clients.load(desk.store, caller.tenant, caller.user_name, channel), desk.clock.now()
        if loaded is not None and now - loaded.value.last_seen_at > _SEEN_AGAIN_MS:
            after = replace(loaded.value, last_seen_at=now)
            await commit(desk, [web_clients.write(caller.tenant, caller.user_name, channel, after, loaded.version)])

    await attempt(desk, step)


async def _known(desk: Desk, caller: Caller, channel: Channel) -> LoadedWebClient:
    tenant, visitor = caller.tenant, caller.user_name
    loaded = await web_clients.load(desk.store, tenant, visitor, channel)
    if loaded is not None:
        return loaded
    newest = await sessions.newest(desk.store, tenant, visitor, channel)
    ref, seq = (newest.value.session.ref, newest.value.session.last_seq) if newest else (None, 0)
    client = WebClient(told_ordinal=ref.ordinal if ref else 0, told_seq=seq, last_seen_at=desk.clock.now())
    await commit(desk, [web_clients.write(tenant, visitor, channel, client, Expect.ABSENT)])
    return Loaded(client, 1)


async def _untold(desk: Desk, caller: Caller, channel: Channel, client: WebClient, concerns: Concerns) -> _Reading:
    reading, first, has_more = _Reading(client, [], pages_left=PAGES_TOLD_MAX), max(client.told_ordinal, 1), True
    while has_more and reading.pages_left:
        reading.pages_left -= 1
        found, has_more = await web_clients.sessions_page(
            desk.store, caller.tenant, caller.user_name, channel, first=first, limit=SESSIONS_TOLD_PAGE
        )
        for session in found:
            first = session.ref.ordinal + 1
            mine = partial(concerns, is_newest=session is found[-1] and not has_more)
            if not await _is_read(desk, caller.tenant, session, reading, mine):
                return reading
    reading.is_through = not has_more
    return reading


async def _is_read(
    desk: Desk, tenant: str, session: Session, reading: _Reading, concerns: Callable[[LogEntry], bool]
) -> bool:
    """Whether the session is; else the answer is full, or no page is left."""
    client, has_more = reading.client, True
    seq = client.told_seq if client.told_ordinal == session.ref.ordinal else 0
    while has_more and reading.pages_left:
        reading.pages_left -= 1
        entries, has_more = await sessions.log_after(desk.store, tenant, session.id, seq, ENTRIES_TOLD_MAX)
        for entry in entries:
            seq = entry.seq
            reading.client = replace(reading.client, told_ordinal=session.ref.ordinal, told_seq=seq)
            if not concerns(entry):
                reading.skipped += 1
                continue
            reading.skipped = 0
            reading.found.append(ToldEntry(session, entry))
            if len(reading.found) == ENTRIES_TOLD_MAX:
                return False
    return not has_more
