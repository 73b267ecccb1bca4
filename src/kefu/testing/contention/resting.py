"""Who waits, and for whom, while all workers stand still: what can be read often, since it is little."""

from itertools import chain

from kefu.desk.desk import Desk
from kefu.domain.line import agent_line, group_line
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.testing.laws import hold_laws
from kefu.testing.ledger import Ledger, agents_of, bindings_of, line_of

LAWS_OF_WAITING = ("L7", "L7 gone")


async def hold_laws_of_waiting(desk: Desk, tenant: str) -> None:
    """Raises `LawBroken` if anybody waits for an agent who is free, or for one who is gone."""
    directory = (await desk.directories.load(desk.store, tenant)).directory
    staff = {agent.login: agent for agent in await agents_of(desk.store, tenant)}
    own_lines, queues = map(agent_line, staff), map(group_line, (DEFAULT_GROUP, *directory.groups))
    lines = {line: await line_of(desk.store, tenant, line) for line in (*own_lines, *queues)}
    ledger = Ledger(
        directory=directory,
        agents=staff,
        sessions={},
        lines=lines,
        logs={},
        commits={},
        bindings=await bindings_of(desk.store, tenant, chain.from_iterable(lines.values())),
    )
    hold_laws(ledger, desk.clock.now(), LAWS_OF_WAITING)
