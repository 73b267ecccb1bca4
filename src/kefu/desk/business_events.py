"""Something of the tenant's own business happened to a visitor: kept, and what the binding rules make of it, in one commit."""

import asyncio
from collections.abc import Mapping, Sequence

from kefu.dataclass import dataclass
from kefu.desk.access import agent_not_found, require_staff
from kefu.desk.attempts import commit
from kefu.desk.automatic_binding import carry_out
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.input import json_object, json_text, named
from kefu.desk.loading_agents import load_agent
from kefu.desk.once import attempt_once, mark
from kefu.domain.binding_rules import BindingRule, BindingRuleAct, BindingRuleEvent, BusinessEvent, Occasion
from kefu.domain.bounds import EVENT_NUMBER_MAX
from kefu.domain.channel import Channel
from kefu.domain.ids import login_of
from kefu.domain.instants import Instant
from kefu.domain.refusals import Invalid
from kefu.records import binding_rules as records
from kefu.records import sessions
from kefu.records.codec import Codec


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    at: Instant
    rules: tuple[str, ...] = ()
    """Names of the rules that changed a binding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IncomingEvent:
    name: str
    visitor: str
    business_flag: str | None = None
    agent: str | None = None
    """Whom a rule binds to; None: the agent who serves the visitor, or served him last."""
    attributes: Mapping[str, object] | None = None


_results = Codec(Recorded)


async def record_business_event(desk: Desk, call: Call, incoming: IncomingEvent) -> Recorded:
    """Raises `Invalid`, or `NotFound` for an agent that is named and is not there; nothing is written then."""
    require_staff(call.by)
    _check(incoming)
    event_id = desk.new_id(desk.clock.now())
    done, _ = await attempt_once(desk, call, _results, lambda desk, _: _record(desk, call, incoming, event_id))
    return done


def _check(incoming: IncomingEvent) -> None:
    named(incoming.name, "name")
    named(incoming.visitor, "visitorUserName")
    if incoming.business_flag is not None:
        named(incoming.business_flag, "businessFlag")
    if incoming.agent is not None:
        named(incoming.agent, "agentUserName")
    for value in (json_object(incoming.attributes, "attributes") or {}).values():
        if isinstance(value, int | float) and not -EVENT_NUMBER_MAX <= value <= EVENT_NUMBER_MAX:
            raise Invalid("A number lies beyond 1e308. Send it as text.", "attributes")


async def _record(desk: Desk, call: Call, incoming: IncomingEvent, event_id: str) -> Recorded:
    now = desk.clock.now()
    directory = (await desk.directories.load(desk.store, call.tenant)).directory
    rules = directory.binding_rules if directory.settings.bindings_entitled else ()
    occasion = Occasion(
        event=BindingRuleEvent.BUSINESS_EVENT,
        id=event_id,
        visitor=incoming.visitor,
        agent=await _agent(desk, call, incoming, rules),
        business_flag=incoming.business_flag,
        at=now,
        name=incoming.name,
        attributes=incoming.attributes or {},
    )
    carried = await carry_out(desk, call.tenant, rules, [occasion])
    done = Recorded(at=now, rules=tuple(carried.rules))
    event = BusinessEvent(
        id=event_id,
        name=incoming.name,
        visitor=incoming.visitor,
        business_flag=incoming.business_flag,
        attributes=json_text(incoming.attributes),
        at=now,
        rules=done.rules,
    )
    own = [records.write_event(call.tenant, event), *mark(call, _results, done, now)]
    await commit(desk, [*own, *carried.writes])
    await carried.look(desk)
    return done


async def _agent(desk: Desk, call: Call, incoming: IncomingEvent, rules: Sequence[BindingRule]) -> str | None:
    if incoming.agent is None:
        may_bind = any(rule.event_name == incoming.name and rule.act is BindingRuleAct.BIND for rule in rules)
        return await _latest_agent(desk, call.tenant, incoming.visitor) if may_bind else None
    login = login_of(incoming.agent)
    if await load_agent(desk, call.tenant, login) is None:
        raise agent_not_found(incoming.agent, "agentUserName")
    return login


async def _latest_agent(desk: Desk, tenant: str, visitor: str) -> str | None:
    """Who was assigned last, of the visitor's latest session on each channel."""
    newest = await asyncio.gather(*(sessions.newest(desk.store, tenant, visitor, channel) for channel in Channel))
    served = [
        (session.assigned_at, session.agent)
        for session in (loaded.value.session for loaded in newest if loaded)
        if session.assigned_at is not None and session.agent is not None
    ]
    return max(served)[1] if served else None
