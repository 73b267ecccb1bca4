"""Who waits, and for whom, while all workers stand still: what can be read often, since it is little."""

from kefu.desk.desk import Desk
from kefu.domain.agent import Agent
from kefu.domain.binding import Binding
from kefu.domain.decision import DirectedBy
from kefu.domain.line import Line, LineKind, agent_line, group_line
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.records import agents, bindings, sessions
from kefu.records.sessions import LoadedSession
from kefu.store.port import Span
from kefu.testing.laws import hold_laws
from kefu.testing.ledger import Ledger

LAWS_OF_WAITING = ("L7", "L7 gone")
PAGE = 100


async def hold_laws_of_waiting(desk: Desk, tenant: str) -> None:
    """Raises `LawBroken` if anybody waits for an agent who is free, or for one who is gone."""
    directory = (await desk.directories.load(desk.store, tenant)).directory
    staff = await _staff(desk, tenant)
    queues = [group_line(group) for group in (DEFAULT_GROUP, *directory.groups)]
    lines = {line: await _line(desk, tenant, line) for line in (*map(agent_line, staff), *queues)}
    ledger = Ledger(
        directory=directory,
        agents=staff,
        sessions={},
        lines=lines,
        logs={},
        commits={},
        bindings=await _bindings(desk, tenant, lines),
    )
    hold_laws(ledger, desk.clock.now(), LAWS_OF_WAITING)


async def _staff(desk: Desk, tenant: str) -> dict[str, Agent]:
    found: dict[str, Agent] = {}
    after, has_more = "", True
    while has_more:
        page, has_more = await agents.listed(desk.store, tenant, Span(PAGE, after))
        found |= {agent.login: agent for agent in page}
        after = agents.listing_order(page[-1].login) if page else ""
    return found


async def _line(desk: Desk, tenant: str, line: Line) -> list[LoadedSession]:
    found: list[LoadedSession] = []
    has_more = True
    while has_more:
        behind = found[-1].value.session.place if found else None
        page, has_more = await sessions.line_page(desk.store, tenant, line, behind=behind, limit=PAGE)
        found.extend(page)
    return found


async def _bindings(desk: Desk, tenant: str, lines: dict[Line, list[LoadedSession]]) -> dict[tuple[str, str], Binding]:
    found: dict[tuple[str, str], Binding] = {}
    directed = [each.value.session for line in lines if line.kind is LineKind.AGENT for each in lines[line]]
    for session in directed:
        flag, visitor = session.keys.business_flag, session.ref.visitor
        if session.directed_by is DirectedBy.BOUND and flag:
            loaded = await bindings.load(desk.store, tenant, flag, visitor)
            if loaded:
                found[flag, visitor] = loaded.value
    return found
