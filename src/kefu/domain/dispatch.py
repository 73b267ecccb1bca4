"""The routing procedure: from the facts of one moment to a decision, with every step on the way.

One function owns the branches, the rules below it are its leaves. Each leaf either settles the session
(a decision) or records why it did not and hands on (None).
"""

from dataclasses import field, replace

from kefu.dataclass import dataclass
from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.binding import Binding
from kefu.domain.bot import Handover
from kefu.domain.bounds import CANDIDATES_TOLD_MAX
from kefu.domain.channel import Channel
from kefu.domain.decision import (
    Candidate,
    Decision,
    DirectedBy,
    DispatchOutcome,
    DispatchReason,
    DispatchRule,
    DispatchStep,
    DispatchTrigger,
)
from kefu.domain.directory import Directory, Precedence
from kefu.domain.instants import Instant
from kefu.domain.line import Line, agent_line, group_line
from kefu.domain.ranking import choose_agent, weigh
from kefu.domain.route import Route, resolve_group
from kefu.domain.routing_keys import RoutingKeys
from kefu.domain.skill_group import SkillGroup
from kefu.domain.working_hours import is_open, opening_told


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentFacts:
    agent: Agent
    someone_waits: bool
    """Whether anybody stands in the agent's directed line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupFacts:
    someone_waits: bool
    head: str | None = None
    """Id of the session that is first in its queue."""
    waiting: int = 0
    """How many wait, as far as the group's limit asks for it; counted of groups that have one."""
    agents: tuple[Agent, ...] = ()
    """The members weighed: every free one up to a bound, and others for their reasons."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DispatchFacts:
    """What one decision needs to know, all of one moment."""

    directory: Directory
    channel: Channel
    keys: RoutingKeys
    asks_for_human: bool = False
    handover: Handover | None = None
    """Why the bot no longer has it, if it was the bot who asked for a human."""
    designated: AgentFacts | None = None
    """The agent that `keys.agent_username` names, if there is one."""
    binding: Binding | None = None
    bound: AgentFacts | None = None
    group: GroupFacts = GroupFacts(someone_waits=False)
    """Of the group that `resolve_group` finds for these keys."""
    ahead: tuple[tuple[SkillGroup, GroupFacts], ...] = ()
    """Where that group is full: those of its chain, the next one first, as far as they were read."""
    trigger: DispatchTrigger = DispatchTrigger.MESSAGE
    lost_claims: int = 0
    ranked_last: str | None = None
    """Login of an agent who is taken only if nobody else is free: the one who just gave the session up."""


@dataclass(slots=True)
class Trail:
    """The decision in the making: the steps taken so far."""

    facts: DispatchFacts
    now: Instant
    seed: int
    steps: list[DispatchStep] = field(default_factory=list)

    def note(
        self,
        rule: DispatchRule,
        reason: DispatchReason,
        detail: str = "",
        *,
        outcome: DispatchOutcome | None = None,
    ) -> None:
        self.steps.append(DispatchStep(rule=rule, reason=reason, detail=detail, outcome=outcome))

    def assign(self, agent: Agent, group: str | None, candidates: tuple[Candidate, ...]) -> Decision:
        return self._decided(DispatchOutcome.ASSIGN, agent=agent.login, group=group, candidates=candidates)

    def wait_for(self, agent: Agent, group: str | None, by: DirectedBy) -> Decision:
        return self._decided(
            DispatchOutcome.WAIT_FOR_AGENT,
            agent=agent.login,
            group=group,
            line=agent_line(agent.login),
            directed_by=by,
            is_anyone_online=agent.status_at(self.now) is AgentStatus.ONLINE,
            candidates=(weigh(agent, self.now),),
        )

    def queue(self, group: str, candidates: tuple[Candidate, ...]) -> Decision:
        return self._decided(
            DispatchOutcome.QUEUE,
            group=group,
            line=group_line(group),
            is_anyone_online=any(each.status_at(self.now) is AgentStatus.ONLINE for each in self.facts.group.agents),
            candidates=candidates,
        )

    def keep_in_bot(self) -> Decision:
        return self._decided(DispatchOutcome.KEEP_IN_BOT)

    def decline(self, group: str | None) -> Decision:
        return self._decided(DispatchOutcome.DECLINE, group=group)

    def _decided(
        self,
        outcome: DispatchOutcome,
        *,
        agent: str | None = None,
        group: str | None = None,
        line: Line | None = None,
        directed_by: DirectedBy | None = None,
        is_anyone_online: bool = True,
        candidates: tuple[Candidate, ...] = (),
    ) -> Decision:
        return Decision(
            outcome=outcome,
            agent=agent,
            skill_group=group,
            line=line,
            directed_by=directed_by,
            is_anyone_online=is_anyone_online,
            trigger=self.facts.trigger,
            decided_at=self.now,
            steps=tuple(self.steps),
            candidates=candidates,
        )


def decide(facts: DispatchFacts, *, now: Instant, seed: int = 0) -> Decision:
    """Who gets the session. Pure: the same facts, instant and seed give the same decision."""
    trail = Trail(facts, now, seed)
    for key in facts.keys.invalid:
        trail.note(DispatchRule.KEYS, DispatchReason.INVALID_KEY, key)
    route = resolve_group(facts.directory, facts.keys, facts.channel)
    if decision := _bot(trail) or _hours(trail, route) or _designated(trail):
        return decision
    trail.steps.extend(route.steps)
    if _routing_comes_first(trail, route):
        return queue_or_overflow(trail, route.group)
    return _bound(trail, route) or queue_or_overflow(trail, route.group)


def queue_or_overflow(trail: Trail, group: SkillGroup) -> Decision:
    """Into the group's queue; where as many wait as may, down its chain; and where nobody takes over, not at all."""
    if admits(group, trail.facts.group, trail.now):
        return queue_in_group(trail, group.id)
    trail.note(DispatchRule.GROUP_QUEUE, DispatchReason.QUEUE_FULL, group.name)
    for ahead, known in trail.facts.ahead:
        trail.facts = replace(trail.facts, group=known)
        reason = reason_to_pass_over(trail.facts.directory, ahead, known, trail.now)
        if reason is None:
            return replace(queue_in_group(trail, ahead.id), turned_away_from=group.id)
        trail.note(DispatchRule.OVERFLOW, reason, ahead.name)
    trail.note(DispatchRule.OVERFLOW, DispatchReason.QUEUE_FULL, outcome=DispatchOutcome.DECLINE)
    return trail.decline(group.id)


def admits(group: SkillGroup, facts: GroupFacts, now: Instant) -> bool:
    """Whether one more may come: he is taken at once, or fewer wait than may."""
    limit = group.queue_length_max
    is_taken_at_once = not facts.someone_waits and any(agent.is_free_at(now) for agent in facts.agents)
    return limit is None or is_taken_at_once or facts.waiting < limit


def reason_to_pass_over(
    directory: Directory, group: SkillGroup, facts: GroupFacts, now: Instant
) -> DispatchReason | None:
    """Why a group of a chain takes nobody over: it is closed, or full."""
    if not is_open(directory.hours_of(group.id), now):
        return DispatchReason.OUTSIDE_HOURS
    return None if admits(group, facts, now) else DispatchReason.QUEUE_FULL


def queue_in_group(trail: Trail, group: str) -> Decision:
    """Join the group's queue, unless nobody waits there and an agent is free."""
    facts, now = trail.facts, trail.now
    contended_seed = trail.seed if facts.lost_claims else None
    choice = choose_agent(
        facts.group.agents, facts.directory.settings, now=now, seed=contended_seed, last=facts.ranked_last
    )
    rule, assign, queue = DispatchRule.GROUP_QUEUE, DispatchOutcome.ASSIGN, DispatchOutcome.QUEUE
    known = facts.directory.group(group)
    name = known.name if known else group
    if facts.group.someone_waits:
        trail.note(rule, DispatchReason.SOMEONE_WAITS, name, outcome=queue)
        return trail.queue(group, tuple(weigh(agent, now) for agent in facts.group.agents[:CANDIDATES_TOLD_MAX]))
    if choice.agent is None:
        trail.note(rule, DispatchReason.NO_FREE_AGENT, name, outcome=queue)
        return trail.queue(group, choice.candidates)
    reason = DispatchReason.EQUAL_UNDER_CONTENTION if choice.is_among_equals else DispatchReason.BEST_FREE_AGENT
    trail.note(rule, reason, name, outcome=assign)
    return trail.assign(choice.agent, group, choice.candidates)


def _bot(trail: Trail) -> Decision | None:
    facts = trail.facts
    if not facts.directory.settings.channel(facts.channel).has_bot:
        trail.note(DispatchRule.BOT, DispatchReason.NO_BOT)
    elif facts.handover:
        trail.note(DispatchRule.BOT, facts.handover.reason, facts.handover.detail)
    elif facts.asks_for_human:
        trail.note(DispatchRule.BOT, DispatchReason.HUMAN_ASKED_FOR)
    elif facts.keys.agent_username:
        trail.note(DispatchRule.BOT, DispatchReason.HUMAN_ASKED_FOR, "agentUsername")
    else:
        trail.note(DispatchRule.BOT, DispatchReason.BOT_RECEIVES, outcome=DispatchOutcome.KEEP_IN_BOT)
        return trail.keep_in_bot()
    return None


def _hours(trail: Trail, route: Route) -> Decision | None:
    """By the hours of the group it would go to; by the tenant's own where it is for one agent and no group counts."""
    facts, designated = trail.facts, trail.facts.designated
    group = None if designated and not designated.agent.is_disabled else route.group.id
    hours = facts.directory.hours_of(group)
    if hours is None:
        return None
    if is_open(hours, trail.now):
        trail.note(DispatchRule.HOURS, DispatchReason.WITHIN_HOURS)
        return None
    told = opening_told(hours, trail.now)
    trail.note(DispatchRule.HOURS, DispatchReason.OUTSIDE_HOURS, told, outcome=DispatchOutcome.DECLINE)
    return trail.decline(group)


def _designated(trail: Trail) -> Decision | None:
    facts, now, rule = trail.facts, trail.now, DispatchRule.DESIGNATED
    named = facts.keys.agent_username
    if not named:
        trail.note(rule, DispatchReason.NO_AGENT_DESIGNATED)
        return None
    if facts.designated is None or facts.designated.agent.is_disabled:
        trail.note(rule, DispatchReason.DESIGNATED_AGENT_UNKNOWN, named)
        return None
    agent = facts.designated.agent
    if agent.is_free_at(now) and not facts.designated.someone_waits:
        trail.note(rule, DispatchReason.DESIGNATED_AGENT_FREE, named, outcome=DispatchOutcome.ASSIGN)
        return trail.assign(agent, None, (weigh(agent, now, rank=1, chosen=agent),))
    is_offline = agent.status_at(now) is AgentStatus.OFFLINE
    if is_offline and facts.directory.settings.designated_offline_overflow:
        trail.note(rule, DispatchReason.DESIGNATED_AGENT_OFFLINE, named)
        return None
    reason = DispatchReason.DESIGNATED_AGENT_OFFLINE if is_offline else DispatchReason.DESIGNATED_AGENT_NOT_FREE
    trail.note(rule, reason, named, outcome=DispatchOutcome.WAIT_FOR_AGENT)
    return trail.wait_for(agent, None, DirectedBy.DESIGNATED)


def _routing_comes_first(trail: Trail, route: Route) -> bool:
    facts = trail.facts
    precedence = facts.directory.precedence_of(facts.keys.business_flag, facts.channel)
    routing_first = precedence is Precedence.ROUTING_FIRST
    reason = DispatchReason.ROUTING_FIRST if routing_first else DispatchReason.BINDING_FIRST
    trail.note(DispatchRule.PRECEDENCE, reason)
    return routing_first and route.is_explicit


def _bound(trail: Trail, route: Route) -> Decision | None:
    facts, now, rule, group = trail.facts, trail.now, DispatchRule.BINDING, route.group.id
    if reason := _no_binding(facts, now):
        trail.note(rule, reason, facts.keys.business_flag or "")
        return None
    agent = facts.bound.agent if facts.bound else None
    if facts.bound is None or agent is None or agent.status_at(now) is AgentStatus.OFFLINE:
        trail.note(rule, DispatchReason.BOUND_AGENT_OFFLINE, facts.binding.agent if facts.binding else "")
        return None
    if agent.is_free_at(now) and not facts.bound.someone_waits:
        trail.note(rule, DispatchReason.BOUND_AGENT_FREE, agent.login, outcome=DispatchOutcome.ASSIGN)
        return trail.assign(agent, group, (weigh(agent, now, rank=1, chosen=agent),))
    trail.note(rule, DispatchReason.BOUND_AGENT_NOT_FREE, agent.login, outcome=DispatchOutcome.WAIT_FOR_AGENT)
    return trail.wait_for(agent, group, DirectedBy.BOUND)


def _no_binding(facts: DispatchFacts, now: Instant) -> DispatchReason | None:
    if not facts.directory.settings.bindings_entitled:
        return DispatchReason.NOT_ENTITLED
    if not facts.keys.business_flag:
        return DispatchReason.NO_BUSINESS_FLAG
    if facts.binding is None or not facts.binding.agent:
        return DispatchReason.NOT_BOUND
    return None if facts.binding.holds_at(now) else DispatchReason.BINDING_EXPIRED
