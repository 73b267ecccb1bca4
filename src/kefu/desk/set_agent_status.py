"""An agent comes or goes. Coming ONLINE takes waiting sessions; going OFFLINE sends the bound ones on."""

import asyncio
from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.access import STAFF, agent_not_found, is_agent_self
from kefu.desk.call import Call
from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.loading_agents import load_agent
from kefu.desk.looking import look_at_groups_left, look_at_line
from kefu.desk.once import amend, attempt_once, mark
from kefu.desk.serving import fill, foresee_lines, take_into
from kefu.domain.agent import AgentStatus
from kefu.domain.decision import DispatchTrigger
from kefu.domain.ids import login_of
from kefu.domain.line import agent_line
from kefu.domain.refusals import Declined, RefusalCode
from kefu.domain.session_ref import SessionRef
from kefu.records.codec import Codec


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusSet:
    agent: str
    assigned: tuple[SessionRef, ...] = ()
    groups: tuple[str, ...] = ()
    """Ids of the groups that he serves."""


_results = Codec(StatusSet)


async def set_agent_status(desk: Desk, call: Call, user_name: str, status: AgentStatus) -> StatusSet:
    """Raises `NotFound`, or `Declined` if the caller may not speak for this agent."""
    login = login_of(user_name)
    if call.by.role not in STAFF and not is_agent_self(call.by, login):
        raise Declined(RefusalCode.NOT_ALLOWED, "An agent sets his own status; a supervisor anybody's.", "userName")
    done, was_done = await attempt_once(desk, call, _results, lambda desk, _: _set(desk, call, login, status))
    if status is AgentStatus.ONLINE:
        more = await fill(desk, call.tenant, login, DispatchTrigger.AGENT_GAINED_ROOM)
        if more and not was_done:
            done = replace(done, assigned=(*done.assigned, *more))
            await amend(desk, call, _results, done)
        return done
    if status is AgentStatus.OFFLINE:
        await look_at_line(desk, call.tenant, agent_line(login), DispatchTrigger.AGENT_WENT_OFFLINE)
    await look_at_groups_left(desk, call.tenant, done.groups, DispatchTrigger.AGENT_WENT_OFFLINE)
    return done


async def _set(desk: Desk, call: Call, login: str, status: AgentStatus) -> StatusSet:
    loaded, directory, _ = await asyncio.gather(
        load_agent(desk, call.tenant, login),
        desk.directories.load(desk.store, call.tenant),
        foresee_lines(desk, call.tenant, login),
    )
    if loaded is None:
        raise agent_not_found(login)
    changes = Changeset(call.tenant, desk.clock.now(), directory.directory.settings.ranking)
    changes.know(loaded)
    changes.change(loaded.value.turning(status, changes.now))
    taken = await take_into(desk, changes, login, DispatchTrigger.AGENT_GAINED_ROOM)
    done = StatusSet(agent=login, assigned=(taken,) if taken else (), groups=loaded.value.serves)
    changes.add(*mark(call, _results, done, changes.now))
    if changes.writes():
        await changes.commit(desk)
    return done
