"""The business binds a visitor to an agent, or ends that."""

from dataclasses import dataclass

from kefu.desk.access import STAFF, agent_not_found
from kefu.desk.attempts import attempt, commit
from kefu.desk.call import Call, Role
from kefu.desk.desk import Desk
from kefu.desk.input import named
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
from kefu.records.codec import Codec
from kefu.store.port import Expect


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
    if expires_at is not None and expires_at <= desk.clock.now():
        raise Invalid("expiresAt lies in the past. Send a later time.", "expiresAt")
    done, _ = await attempt_once(desk, call, _results, lambda _: _create(desk, call, name, login_of(agent), expires_at))
    return done


async def delete_binding(desk: Desk, call: Call, name: BindingName) -> BindingName:
    """Unbinds, and sends a session on that waits for the agent because of it.

    Raises `Invalid`, or `NotFound` if nothing is bound.
    """
    _check(name)
    done, _ = await attempt_once(desk, call, _results, lambda _: _delete(desk, call, name))
    await _look_at_directed(desk, call.tenant, name)
    return done


def _check(name: BindingName) -> None:
    named(name.business_flag, "businessFlag")
    named(name.visitor, "visitorUserName")


async def _create(desk: Desk, call: Call, name: BindingName, agent: str, expires_at: Instant | None) -> BindingName:
    await _require_may_bind(desk, call, name.visitor, agent)
    if await agents.load_one(desk.store, call.tenant, agent) is None:
        raise agent_not_found(agent, "agentUserName")
    loaded = await bindings.load(desk.store, call.tenant, name.business_flag, name.visitor)
    known = loaded.value if loaded else Binding(business_flag=name.business_flag, visitor=name.visitor)
    now = desk.clock.now()
    if known.holds_at(now):
        raise Declined(
            RefusalCode.BINDING_EXISTS,
            f"{name.visitor} is bound to {known.agent} under this businessFlag. Delete that binding first.",
            "businessFlag",
        )
    bound = known.bound(agent, by=call.by.user_name or call.by.role, now=now, expires_at=expires_at)
    write = bindings.write(call.tenant, bound, loaded.version if loaded else Expect.ABSENT)
    await commit(desk, [write, *mark(call, _results, name, now)])
    return name


async def _delete(desk: Desk, call: Call, name: BindingName) -> BindingName:
    loaded = await bindings.load(desk.store, call.tenant, name.business_flag, name.visitor)
    now = desk.clock.now()
    if loaded is None or not loaded.value.holds_at(now):
        raise NotFound(
            RefusalCode.BINDING_NOT_FOUND,
            "This visitor is not bound under this businessFlag. Check both values.",
            "businessFlag",
        )
    await _require_may_bind(desk, call, name.visitor, loaded.value.agent)
    unbound = loaded.value.unbound(by=call.by.user_name or call.by.role, now=now)
    await commit(desk, [bindings.write(call.tenant, unbound, loaded.version), *mark(call, _results, name, now)])
    return name


async def _require_may_bind(desk: Desk, call: Call, visitor: str, agent: str) -> None:
    """Staff bind anybody; an agent binds to himself, and unbinds, visitors whose session he holds."""
    if call.by.role in STAFF:
        return
    is_own = call.by.role is Role.AGENT and login_of(call.by.user_name) == agent
    loaded = await agents.load_one(desk.store, call.tenant, agent) if is_own else None
    if not (loaded and any(held.visitor == visitor for held in loaded.value.held)):
        raise Declined(
            RefusalCode.NOT_ALLOWED, "An agent binds to himself the visitors whose session he holds.", "agentUserName"
        )


async def _look_at_directed(desk: Desk, tenant: str, name: BindingName) -> None:
    for channel in Channel:
        session = await _newest(desk, tenant, name.visitor, channel)
        if session and session.directed_by is DirectedBy.BOUND and session.keys.business_flag == name.business_flag:
            await look(desk, tenant, session.ref, DispatchTrigger.BINDING_ENDED)


async def _newest(desk: Desk, tenant: str, visitor: str, channel: Channel) -> Session | None:
    loaded = await attempt(desk, lambda _: sessions.newest(desk.store, tenant, visitor, channel))
    return loaded.value.session if loaded else None
