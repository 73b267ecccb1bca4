"""Rules of automatic binding, carried out in the very commit of what sets them off.

What they read, the commit expects to be unchanged: of two that race, one is refused, reads again and decides anew.
So nothing is counted twice or lost, and a binding that somebody else made meanwhile is seen.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import field, replace

from kefu.dataclass import dataclass
from kefu.desk.attempts import left_to_the_next_look
from kefu.desk.bindings import BindingName, look_at_directed
from kefu.desk.desk import Desk
from kefu.desk.loading_agents import load_agent
from kefu.domain.binding import Binding
from kefu.domain.binding_rules import (
    BindingRule,
    BindingRuleEvent,
    ClosedTally,
    Occasion,
    ServedMark,
    binding_after,
    ends_binding,
)
from kefu.domain.session import Session
from kefu.records import binding_rules as records
from kefu.records import bindings
from kefu.records.bindings import LoadedBinding
from kefu.records.codec import Loaded
from kefu.store.port import Expect, Write


@dataclass(slots=True)
class CarriedOut:
    """What the commit of the occasions must write as well."""

    tenant: str
    writes: list[Write] = field(default_factory=list)
    changed: list[LoadedBinding] = field(default_factory=list)
    """Bindings as the commit will leave them."""
    ended: list[BindingName] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    """Names of the rules that changed a binding."""

    async def look(self, desk: Desk) -> None:
        """Once committed: sends on who waits by a binding that a rule ended or gave to another agent."""
        for binding in self.changed:
            desk.last_seen.saw_binding(self.tenant, binding)
        with left_to_the_next_look():
            for name in self.ended:
                await look_at_directed(desk, self.tenant, name)


@dataclass(slots=True)
class _Known:
    """Records as they were read, and as the rules leave them one after another."""

    bindings: dict[BindingName, tuple[LoadedBinding | None, Binding | None]] = field(default_factory=dict)
    tallies: dict[tuple[str, str], tuple[int, ClosedTally]] = field(default_factory=dict)
    served: set[str] = field(default_factory=set)
    """Visitors of whom it is known that an agent served them."""


async def carry_out(desk: Desk, tenant: str, rules: Sequence[BindingRule], occasions: Sequence[Occasion]) -> CarriedOut:
    """What `rules` make of what is about to be committed, in the order in which it happens."""
    wanted = {rule.event for rule in rules}
    done, known = CarriedOut(tenant), _Known()
    occasions = [occasion for occasion in occasions if occasion.event in wanted]
    await asyncio.gather(*(_foresee(desk, tenant, rules, occasion) for occasion in occasions))
    for bare in occasions:
        occasion = await _with_facts(desk, bare, known, done)
        for rule in rules:
            if rule.applies_to(occasion):
                await _apply(desk, rule, occasion, known, done)
    for loaded, after in known.bindings.values():
        _write_binding(loaded, after, done)
    done.writes.extend(records.write_tally(tenant, tally, version) for version, tally in known.tallies.values())
    return done


async def _foresee(desk: Desk, tenant: str, rules: Sequence[BindingRule], occasion: Occasion) -> None:
    """Reads side by side what the rules on this event may ask for one after another."""
    flags = {flag for rule in rules if rule.event is occasion.event and (flag := rule.flag_for(occasion))}
    reads = [bindings.load(desk.store, tenant, flag, occasion.visitor) for flag in flags]
    await asyncio.gather(*reads, _foresee_counts(desk, tenant, occasion))


async def _foresee_counts(desk: Desk, tenant: str, occasion: Occasion) -> None:
    if occasion.event is BindingRuleEvent.FIRST_RECEPTION:
        await records.was_served(desk.store, tenant, occasion.visitor)
    elif occasion.event is BindingRuleEvent.REGULAR_CUSTOMER and occasion.agent:
        await records.load_tally(desk.store, tenant, occasion.visitor, occasion.agent)


async def _with_facts(desk: Desk, occasion: Occasion, known: _Known, done: CarriedOut) -> Occasion:
    if occasion.event is BindingRuleEvent.FIRST_RECEPTION:
        return replace(occasion, was_served_before=await _was_served(desk, occasion, known, done))
    if occasion.event is BindingRuleEvent.REGULAR_CUSTOMER and occasion.agent:
        tally = await _count(desk, done.tenant, occasion, occasion.agent, known)
        return replace(occasion, closed_at=tally.closed_at)
    return occasion


async def _was_served(desk: Desk, occasion: Occasion, known: _Known, done: CarriedOut) -> bool:
    """Notes it where it was not noted yet: of two first receptions at once, one commit is refused."""
    visitor = occasion.visitor
    if visitor in known.served or await records.was_served(desk.store, done.tenant, visitor):
        return True
    known.served.add(visitor)
    mark = ServedMark(session=occasion.id, at=occasion.at)
    done.writes.append(records.write_mark(done.tenant, visitor, mark))
    earlier, has_more = await records.recall(desk.store, done.tenant, visitor)
    return has_more or any(session.assigned_at is not None for session in earlier)


async def _count(desk: Desk, tenant: str, occasion: Occasion, agent: str, known: _Known) -> ClosedTally:
    """The tally with this session in it; the first one is made of the visitor's earlier sessions."""
    pair = (occasion.visitor, agent)
    if pair not in known.tallies:
        loaded = await records.load_tally(desk.store, tenant, *pair)
        if loaded is not None:
            known.tallies[pair] = (loaded.version, loaded.value)
        else:
            earlier, _ = await records.recall(desk.store, tenant, occasion.visitor)
            known.tallies[pair] = (0, _recalled(occasion.visitor, agent, earlier))
    version, tally = known.tallies[pair]
    counted = tally.counting(occasion.at)
    known.tallies[pair] = (version, counted)
    return counted


def _recalled(visitor: str, agent: str, earlier: Sequence[Session]) -> ClosedTally:
    closed = sorted(each.closed_at for each in earlier if each.agent == agent and each.closed_at is not None)
    return ClosedTally(visitor=visitor, agent=agent, closed_at=tuple(closed))


async def _apply(desk: Desk, rule: BindingRule, occasion: Occasion, known: _Known, done: CarriedOut) -> None:
    flag = rule.flag_for(occasion)
    if flag is None:
        return
    name = BindingName(business_flag=flag, visitor=occasion.visitor)
    if name not in known.bindings:
        loaded = await bindings.load(desk.store, done.tenant, flag, occasion.visitor)
        known.bindings[name] = (loaded, loaded.value if loaded else None)
    loaded, before = known.bindings[name]
    after = binding_after(rule, await _if_still_there(desk, done.tenant, occasion), before)
    if after is not None:
        known.bindings[name] = (loaded, after)
        done.rules.append(rule.name)
        if ends_binding(before, after, occasion.at) and name not in done.ended:
            done.ended.append(name)


async def _if_still_there(desk: Desk, tenant: str, occasion: Occasion) -> Occasion:
    """Nobody is bound to an agent who was deleted since, or is disabled."""
    loaded = await load_agent(desk, tenant, occasion.agent) if occasion.agent else None
    return occasion if loaded and not loaded.value.is_disabled else replace(occasion, agent=None)


def _write_binding(loaded: LoadedBinding | None, after: Binding | None, done: CarriedOut) -> None:
    if after is None or (loaded is not None and after is loaded.value):
        return
    version = loaded.version if loaded else 0
    done.writes.append(bindings.write(done.tenant, after, version or Expect.ABSENT))
    done.changed.append(Loaded(after, version + 1))
