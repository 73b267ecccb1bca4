"""Following a tenant's changes from a cursor on: at least once, in order per session, without a gap."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from kefu.domain.log import LogEntry
from kefu.feed.cursors import Cursor, CursorUnknown, decode_cursor
from kefu.feed.topics import agent_in, log_record_in, queues_in
from kefu.records.sessions import LogRecord
from kefu.store.port import PositionExpired, Store


@dataclass(frozen=True, slots=True)
class SessionNews:
    cursor: str
    record: LogRecord
    entry: LogEntry


@dataclass(frozen=True, slots=True)
class QueueNews:
    cursor: str
    skill_group: str


@dataclass(frozen=True, slots=True)
class AgentNews:
    cursor: str
    login: str


async def follow_sessions(
    store: Store, tenant: str, after: str | None, concerns: Callable[[LogRecord], bool]
) -> AsyncGenerator[SessionNews, None]:
    """Log entries committed behind the cursor `after`, or from now on. Raises `CursorUnknown`."""
    start = await _start(store, after)
    behind = start.position
    try:
        async with aclosing(store.changes(start.position)) as changes:
            async for change in changes:
                record = log_record_in(change, tenant)
                if record and concerns(record):
                    told = start.told if record.ref.id == start.session else 0
                    for entry in (each for each in record.entries if each.seq > told):
                        is_last = entry is record.entries[-1]
                        resume = Cursor(change.position) if is_last else Cursor(behind, record.ref.id, entry.seq)
                        yield SessionNews(resume.encode(), record, entry)
                behind = change.position
    except PositionExpired as expired:
        raise CursorUnknown from expired


async def follow_queues(
    store: Store, tenant: str, after: str | None, concerns: Callable[[str], bool]
) -> AsyncGenerator[QueueNews, None]:
    """Skill groups whose queue or readiness changed. Raises `CursorUnknown`."""
    start = await _start(store, after)
    try:
        async with aclosing(store.changes(start.position)) as changes:
            async for change in changes:
                for group in sorted(queues_in(change, tenant)):
                    if concerns(group):
                        yield QueueNews(Cursor(change.position).encode(), group)
    except PositionExpired as expired:
        raise CursorUnknown from expired


async def follow_agents(
    store: Store, tenant: str, after: str | None, concerns: Callable[[str], bool]
) -> AsyncGenerator[AgentNews, None]:
    """Agents whose record changed. Raises `CursorUnknown`."""
    start = await _start(store, after)
    try:
        async with aclosing(store.changes(start.position)) as changes:
            async for change in changes:
                agent = next((each for each in reversed(agent_in(change, tenant)) if each), None)
                if agent and concerns(agent.login):
                    yield AgentNews(Cursor(change.position).encode(), agent.login)
    except PositionExpired as expired:
        raise CursorUnknown from expired


async def _start(store: Store, after: str | None) -> Cursor:
    return decode_cursor(after) if after is not None else Cursor(await store.position())
