"""One tenant's queues and agents as they are at this moment, read for whoever asks; nothing is counted beside them."""

import asyncio
from collections import Counter

from kefu.desk.desk import Desk
from kefu.desk.sweep import agents_of
from kefu.domain.agent import AgentStatus
from kefu.domain.line import group_line
from kefu.domain.skill_group import BUILT_IN
from kefu.metrics.meter import Family, samples
from kefu.records import sessions

WAITING = Family("kefu_waiting", "gauge", "Sessions that wait in a skill group's queue; exact below 1000.", "group")
AGENTS = Family("kefu_agents", "gauge", "Agents by the status that counts.", "status")
FREE_SLOTS = Family("kefu_free_slots", "gauge", "How many more sessions the agents who are ONLINE have room for.")
HELD = Family("kefu_sessions_held", "gauge", "Sessions that agents have.")

_GROUPS_AT_ONCE = 32


async def live_figures(desk: Desk, tenant: str) -> str:
    now = desk.clock.now()
    directory = (await desk.directories.load(desk.store, tenant)).directory
    staff = [agent async for agent in agents_of(desk, tenant)]
    statuses = dict.fromkeys(AgentStatus, 0) | Counter(agent.status_at(now) for agent in staff)
    names = {BUILT_IN.id: BUILT_IN.name} | {group.id: group.name for group in directory.groups.values()}
    lines = [
        *samples(WAITING, await _waiting(desk, tenant, names)),
        *samples(AGENTS, {status.value: count for status, count in statuses.items()}),
        *samples(FREE_SLOTS, {"": sum(agent.room for agent in staff if agent.is_free_at(now))}),
        *samples(HELD, {"": sum(agent.active_sessions for agent in staff)}),
    ]
    return "".join(f"{line}\n" for line in lines)


async def _waiting(desk: Desk, tenant: str, names: dict[str, str]) -> dict[str, int]:
    groups, found = list(names), []
    for first in range(0, len(groups), _GROUPS_AT_ONCE):
        some = groups[first : first + _GROUPS_AT_ONCE]
        found += await asyncio.gather(*(sessions.line_length(desk.store, tenant, group_line(group)) for group in some))
    return {names[group]: length for group, length in zip(groups, found, strict=True)}
