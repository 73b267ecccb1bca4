"""Reading what one decision needs, all strongly consistent, side by side where nothing depends on the other."""

import asyncio
from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.desk import Desk
from kefu.desk.loading_agents import load_agents
from kefu.domain.binding import Binding
from kefu.domain.bot import Handover
from kefu.domain.chains import chain_from
from kefu.domain.channel import Channel
from kefu.domain.decision import DispatchTrigger
from kefu.domain.directory import Directory
from kefu.domain.dispatch import AgentFacts, DispatchFacts, GroupFacts, admits, reason_to_pass_over
from kefu.domain.ids import login_of
from kefu.domain.line import agent_line, group_line
from kefu.domain.overflow import group_after_overflow
from kefu.domain.route import resolve_group
from kefu.domain.routing_keys import RoutingKeys
from kefu.domain.session import Session, SessionState
from kefu.domain.skill_group import SkillGroup
from kefu.records import agents, bindings, sessions
from kefu.records.agents import LoadedAgent


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """The facts of one decision, and the agents as they were read: whoever is chosen is written back from here."""

    facts: DispatchFacts
    agents: tuple[LoadedAgent, ...]


async def read_arrival(
    desk: Desk,
    tenant: str,
    *,
    visitor: str,
    channel: Channel,
    keys: RoutingKeys,
    asks_for_human: bool = False,
    trigger: DispatchTrigger = DispatchTrigger.MESSAGE,
    lost_claims: int = 0,
    handover: Handover | None = None,
) -> Moment:
    """What `decide` needs for a session that is about to be dispatched."""
    loaded, binding, _ = await asyncio.gather(
        desk.directories.load(desk.store, tenant),
        _read_binding(desk, tenant, keys.business_flag, visitor),
        foresee_arrival(desk, tenant, visitor=visitor, channel=channel, keys=keys),
    )
    group_id = resolve_group(loaded.directory, keys, channel).group.id
    bound = binding.agent if binding and binding.agent else None
    facts = DispatchFacts(
        directory=loaded.directory,
        channel=channel,
        keys=keys,
        asks_for_human=asks_for_human,
        handover=handover,
        binding=binding,
        trigger=trigger,
        lost_claims=_claims_lost(desk, tenant, group_id, lost_claims) if trigger is not DispatchTrigger.DRY_RUN else 0,
    )
    moment = await _read_people(desk, tenant, facts, designated=_designated(keys), bound=bound, group_id=group_id)
    return await _read_ahead_of_full(desk, tenant, moment, group_id)


async def _read_ahead_of_full(desk: Desk, tenant: str, moment: Moment, group_id: str) -> Moment:
    """Where as many wait in the group as may: down its chain, up to the first that takes one more."""
    facts, now = moment.facts, desk.clock.now()
    group = facts.directory.group(group_id)
    if group is None or admits(group, facts.group, now):
        return moment
    ahead, members = list[tuple[SkillGroup, GroupFacts]](), list[LoadedAgent]()
    for each in chain_from(facts.directory, group_id):
        known, found = await read_group(desk, tenant, facts.directory, each.id)
        ahead.append((each, known))
        members.extend(found)
        if reason_to_pass_over(facts.directory, each, known, now) is None:
            break
    return Moment(facts=replace(facts, ahead=tuple(ahead)), agents=(*moment.agents, *members))


async def foresee_arrival(desk: Desk, tenant: str, *, visitor: str, channel: Channel, keys: RoutingKeys) -> None:
    """Reads ahead what `read_arrival` will ask for, if the directory stands as it stood last."""
    directory = desk.directories.last_known(tenant)
    if directory is None:
        return
    facts = DispatchFacts(directory=directory, channel=channel, keys=keys)
    group_id = resolve_group(directory, keys, channel).group.id
    await asyncio.gather(
        desk.directories.load(desk.store, tenant),
        _read_binding(desk, tenant, keys.business_flag, visitor),
        _read_people(desk, tenant, facts, designated=_designated(keys), bound=None, group_id=group_id),
    )


async def read_waiting(
    desk: Desk, tenant: str, session: Session, *, trigger: DispatchTrigger, lost_claims: int = 0
) -> Moment:
    """What `reason_to_leave`, `decide_overflow` and `decide_return` need for a session that waits or shall."""
    loaded, binding, _ = await asyncio.gather(
        desk.directories.load(desk.store, tenant),
        _read_binding(desk, tenant, session.keys.business_flag, session.ref.visitor),
        foresee_waiting(desk, tenant, session),
    )
    facts = DispatchFacts(
        directory=loaded.directory,
        channel=session.channel,
        keys=session.keys,
        binding=binding,
        trigger=trigger,
        lost_claims=lost_claims,
    )
    return await _read_others(desk, tenant, session, facts)


async def foresee_waiting(desk: Desk, tenant: str, session: Session) -> None:
    """Reads ahead what `read_waiting` will ask for, if the directory stands as it stood last."""
    directory = desk.directories.last_known(tenant)
    if directory is None:
        return
    facts = DispatchFacts(directory=directory, channel=session.channel, keys=session.keys)
    await asyncio.gather(
        desk.directories.load(desk.store, tenant),
        _read_binding(desk, tenant, session.keys.business_flag, session.ref.visitor),
        _read_others(desk, tenant, session, facts),
    )


async def read_group(
    desk: Desk, tenant: str, directory: Directory, group_id: str
) -> tuple[GroupFacts, list[LoadedAgent]]:
    weighed, first, waiting = await asyncio.gather(
        agents.weighed_for(desk.store, tenant, directory, group_id, desk.clock.now()),
        sessions.first_in_line(desk.store, tenant, group_line(group_id)),
        _waiting(desk, tenant, directory.group(group_id)),
    )
    facts = GroupFacts(
        someone_waits=first is not None,
        head=first.value.session.id if first else None,
        waiting=waiting,
        agents=tuple(each.value for each in weighed),
    )
    return facts, weighed


async def _waiting(desk: Desk, tenant: str, group: SkillGroup | None) -> int:
    """How many wait in a group, up to its limit; nobody counts where there is none."""
    if group is None or not group.queue_length_max:
        return 0
    return await sessions.line_length(desk.store, tenant, group_line(group.id), at_most=group.queue_length_max)


def _claims_lost(desk: Desk, tenant: str, group_id: str, lost: int) -> int:
    return desk.last_seen.claims_lost(tenant, group_id, lost, desk.clock.now())


async def _read_binding(desk: Desk, tenant: str, flag: str | None, visitor: str) -> Binding | None:
    loaded = await bindings.load(desk.store, tenant, flag, visitor) if flag else None
    return loaded.value if loaded else None


async def _read_others(desk: Desk, tenant: str, session: Session, facts: DispatchFacts) -> Moment:
    group_id = group_after_overflow(session, facts).id
    return await _read_people(
        desk, tenant, facts, designated=_directed_or_designated(session), bound=None, group_id=group_id
    )


async def _read_people(
    desk: Desk, tenant: str, facts: DispatchFacts, *, designated: str | None, bound: str | None, group_id: str
) -> Moment:
    named = [login for login in (designated, bound) if login]
    loaded, lines, (group, members) = await asyncio.gather(
        load_agents(desk, tenant, named),
        asyncio.gather(*(sessions.first_in_line(desk.store, tenant, agent_line(login)) for login in named)),
        read_group(desk, tenant, facts.directory, group_id),
    )
    people = {
        login: AgentFacts(agent=agent.value, someone_waits=first is not None)
        for login, agent, first in zip(named, loaded, lines, strict=True)
        if agent
    }
    return Moment(
        facts=replace(
            facts,
            designated=people.get(designated) if designated else None,
            bound=people.get(bound) if bound else None,
            group=group,
        ),
        agents=(*members, *(agent for agent in loaded if agent)),
    )


def _designated(keys: RoutingKeys) -> str | None:
    return login_of(keys.agent_username) if keys.agent_username else None


def _directed_or_designated(session: Session) -> str | None:
    """Whom it waits for; for a session that an agent has, whom its visitor designated."""
    return session.directed_to or (_designated(session.keys) if session.state is SessionState.ACTIVE else None)
