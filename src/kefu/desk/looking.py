"""The look at the other side: after a session joined a line, does anything let it go on?

Whoever makes room commits first and reads the lines afterwards; whoever joins a line commits first and looks
here afterwards. Whichever commits second sees the other, so nobody waits while an agent is free.
"""

import asyncio

from kefu.desk.attempts import attempt, left_to_the_next_look
from kefu.desk.chain_hops import CHAIN_REASONS, go_on, groups_without_anybody
from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.facts import Moment, foresee_waiting, read_waiting
from kefu.desk.serving import take_next
from kefu.desk.telling_waiters import tell_place
from kefu.domain.bounds import LINE_PAGE, LOOKS_MAX
from kefu.domain.decision import DispatchReason, DispatchTrigger
from kefu.domain.line import Line, LineKind, Place, group_line
from kefu.domain.log_writer import LogWriter
from kefu.domain.overflow import decide_overflow, reason_to_leave
from kefu.domain.ranking import choose_agent
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.records import sessions
from kefu.records.sessions import LoadedSession
from kefu.store.port import Conflict


async def look(desk: Desk, tenant: str, ref: SessionRef, trigger: DispatchTrigger = DispatchTrigger.LOOK) -> None:
    """Moves the session on for as long as something lets it, and whoever stands before it in its line.

    What brought the caller here is committed: a look that does not come through is left to the next one.
    """
    with left_to_the_next_look():
        for _ in range(LOOKS_MAX):
            if not await attempt(desk, lambda desk, lost: _look_once(desk, tenant, ref, trigger, lost)):
                return


async def look_at_line(desk: Desk, tenant: str, line: Line, trigger: DispatchTrigger) -> None:
    """Looks at everybody in a line whose owner changed."""
    behind: Place | None = None
    with left_to_the_next_look():
        for _ in range(LOOKS_MAX):
            page, has_more = await _line_page(desk, tenant, line, behind)
            for loaded in page:
                await look(desk, tenant, loaded.value.session.ref, trigger)
            if not has_more:
                return
            behind = page[-1].value.session.place


async def look_at_groups_left(desk: Desk, tenant: str, groups: tuple[str, ...], trigger: DispatchTrigger) -> None:
    """After somebody of these groups is no longer ONLINE there: where he was the last, a chain takes over."""
    with left_to_the_next_look():
        for group in await groups_without_anybody(desk, tenant, groups):
            await look_at_line(desk, tenant, group_line(group), trigger)


async def _line_page(desk: Desk, tenant: str, line: Line, behind: Place | None) -> tuple[list[LoadedSession], bool]:
    return await attempt(
        desk, lambda desk, _: sessions.line_page(desk.store, tenant, line, behind=behind, limit=LINE_PAGE)
    )


async def _look_once(desk: Desk, tenant: str, ref: SessionRef, trigger: DispatchTrigger, lost: int) -> bool:
    [loaded], _ = await asyncio.gather(sessions.load(desk.store, tenant, [ref]), _foresee(desk, tenant, ref))
    if loaded is None or loaded.value.session.state is not SessionState.WAITING:
        return False
    session = loaded.value.session
    moment = await read_waiting(desk, tenant, session, trigger=trigger, lost_claims=lost)
    reason = reason_to_leave(session, moment.facts, desk.clock.now())
    if reason is not None and session.directed_to is None and reason in CHAIN_REASONS:
        is_moved = await go_on(desk, tenant, loaded, moment, reason)
    else:
        is_moved = reason is not None
        if reason is not None:
            await _overflow(desk, tenant, loaded, moment, reason)
    if is_moved:
        return True
    return await _serve_line_of(desk, tenant, session, moment, trigger)


async def _foresee(desk: Desk, tenant: str, ref: SessionRef) -> None:
    """Reads ahead what the look takes, if the session waited when this process last saw it."""
    last = desk.last_seen.session(tenant, ref.visitor, ref.channel)
    if last and last.ref == ref and last.line:
        await foresee_waiting(desk, tenant, last)


async def _overflow(desk: Desk, tenant: str, loaded: LoadedSession, moment: Moment, reason: DispatchReason) -> None:
    now, session = desk.clock.now(), loaded.value.session
    decision = decide_overflow(session, reason, moment.facts, now=now, seed=desk.new_seed())
    writer = LogWriter(now, session)
    changes = Changeset(tenant, now, moment.facts.directory.settings.ranking)
    changes.know(*moment.agents)
    await tell_place(desk, changes, writer, decision)
    writer.overflowed(decision)
    changes.step(loaded, writer)
    await changes.commit(desk)


async def _serve_line_of(desk: Desk, tenant: str, session: Session, moment: Moment, trigger: DispatchTrigger) -> bool:
    """Whether an agent who serves the session's line took somebody, this session or one before it."""
    facts = moment.facts
    if session.line and session.line.kind is LineKind.AGENT:
        is_free = facts.designated is not None and facts.designated.agent.is_free_at(desk.clock.now())
        return is_free and await take_next(desk, tenant, session.line.owner, trigger) is not None
    choice = choose_agent(
        facts.group.agents,
        facts.directory.settings,
        now=desk.clock.now(),
        seed=desk.new_seed() if facts.lost_claims else None,
        last=facts.ranked_last,
    )
    if choice.agent is None:
        return False
    if await take_next(desk, tenant, choice.agent.login, trigger) is None:
        raise Conflict  # he was taken meanwhile; somebody else may be free
    return True
