"""Automatic binding: on EVENT, when its condition holds, BIND or UNBIND. Values and pure rules; the desk commits."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from enum import StrEnum
from typing import TypeGuard

from kefu.dataclass import dataclass
from kefu.domain.binding import Binding
from kefu.domain.bounds import COUNTED_SESSIONS_MAX
from kefu.domain.instants import DAY, Instant
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.session import Session

_EXPONENT_FROM = 1e16
"""A float from there on is written with an exponent."""


class BindingRuleEvent(StrEnum):
    FIRST_RECEPTION = "FIRST_RECEPTION"
    EFFECTIVE_RECEPTION = "EFFECTIVE_RECEPTION"
    REGULAR_CUSTOMER = "REGULAR_CUSTOMER"
    RATED = "RATED"
    BUSINESS_EVENT = "BUSINESS_EVENT"


class BindingRuleAct(StrEnum):
    BIND = "BIND"
    UNBIND = "UNBIND"


# Plain dataclasses: with slots they would take longer to define at every cold start, and there are few of them.
@dataclass(frozen=True, kw_only=True, slots=True)
class AttributeCondition:
    """Of a business event's attribute. What is None is not asked."""

    attribute: str
    equals: str | None = None
    """A text as it is, a number or boolean as JSON writes it."""
    at_least: float | None = None
    """Holds for numbers alone: a text that looks like one is none."""

    def holds(self, attributes: Mapping[str, object]) -> bool:
        value = attributes.get(self.attribute)
        if self.equals is not None and _text_of(value) != self.equals:
            return False
        return self.at_least is None or (_is_number(value) and value >= self.at_least)


@dataclass(frozen=True, kw_only=True, slots=True)
class BindingRule:
    name: str
    """Unique in the tenant. Rules on one event go in the order of their names."""
    event: BindingRuleEvent
    act: BindingRuleAct = BindingRuleAct.BIND
    business_flag: str | None = None
    """Which businessFlag the binding has; None: the session's or business event's own."""
    expires_after_ms: int | None = None
    replaces_others: bool = False
    """Whether a binding to another agent gives way."""
    agent_messages_min: int = 1
    closed_sessions_min: int = 3
    within_ms: int = 30 * DAY
    stars_min: int = 5
    event_name: str = ""
    conditions: tuple[AttributeCondition, ...] = ()

    def flag_for(self, occasion: "Occasion") -> str | None:
        return self.business_flag or occasion.business_flag

    def applies_to(self, occasion: "Occasion") -> bool:
        if self.event is not occasion.event:
            return False
        match self.event:
            case BindingRuleEvent.FIRST_RECEPTION:
                return not occasion.was_served_before
            case BindingRuleEvent.EFFECTIVE_RECEPTION:
                return occasion.agent_messages >= self.agent_messages_min
            case BindingRuleEvent.REGULAR_CUSTOMER:
                recent = [closed for closed in occasion.closed_at if closed > occasion.at - self.within_ms]
                return len(recent) >= self.closed_sessions_min
            case BindingRuleEvent.RATED:
                return occasion.stars >= self.stars_min
            case BindingRuleEvent.BUSINESS_EVENT:
                is_named = self.event_name == occasion.name
                return is_named and all(each.holds(occasion.attributes) for each in self.conditions)


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """Something happened that may set rules off, with the facts that their conditions ask for."""

    event: BindingRuleEvent
    id: str
    """Of the log's entry or business event. A binding's history names it."""
    visitor: str
    agent: str | None
    """Login of who is bound, if a rule binds; None: nobody is."""
    business_flag: str | None = None
    at: Instant
    agent_messages: int = 0
    was_served_before: bool = False
    closed_at: tuple[Instant, ...] = ()
    """When sessions of this visitor with this agent closed, oldest first, this one with them; the latest of them."""
    stars: int = 0
    name: str = ""
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedMark:
    """That an agent has served the visitor."""

    session: str
    at: Instant


@dataclass(frozen=True, kw_only=True, slots=True)
class ClosedTally:
    """When the latest sessions of one visitor with one agent closed, oldest first."""

    visitor: str
    agent: str
    closed_at: tuple[Instant, ...] = ()

    def counting(self, at: Instant) -> "ClosedTally":
        return replace(self, closed_at=(*self.closed_at, at)[-COUNTED_SESSIONS_MAX:])


@dataclass(frozen=True, kw_only=True, slots=True)
class BusinessEvent:
    """Something of the tenant's own business that happened to a visitor."""

    id: str
    name: str
    visitor: str
    business_flag: str | None = None
    attributes: str = ""
    """JSON of what the tenant said of it, as it came."""
    at: Instant
    rules: tuple[str, ...] = ()
    """Names of the rules that changed a binding."""


def binding_after(rule: BindingRule, occasion: Occasion, known: Binding | None) -> Binding | None:
    """The binding as `rule` leaves it; None if it changes nothing.

    `known` is the record under `rule.flag_for(occasion)`, which may hold only the past of rules that ended.
    """
    flag = rule.flag_for(occasion)
    if flag is None or not rule.applies_to(occasion):
        return None
    standing = known if known is not None and known.holds_at(occasion.at) else None
    event_id = event_id_of(occasion, rule)
    if rule.act is BindingRuleAct.UNBIND:
        return standing and standing.unbound(by=rule.name, now=occasion.at, event_id=event_id, is_by_rule=True)
    if occasion.agent is None:
        return None
    bound = Binding.made(
        flag,
        occasion.visitor,
        occasion.agent,
        by=rule.name,
        now=occasion.at,
        event_id=event_id,
        expires_at=None if rule.expires_after_ms is None else occasion.at + rule.expires_after_ms,
        is_by_rule=True,
    )
    if standing is not None:
        return _instead_of(standing, bound, replaces_others=rule.replaces_others)
    return known.followed_by(bound) if known else bound


def ends_binding(before: Binding | None, after: Binding, now: Instant) -> bool:
    """Whether somebody may wait by a binding that is no more."""
    return before is not None and before.holds_at(now) and after.agent != before.agent


def happened_in(before: Session | None, after: Session, entries: Sequence[LogEntry]) -> list[Occasion]:
    """What the next entries of a session's log may set off; the facts of other records are still to be filled in."""
    had_agent = before is not None and before.assigned_at is not None
    found: list[Occasion] = []
    for entry in entries:
        for event in _events_of(entry, is_first=not had_agent):
            occasion = Occasion(
                event=event,
                id=f"{after.id}#{entry.seq}",
                visitor=after.ref.visitor,
                agent=entry.agent,
                business_flag=after.keys.business_flag,
                at=entry.at,
                agent_messages=after.agent_messages,
                stars=entry.rating or 0,
            )
            found.append(occasion)
        had_agent = had_agent or _is_reception(entry)
    return found


def event_id_of(occasion: Occasion, rule: BindingRule) -> str:
    return f"{occasion.id}#{rule.name}"


def _events_of(entry: LogEntry, *, is_first: bool) -> tuple[BindingRuleEvent, ...]:
    if entry.agent is None:
        return ()
    if entry.kind is EventKind.SESSION_END:
        return (BindingRuleEvent.EFFECTIVE_RECEPTION, BindingRuleEvent.REGULAR_CUSTOMER)
    if entry.kind is EventKind.RATED:
        return (BindingRuleEvent.RATED,)
    return (BindingRuleEvent.FIRST_RECEPTION,) if is_first and _is_reception(entry) else ()


def _is_reception(entry: LogEntry) -> bool:
    return entry.agent is not None and entry.kind in (EventKind.ASSIGNED, EventKind.TRANSFERRED)


def _instead_of(standing: Binding, bound: Binding, *, replaces_others: bool) -> Binding | None:
    """To the same agent, whichever lasts longer counts."""
    if standing.agent != bound.agent:
        return standing.replaced_by(bound) if replaces_others else None
    is_longer = standing.expires_at is not None and (bound.expires_at is None or bound.expires_at > standing.expires_at)
    return standing.prolonged_by(bound) if is_longer else None


def _text_of(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        has_all_digits = value.is_integer() and abs(value) < _EXPONENT_FROM
        return str(int(value)) if has_all_digits else repr(value)
    return value if isinstance(value, str) else None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
