"""Bindings of a long list, as an import has them: done again, a line changes nothing."""

from kefu.desk.bindings import BindingName, create_binding
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.domain.ids import login_of
from kefu.domain.instants import Instant
from kefu.domain.refusals import Declined, RefusalCode
from kefu.records import bindings


async def bind_listed(desk: Desk, call: Call, name: BindingName, agent: str, expires_at: Instant | None) -> bool:
    """Whether the binding was made now; False if it stands as listed. Raises what `create_binding` does."""
    try:
        await create_binding(desk, call, name, agent, expires_at)
    except Declined as declined:
        if declined.code is not RefusalCode.BINDING_EXISTS:
            raise
        loaded = await bindings.load(desk.store, call.tenant, name.business_flag, name.visitor)
        if loaded is None or (loaded.value.agent, loaded.value.expires_at) != (login_of(agent), expires_at):
            raise
        return False
    return True
