"""Active sessions of an agent who is gone go back to a line, start time kept."""

from kefu.desk.attempts import attempt
from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.facts import read_waiting
from kefu.desk.loading_agents import load_agent
from kefu.desk.looking import look
from kefu.desk.serving import fill
from kefu.desk.telling_waiters import tell_place
from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.decision import DispatchReason, DispatchTrigger
from kefu.domain.directory import TenantSettings
from kefu.domain.instants import Instant
from kefu.domain.log_writer import LogWriter
from kefu.domain.overflow import decide_return
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef
from kefu.records import agents, sessions


def is_given_up(agent: Agent, settings: TenantSettings, now: Instant) -> bool:
    """Whether the agent is OFFLINE for so long that his sessions are handed on."""
    is_offline = agent.status_at(now) is AgentStatus.OFFLINE
    return is_offline and agent.offline_since(now) + settings.reassign_after_offline_ms <= now


async def return_held_sessions(desk: Desk, tenant: str, login: str, reason: DispatchReason) -> None:
    """Each on its own: an agent who comes back meanwhile keeps the rest, and takes who waits."""
    loaded = await attempt(desk, lambda desk, _: agents.load_one(desk.store, tenant, login))
    for ref in loaded.value.held if loaded else ():
        await return_session(desk, tenant, login, ref, reason)
    await fill(desk, tenant, login, DispatchTrigger.SWEEP)


async def return_session(desk: Desk, tenant: str, login: str, ref: SessionRef, reason: DispatchReason) -> None:
    """Takes one session from the agent, if he still has it, and lets it go on from there."""
    await attempt(desk, lambda desk, lost: _return(desk, tenant, login, ref, reason, lost=lost))
    await look(desk, tenant, ref, DispatchTrigger.SWEEP)


async def _return(desk: Desk, tenant: str, login: str, ref: SessionRef, reason: DispatchReason, *, lost: int) -> None:
    [loaded] = await sessions.load(desk.store, tenant, [ref])
    if loaded is None or loaded.value.session.state is not SessionState.ACTIVE or loaded.value.session.agent != login:
        return
    holder = await load_agent(desk, tenant, login)
    settings = (await desk.directories.load(desk.store, tenant)).directory.settings
    if reason is DispatchReason.AGENT_VANISHED and not (
        holder and is_given_up(holder.value, settings, desk.clock.now())
    ):
        return
    session = loaded.value.session
    trigger = DispatchTrigger.AGENT_WENT_OFFLINE
    moment = await read_waiting(desk, tenant, session, trigger=trigger, lost_claims=lost)
    changes = Changeset(tenant, desk.clock.now(), moment.facts.directory.settings.ranking)
    changes.know(holder, *moment.agents)
    writer = LogWriter(changes.now, session)
    decision = decide_return(session, reason, moment.facts, now=changes.now, seed=desk.new_seed())
    await tell_place(desk, changes, writer, decision)
    writer.overflowed(decision)
    changes.step(loaded, writer)
    await changes.commit(desk)
