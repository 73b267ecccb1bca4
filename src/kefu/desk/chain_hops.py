"""A waiting session goes down its group's chain: one hop, one decision, one commit."""

from kefu.desk.attempts import attempt
from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.facts import Moment, read_group
from kefu.desk.telling_waiters import tell_place
from kefu.domain.bounds import CANDIDATES_MAX
from kefu.domain.chains import groups_ahead, is_anyone_online, is_in_a_chain
from kefu.domain.decision import DispatchReason
from kefu.domain.dispatch import GroupFacts
from kefu.domain.log_writer import LogWriter
from kefu.domain.overflow import decide_hop
from kefu.domain.session import Session
from kefu.domain.skill_group import SkillGroup
from kefu.records import agents
from kefu.records.sessions import LoadedSession

CHAIN_REASONS = frozenset({DispatchReason.NOBODY_ONLINE, DispatchReason.WAITED_TOO_LONG})


async def go_on(desk: Desk, tenant: str, loaded: LoadedSession, moment: Moment, reason: DispatchReason) -> bool:
    """Whether the session went to a group ahead; it stays where somebody is online after all, or all are closed or full."""
    session, directory, now = loaded.value.session, moment.facts.directory, desk.clock.now()
    if reason is DispatchReason.NOBODY_ONLINE and await _is_somebody_online(desk, tenant, session, moment):
        return False
    changes = Changeset(tenant, now, directory.settings.ranking)
    ahead = list[tuple[SkillGroup, GroupFacts]]()
    for group in groups_ahead(directory, session):
        known, members = await read_group(desk, tenant, directory, group.id)
        changes.know(*members)
        ahead.append((group, known))
        decision = decide_hop(session, reason, moment.facts, ahead, now=now, seed=desk.new_seed())
        if decision is not None:
            writer = LogWriter(now, session)
            await tell_place(desk, changes, writer, decision)
            writer.overflowed(decision)
            changes.step(loaded, writer)
            await changes.commit(desk)
            return True
    return False


async def groups_without_anybody(desk: Desk, tenant: str, groups: tuple[str, ...]) -> list[str]:
    """Those of `groups` in which somebody waits, nobody is online, and a chain may lead on."""

    async def step(desk: Desk, _lost: int) -> list[str]:
        directory = (await desk.directories.load(desk.store, tenant)).directory
        found = list[str]()
        for group in groups:
            if is_in_a_chain(directory, group):
                known, _ = await read_group(desk, tenant, directory, group)
                if known.someone_waits and not is_anyone_online(known, desk.clock.now()):
                    found.append(group)
        return found

    return await attempt(desk, step)


async def _is_somebody_online(desk: Desk, tenant: str, session: Session, moment: Moment) -> bool:
    """Beyond those weighed, if there may be more of them."""
    if len(moment.facts.group.agents) < CANDIDATES_MAX or session.line is None:
        return False
    return await agents.is_anyone_online(
        desk.store, tenant, moment.facts.directory, session.line.owner, desk.clock.now()
    )
