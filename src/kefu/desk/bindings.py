"""The business binds a visitor to an agent, or ends that."""

import asyncio
from collections.abc import Sequence
from itertools import count

from kefu.dataclass import dataclass
from kefu.desk.access import STAFF, agent_not_found, is_agent_self
from kefu.desk.attempts import attempt, commit, commit_alone, left_to_the_next_look
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.input import named
from kefu.desk.loading_agents import holds_session_of, load_agent
from kefu.desk.looking import look
from kefu.desk.once import attempt_once, mark
from kefu.domain.binding import Binding
from kefu.domain.channel import Channel
from kefu.domain.decision import DirectedBy, DispatchTrigger
from kefu.domain.ids import login_of
from kefu.domain.instants import Instant
from kefu.domain.refusals import Declined, Invalid, NotFound, RefusalCode
from kefu.domain.session import Session
from kefu.records import agents, bindings, sessions
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Expect, Write


@dataclass(frozen=True, kw_only=True, slots=True)
class BindingName:
    business_flag: str
    visitor: str


_results = Codec(BindingName)


async def create_binding(
    desk: Desk, call: Call, name: BindingName, agent: str, expires_at: Instant | None = None
) -> BindingName:
    """Binds. Raises `Invalid`, `NotFound` for the agent, or `Declined` with BINDING_EXISTS; nothing changes then."""
    _check(name)
    named(agent, "agentUserName")
    asked_at = desk.clock.now()
    if expires_at is not None and expires_at <= asked_at:
        raise Invalid("expiresAt lies in the past. Send a later time.", "expiresAt")
    rule = Binding.made(
        name.business_flag,
        name.visitor,
        login_of(agent),
        by=_name_of(call),
        now=asked_at,
        event_id=desk.new_id(asked_at),
        expires_at=expires_at,
    )
    tries = count()
    done, _ = await attempt_once(
        desk, call, _results, lambda desk, _: _create(desk, call, rule, is_first_try=next(tries) == 0)
    )
    return done


async def delete_binding(desk: Desk, call: Call, name: BindingName) -> BindingName:
    """Unbinds, and sends a session on that waits for the agent because of it.

    Raises `Invalid`, or `NotFound` if nothing is bound.
    """
    _check(name)
    event_id = desk.new_id(desk.clock.now())
    tries = count()
    done, _ = await attempt_once(
        desk, call, _results, lambda desk, _: _delete(desk, call, name, event_id, is_first_try=next(tries) == 0)
    )
    await look_at_directed(desk, call.tenant, name)
    return done


def _check(name: BindingName) -> None:
    named(name.business_flag, "businessFlag")
    named(name.visitor, "visitorUserName")


def _name_of(call: Call) -> str:
    return call.by.user_name or call.by.role


async def _create(desk: Desk, call: Call, rule: Binding, *, is_first_try: bool) -> BindingName:
    """`rule` as it would be if nothing was ever bound there: written so first, without a look.

    Only if something stands against that is it read what, and decided what to say.
    """
    if call.by.role in STAFF and is_first_try:
        now = desk.clock.now()
        is_there = desk.last_seen.was_there(call.tenant, rule.agent, now)
        checks = [] if is_there else [agents.check_seat(call.tenant, rule.agent)]
        done = await _commit(desk, call, rule, None, checks=checks)
        if not is_there:
            desk.last_seen.saw_agent_there(call.tenant, rule.agent, now)
        return done
    await _require_may_bind(desk, call, rule.visitor, rule.agent)
    agent, loaded = await asyncio.gather(
        load_agent(desk, call.tenant, rule.agent),
        bindings.load(desk.store, call.tenant, rule.business_flag, rule.visitor),
    )
    if loaded is not None and loaded.value.knows(rule.history[-1].id):
        return BindingName(business_flag=rule.business_flag, visitor=rule.visitor)
    if agent is None:
        raise agent_not_found(rule.agent, "agentUserName")
    if loaded is None:
        return await _commit(desk, call, rule, None)
    _require_free(loaded.value, desk.clock.now())
    return await _commit(desk, call, loaded.value.followed_by(rule), loaded.version)


def _require_free(known: Binding, now: Instant) -> None:
    if known.holds_at(now):
        raise Declined(
            RefusalCode.BINDING_EXISTS,
            f"{known.visitor} is bound to {known.agent} under this businessFlag. Delete that binding first.",
            "businessFlag",
        )


async def _delete(desk: Desk, call: Call, name: BindingName, event_id: str, *, is_first_try: bool) -> BindingName:
    """As staff's binding was when this process last saw it; only if that is not so any more is it read.

    An agent's is read: whether he may end it depends on whom it is for, and no refused commit would tell.
    """
    now = desk.clock.now()
    may_guess = is_first_try and call.by.role in STAFF
    seen = desk.last_seen.binding(call.tenant, name.business_flag, name.visitor) if may_guess else None
    is_guess = seen is not None and seen.value.holds_at(now)
    loaded = seen if is_guess else await bindings.load(desk.store, call.tenant, name.business_flag, name.visitor)
    if loaded is not None and loaded.value.knows(event_id):
        return name
    if loaded is None or not loaded.value.holds_at(now):
        raise NotFound(
            RefusalCode.BINDING_NOT_FOUND,
            "This visitor is not bound under this businessFlag. Check both values.",
            "businessFlag",
        )
    await _require_may_bind(desk, call, name.visitor, loaded.value.agent)
    unbound = loaded.value.unbound(by=_name_of(call), now=now, event_id=event_id)
    return await _commit(desk, call, unbound, loaded.version)


async def _commit(
    desk: Desk, call: Call, binding: Binding, version: int | None, *, checks: Sequence[Write] = ()
) -> BindingName:
    name = BindingName(business_flag=binding.business_flag, visitor=binding.visitor)
    write = bindings.write(call.tenant, binding, version or Expect.ABSENT)
    others = [*checks, *mark(call, _results, name, desk.clock.now())]
    if others:
        await commit(desk, [write, *others])
    else:
        await commit_alone(desk, write)
    desk.last_seen.saw_binding(call.tenant, Loaded(binding, (version or 0) + 1))
    return name


async def _require_may_bind(desk: Desk, call: Call, visitor: str, agent: str) -> None:
    """Staff bind anybody; an agent binds to himself, and unbinds, visitors whose session he holds."""
    if call.by.role in STAFF:
        return
    if not is_agent_self(call.by, agent) or not await holds_session_of(desk, call.by, visitor):
        raise Declined(
            RefusalCode.NOT_ALLOWED, "An agent binds to himself the visitors whose session he holds.", "agentUserName"
        )


async def look_at_directed(desk: Desk, tenant: str, name: BindingName) -> None:
    """Sends on who waits by a binding that has ended."""
    with left_to_the_next_look():
        for session in await attempt(desk, lambda desk, _: _newest_of_each_channel(desk, tenant, name.visitor)):
            if session.directed_by is DirectedBy.BOUND and session.keys.business_flag == name.business_flag:
                await look(desk, tenant, session.ref, DispatchTrigger.BINDING_ENDED)


async def _newest_of_each_channel(desk: Desk, tenant: str, visitor: str) -> list[Session]:
    newest = (sessions.newest(desk.store, tenant, visitor, channel) for channel in Channel)
    return [loaded.value.session for loaded in await asyncio.gather(*newest) if loaded]
