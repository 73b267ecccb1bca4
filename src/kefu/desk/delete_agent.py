"""An agent leaves for good. Whoever waits for him goes on to a group; whoever he holds must be handed on first."""

from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.access import agent_not_found, require_staff
from kefu.desk.attempts import attempt, commit
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.looking import look_at_groups_left, look_at_line
from kefu.desk.once import attempt_once, done_before, mark
from kefu.desk.returning import return_held_sessions
from kefu.desk.save_agent import profile_writes
from kefu.domain.decision import DispatchReason, DispatchTrigger
from kefu.domain.ids import login_of
from kefu.domain.line import agent_line
from kefu.domain.refusals import Declined, RefusalCode
from kefu.records import agents, directories
from kefu.records.codec import Codec


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentDeleted:
    agent: str
    groups: tuple[str, ...] = ()
    """Ids of the groups that he served."""


_results = Codec(AgentDeleted)


async def delete_agent(desk: Desk, call: Call, user_name: str, *, force: bool = False) -> AgentDeleted:
    """Raises `NotFound`, or `Declined` with AGENT_HAS_SESSIONS; forced, his sessions go back to their groups."""
    require_staff(call.by)
    login = login_of(user_name)
    if force and await done_before(desk, call, _results) is None:
        await attempt(desk, lambda desk, _: _disable(desk, call.tenant, login))
        await return_held_sessions(desk, call.tenant, login, DispatchReason.DIRECTED_AGENT_REMOVED)
    deleted, _ = await attempt_once(desk, call, _results, lambda desk, _: _delete(desk, call, login))
    await look_at_line(desk, call.tenant, agent_line(login), DispatchTrigger.AGENT_REMOVED)
    await look_at_groups_left(desk, call.tenant, deleted.groups, DispatchTrigger.AGENT_REMOVED)
    return deleted


async def _disable(desk: Desk, tenant: str, login: str) -> None:
    """From here on nothing is given to the agent any more."""
    loaded = await agents.load_one(desk.store, tenant, login)
    if loaded and not loaded.value.is_disabled:
        ranking = (await desk.directories.load(desk.store, tenant)).directory.settings.ranking
        disabled = replace(loaded.value, is_disabled=True)
        await commit(desk, [agents.write(tenant, disabled, loaded.version, ranking)])


async def _delete(desk: Desk, call: Call, login: str) -> AgentDeleted:
    loaded = await agents.load_one(desk.store, call.tenant, login)
    if loaded is None:
        raise agent_not_found(login)
    if loaded.value.held:
        raise Declined(
            RefusalCode.AGENT_HAS_SESSIONS,
            f"{login} holds {loaded.value.active_sessions} sessions. Transfer or close them, or use force.",
            "userName",
        )
    directory = await desk.directories.load(desk.store, call.tenant)
    deleted = AgentDeleted(agent=login, groups=loaded.value.serves)
    writes = [
        agents.delete(call.tenant, loaded),
        agents.delete_seat(call.tenant, login),
        *await profile_writes(desk, call.tenant, directory.directory, left=loaded.value, joined=None),
        directories.write_head(call.tenant, directory),
        *mark(call, _results, deleted, desk.clock.now()),
    ]
    await commit(desk, writes)
    desk.last_seen.saw_agent_gone(call.tenant, login, desk.clock.now())
    return deleted
