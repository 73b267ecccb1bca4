from kefu.desk.desk import Desk
from kefu.domain.agent import Agent
from kefu.domain.bounds import HANDLED_READ_MAX, SLOTS_READ_MAX
from kefu.domain.estimate import handle_times_ms, pace_ms, slots_online
from kefu.domain.line import Line, LineKind
from kefu.domain.session import Session, SessionState
from kefu.records import agents, sessions
from kefu.store.port import Span


async def estimated_wait_ms(desk: Desk, tenant: str, line: Line, position: int) -> int | None:
    """For who stands there, at the pace of the line as this process knew it a moment ago."""
    known = desk.last_seen.pace(tenant, line, desk.clock.now())
    pace = await _pace(desk, tenant, line) if known is None else known.ms
    return None if pace is None else round(position * pace)


async def _pace(desk: Desk, tenant: str, line: Line) -> float | None:
    """From the tenant's latest closed sessions, as a listing tells them, and who is ONLINE now."""
    now = desk.clock.now()
    slots, closed = slots_online(await _serving(desk, tenant, line), now), list[Session]()
    if slots:
        span = Span(HANDLED_READ_MAX, newest_first=True)
        closed, _ = await sessions.listed(desk.store, tenant, SessionState.CLOSED, span)
    pace = pace_ms(handle_times_ms(closed, line), slots)
    desk.last_seen.saw_pace(tenant, line, pace, now)
    return pace


async def _serving(desk: Desk, tenant: str, line: Line) -> list[Agent]:
    if line.kind is LineKind.AGENT:
        loaded = await agents.load_one(desk.store, tenant, line.owner)
        return [loaded.value] if loaded else []
    directory = (await desk.directories.load(desk.store, tenant)).directory
    return await agents.of_group(desk.store, tenant, directory, line.owner, SLOTS_READ_MAX)
