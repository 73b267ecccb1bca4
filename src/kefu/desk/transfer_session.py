"""A session is handed on; one commit releases the old slot and takes the new."""

from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.access import agent_not_found
from kefu.desk.call import Call, Role
from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.facts import read_group
from kefu.desk.loading_agents import load_agent
from kefu.desk.looking import look
from kefu.desk.once import amend, attempt_once, mark
from kefu.desk.open_session import load_open
from kefu.desk.serving import fill
from kefu.desk.telling_waiters import tell_place
from kefu.domain.decision import DispatchTrigger
from kefu.domain.directory import Directory
from kefu.domain.dispatch import DispatchFacts
from kefu.domain.ids import login_of
from kefu.domain.line import group_line
from kefu.domain.log_writer import LogWriter
from kefu.domain.refusals import Declined, Invalid, NotFound, RefusalCode
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.transfer import decide_transfer_to_agent, decide_transfer_to_group
from kefu.records.codec import Codec


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferTarget:
    """Exactly one of the two is given."""

    agent: str | None = None
    skill_group: str | None = None
    force: bool = False
    """Wait in the agent's own line if he is not free."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transferred:
    session: SessionRef
    from_agent: str | None = None
    assigned: tuple[SessionRef, ...] = ()
    """Sessions that the room of the agent who gave it up went to."""


_results = Codec(Transferred)


async def transfer_session(desk: Desk, call: Call, ref: SessionRef, target: TransferTarget) -> Transferred:
    """Raises `NotFound`, `Invalid`, or `Declined` (closed, in the bot stage, target not free)."""
    _check(call, target)
    done, was_done = await attempt_once(
        desk, call, _results, lambda desk, lost: _transfer(desk, call, ref, target, lost)
    )
    # The room that was made goes to whose turn it is, before the session that was handed on is looked at.
    taken = await fill(desk, call.tenant, done.from_agent, DispatchTrigger.AGENT_GAINED_ROOM) if done.from_agent else []
    await look(desk, call.tenant, ref, DispatchTrigger.TRANSFER)
    if taken and not was_done:
        done = replace(done, assigned=tuple(taken))
        await amend(desk, call, _results, done)
    return done


def _check(call: Call, target: TransferTarget) -> None:
    if call.by.role is Role.VISITOR:
        raise Declined(RefusalCode.NOT_ALLOWED, "A visitor cannot transfer a session.")
    if (target.agent is None) == (target.skill_group is None):
        raise Invalid("Name either toAgent or toSkillGroupId, one of the two.", "toAgent")


async def _transfer(desk: Desk, call: Call, ref: SessionRef, target: TransferTarget, lost: int) -> Transferred:
    loaded = await load_open(desk, call.by, ref)
    session = loaded.value.session
    _require_in_human_stage(session)
    directory = (await desk.directories.load(desk.store, call.tenant)).directory
    changes = Changeset(call.tenant, desk.clock.now(), directory.settings.ranking)
    held_by = session.agent if session.state is SessionState.ACTIVE else None
    if held_by:
        changes.know(await load_agent(desk, call.tenant, held_by))
    writer = LogWriter(changes.now, session)
    facts = DispatchFacts(
        directory=directory,
        channel=session.channel,
        keys=session.keys,
        trigger=DispatchTrigger.TRANSFER,
        lost_claims=lost,
        ranked_last=held_by,
    )
    if target.agent is not None:
        await _to_agent(desk, changes, writer, facts, target)
    else:
        await _to_group(desk, changes, writer, facts, target.skill_group or "")
    done = Transferred(session=ref, from_agent=held_by)
    changes.step(loaded, writer)
    changes.add(*mark(call, _results, done, changes.now))
    await changes.commit(desk)
    return done


async def _to_agent(
    desk: Desk, changes: Changeset, writer: LogWriter, facts: DispatchFacts, target: TransferTarget
) -> None:
    login = login_of(target.agent or "")
    if login in (writer.session.agent, writer.session.directed_to):
        raise Invalid("The session is with this agent already. Name another one.", "toAgent")
    loaded = await load_agent(desk, changes.tenant, login)
    if loaded is None or loaded.value.is_disabled:
        raise agent_not_found(target.agent or "", "toAgent")
    changes.know(loaded)
    decision = decide_transfer_to_agent(writer.session, loaded.value, facts, force=target.force, now=changes.now)
    await tell_place(desk, changes, writer, decision)
    writer.transferred_to_agent(decision)


async def _to_group(desk: Desk, changes: Changeset, writer: LogWriter, facts: DispatchFacts, group_id: str) -> None:
    _require_group(facts.directory, group_id)
    if writer.session.line == group_line(group_id):
        raise Invalid("The session waits in this skill group already. Name another one.", "toSkillGroupId")
    group, members = await read_group(desk, changes.tenant, facts.directory, group_id)
    changes.know(*members)
    decision = decide_transfer_to_group(group_id, replace(facts, group=group), now=changes.now, seed=desk.new_seed())
    await tell_place(desk, changes, writer, decision)
    writer.transferred_to_group(decision)


def _require_group(directory: Directory, group_id: str) -> None:
    if directory.group(group_id) is None:
        raise NotFound(
            RefusalCode.SKILL_GROUP_NOT_FOUND,
            "There is no such skill group. Use an id as skillGroups gives it.",
            "toSkillGroupId",
        )


def _require_in_human_stage(session: Session) -> None:
    if session.state is SessionState.BOT:
        raise Declined(
            RefusalCode.SESSION_NOT_ACTIVE,
            "The session is with the bot. Use sessionRequestHuman first.",
            "sessionId",
        )
