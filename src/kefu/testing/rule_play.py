"""Automatic binding under fire: the rules that a shop opens with, who sets them off, and what must have come of it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from kefu.desk.binding_rules import save_binding_rule
from kefu.desk.business_events import IncomingEvent, record_business_event
from kefu.domain.binding_rules import BindingRule, BindingRuleAct, BindingRuleEvent
from kefu.domain.instants import MINUTE
from kefu.domain.session import SessionState
from kefu.testing.laws import LawBroken

if TYPE_CHECKING:
    from kefu.testing.simulation import Shop

RULE_SEEDS = 24_000_000
CARE = "care"
"""A businessFlag that one rule binds under and nobody else touches."""
VIP, RETURNED = "vip", "returned"

RULES = (
    BindingRule(name="first", event=BindingRuleEvent.FIRST_RECEPTION),
    BindingRule(name="effective", event=BindingRuleEvent.EFFECTIVE_RECEPTION, business_flag=CARE, replaces_others=True),
    BindingRule(
        name="regular",
        event=BindingRuleEvent.REGULAR_CUSTOMER,
        business_flag="loyal",
        closed_sessions_min=2,
        expires_after_ms=2 * MINUTE,
    ),
    BindingRule(name="rated", event=BindingRuleEvent.RATED, stars_min=3, replaces_others=True),
    BindingRule(name="vip", event=BindingRuleEvent.BUSINESS_EVENT, event_name=VIP, replaces_others=True),
    BindingRule(name="returned", event=BindingRuleEvent.BUSINESS_EVENT, event_name=RETURNED, act=BindingRuleAct.UNBIND),
)


async def open_with_rules(shop: "Shop") -> None:
    for rule in RULES:
        await save_binding_rule(shop.desk, shop.call(), rule.name, _always(rule))


def _always(rule: BindingRule) -> Callable[[BindingRule | None], BindingRule]:
    return lambda _known: rule


def tells_of_business(visitors: tuple[str, ...], agents: tuple[str, ...], flags: tuple[str, ...]) -> "Teller":
    """A client who records business events, of agents who may have left as well."""

    def records_business_event(shop: "Shop") -> Callable[[], Awaitable[Any]]:
        dice, once = shop.random, shop.once()
        event = IncomingEvent(
            name=dice.choice((VIP, VIP, RETURNED)),
            visitor=dice.choice(visitors),
            business_flag=dice.choice(flags),
            agent=dice.choice((None, *agents)),
        )
        return lambda: record_business_event(shop.desk, shop.call(once), event)

    return records_business_event


Teller = Callable[["Shop"], Callable[[], Awaitable[Any]]]


def hold_nothing_lost(shop: "Shop") -> None:
    """Who was received effectively is bound to who did so last; whom an agent served is counted."""
    last: dict[str, tuple[int, set[str]]] = {}
    for session in (loaded.value.session for loaded in shop.watched.live.sessions.values()):
        if session.state is not SessionState.CLOSED or session.agent is None or session.closed_at is None:
            continue
        visitor = session.ref.visitor
        if (visitor, session.agent) not in shop.watched.live.tallies:
            raise LawBroken("tally", f"{session.id} with {session.agent} was never counted")
        closed_at, agents = last.get(visitor, (0, set()))
        if session.agent_messages and session.closed_at >= closed_at:
            last[visitor] = (session.closed_at, {session.agent, *(agents if session.closed_at == closed_at else ())})
    for visitor, (_, agents) in last.items():
        binding = shop.watched.live.bindings.get((CARE, visitor))
        if binding is None or binding.agent not in agents:
            raise LawBroken("rules", f"{visitor} was received by {agents} and is bound to {binding}")
