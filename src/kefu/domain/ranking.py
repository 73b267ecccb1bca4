"""Who of the free agents: the tenant's order, exact among those weighed."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.bounds import CANDIDATES_TOLD_MAX, EQUALS_UNDER_CONTENTION_MAX
from kefu.domain.decision import Candidate, CandidateRefusal
from kefu.domain.directory import Ranking, TenantSettings
from kefu.domain.instants import Instant

_REFUSED_FOR_STATUS = {
    AgentStatus.BUSY: CandidateRefusal.BUSY,
    AgentStatus.AWAY: CandidateRefusal.AWAY,
    AgentStatus.HIDDEN: CandidateRefusal.HIDDEN,
    AgentStatus.OFFLINE: CandidateRefusal.OFFLINE,
}


class Choice(NamedTuple):
    agent: Agent | None
    is_among_equals: bool
    """Taken at random among the equally loaded best, because a claim was lost."""
    candidates: tuple[Candidate, ...]


def choose_agent(
    agents: Sequence[Agent],
    settings: TenantSettings,
    *,
    now: Instant,
    seed: int | None = None,
    last: str | None = None,
) -> Choice:
    """The best free agent of `agents`, with every agent's rank or reason.

    `seed` is given when this request, or another one a second ago, lost a claim: any of the equally loaded best may then be taken, so that
    competing requests spread. `last` is the login of an agent who is taken only if nobody else is free.
    """
    free = sorted(
        (agent for agent in agents if agent.is_free_at(now)),
        key=lambda agent: (agent.login == last, *rank_key(agent, settings.ranking)),
    )
    chosen = _among_equals([agent for agent in free if agent.login != last] or free, settings, seed)
    ranked = [weigh(agent, now, rank=rank, chosen=chosen) for rank, agent in enumerate(free, start=1)]
    others = [weigh(agent, now) for agent in agents if not agent.is_free_at(now)]
    candidates = tuple((*ranked, *others)[:CANDIDATES_TOLD_MAX])
    return Choice(chosen, is_among_equals=chosen is not (free[0] if free else None), candidates=candidates)


def weigh(agent: Agent, now: Instant, *, rank: int | None = None, chosen: Agent | None = None) -> Candidate:
    is_chosen = agent is chosen
    lower = None if is_chosen or chosen is None else CandidateRefusal.LOWER_RANK
    return Candidate(
        agent=agent.login,
        is_chosen=is_chosen,
        rank=rank,
        refusal=refusal_of(agent, now) or lower,
        status=agent.status_at(now),
        active_sessions=agent.active_sessions,
        max_sessions=agent.max_sessions,
        idle_since=agent.idle_since,
    )


def refusal_of(agent: Agent, now: Instant) -> CandidateRefusal | None:
    """Why `agent` can take nothing at all; None if he can."""
    status = agent.status_at(now)
    if status is not AgentStatus.ONLINE:
        return _REFUSED_FOR_STATUS[status]
    return None if agent.room else CandidateRefusal.FULL


def rank_key(agent: Agent, ranking: Ranking) -> tuple[int, int, str]:
    load, idle = agent.active_sessions, agent.idle_since
    return (load, idle, agent.login) if ranking is Ranking.LEAST_LOADED else (idle, load, agent.login)


def _among_equals(free: Sequence[Agent], settings: TenantSettings, seed: int | None) -> Agent | None:
    """The best; after a lost claim any of those who are as good by the tenant's first criterion."""
    if seed is None or settings.strict_ranking or not free:
        return free[0] if free else None
    best, *_ = rank_key(free[0], settings.ranking)
    equals = [agent for agent in free if rank_key(agent, settings.ranking)[0] == best]
    return random.Random(seed).choice(equals[:EQUALS_UNDER_CONTENTION_MAX])
