from kefu.desk.desk import Desk
from kefu.domain.agent import Agent
from kefu.domain.bounds import HANDLED_READ_MAX, SLOTS_READ_MAX
from kefu.domain.estimate import estimate_wait, handle_times_ms, slots_online
from kefu.domain.line import Line, LineKind
from kefu.domain.session import SessionState
from kefu.records import agents, sessions
from kefu.store.port import Span


async def estimated_wait_ms(desk: Desk, tenant: str, line: Line, position: int) -> int | None:
    """For who stands there. From the tenant's latest closed sessions, as a listing tells them, and who is ONLINE now."""
    served = await _serving(desk, tenant, line)
    slots = slots_online(served, desk.clock.now())
    if not slots:
        return None
    closed, _ = await sessions.listed(
        desk.store, tenant, SessionState.CLOSED, Span(HANDLED_READ_MAX, newest_first=True)
    )
    return estimate_wait(position, handle_times_ms(closed, line), slots)


async def _serving(desk: Desk, tenant: str, line: Line) -> list[Agent]:
    if line.kind is LineKind.AGENT:
        loaded = await agents.load_one(desk.store, tenant, line.owner)
        return [loaded.value] if loaded else []
    directory = (await desk.directories.load(desk.store, tenant)).directory
    return await agents.of_group(desk.store, tenant, directory, line.owner, SLOTS_READ_MAX)
