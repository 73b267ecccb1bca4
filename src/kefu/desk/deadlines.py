"""Ends for silence: whoever comes by a deadline that is due looks at its session, and ends it, warns, or moves the deadline.

A message never touches a deadline. One that comes too early, because something newer was said, moves itself. Any number of
processes may look at the same one: the end is a step of the session, so it comes about once, and never past a message or a
close that was committed first.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import assert_never

from kefu.desk.attempts import attempt, commit_alone
from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.ending import Ended, end_into
from kefu.desk.serving import fill
from kefu.desk.visitor_presence import presence_of
from kefu.domain.bounds import DEADLINES_LOOKED_AT_MAX, DEADLINES_PAGE
from kefu.domain.decision import DispatchTrigger
from kefu.domain.directory import TenantSettings
from kefu.domain.instants import Instant
from kefu.domain.log import EventKind
from kefu.domain.log_writer import LogWriter
from kefu.domain.message import Message, MessageSender
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.silence import End, LookAgain, NextStep, Warn, next_step
from kefu.records import deadlines, sessions
from kefu.records.deadlines import Due, LoadedDeadline
from kefu.records.sessions import LoadedSession
from kefu.records.visitor_presence import VisitorSeen
from kefu.store.port import Write

LOOKS_EVERY_S = 2.0
LOOKS_AT_ONCE = 10
_NOT_ASKED = VisitorSeen(0, ())

log = logging.getLogger("kefu.desk.deadlines")


async def keep_looking(desk: Desk) -> None:
    """Looks at what is due every other second, for as long as it is let. What goes wrong is logged and tried again."""
    while True:
        await desk.clock.sleep(LOOKS_EVERY_S)
        try:
            await look_at_due(desk, lambda: True)
        except Exception:  # whatever tears, what is due stays due
            log.exception("deadlines were not looked at; the next round tries again")


async def look_at_due(desk: Desk, has_time: Callable[[], bool]) -> int:
    """Looks at the deadlines that are due, several at once, while time is left. Returns how many."""
    looks = 0
    async with aclosing(_due_pages(desk)) as pages:
        async for page in pages:
            for start in range(0, len(page), LOOKS_AT_ONCE):
                if not has_time():
                    return looks
                now = page[start : start + LOOKS_AT_ONCE]
                await asyncio.gather(*(_look_in_peace(desk, each) for each in now))
                looks += len(now)
    return looks


async def look_at_each_due(desk: Desk) -> None:
    """The same one after another, and what goes wrong is the caller's."""
    async with aclosing(_due_pages(desk)) as pages:
        async for page in pages:
            for each in page:
                await look_at_deadline(desk, each.tenant, each.deadline.ref)


async def look_at_deadline(desk: Desk, tenant: str, ref: SessionRef) -> None:
    """If it is due, as a strongly consistent read tells: ends the session, warns, or moves the deadline."""
    ended = await attempt(desk, lambda desk, _: _look(desk, tenant, ref))
    if ended and ended.agent and ended.has_room:
        await fill(desk, tenant, ended.agent, DispatchTrigger.AGENT_GAINED_ROOM)


async def _look_in_peace(desk: Desk, due: Due) -> None:
    try:
        await look_at_deadline(desk, due.tenant, due.deadline.ref)
    except Exception:  # one session's trouble is not the next one's
        log.exception("the deadline of session %s was not looked at; it stays due", due.deadline.ref.id)


async def _due_pages(desk: Desk) -> AsyncGenerator[list[Due], None]:
    """What was due when it began. One that stays due, whatever its trouble, holds up nobody behind it."""
    now, behind = desk.clock.now(), None
    for _ in range(DEADLINES_LOOKED_AT_MAX // DEADLINES_PAGE):
        page, has_more = await attempt(desk, partial(_due_page, now, behind))
        yield page
        if not has_more:
            return
        behind = page[-1]


async def _due_page(now: Instant, behind: Due | None, desk: Desk, _lost: int) -> tuple[list[Due], bool]:
    return await deadlines.due(desk.store, now, behind=behind, limit=DEADLINES_PAGE)


async def _look(desk: Desk, tenant: str, ref: SessionRef) -> Ended | None:
    [deadline], [loaded], known = await asyncio.gather(
        deadlines.load(desk.store, tenant, [ref.id]),
        sessions.load(desk.store, tenant, [ref]),
        desk.directories.load(desk.store, tenant),
    )
    settings, now = known.directory.settings, desk.clock.now()
    if deadline is None or deadline.value.due_at > now:
        return None
    if loaded is None or not loaded.value.session.is_open:
        await _forget(desk, tenant, ref, deadline)
        return None
    step, seen = await _next_step(desk, tenant, loaded.value.session, settings)
    match step:
        case None:
            await _forget(desk, tenant, ref, deadline)
        case LookAgain(at):
            await commit_alone(desk, _moved(tenant, deadline, at))
        case Warn():
            await _warn(desk, tenant, loaded, step, settings, _moved(tenant, deadline, step.look_at), *seen.checks)
        case End(cause):
            gone = deadlines.delete(tenant, ref.id, deadline.version)
            return await _end(desk, tenant, loaded, cause, settings, gone, *seen.checks)
        case _:
            assert_never(step)
    return None


async def _next_step(
    desk: Desk, tenant: str, session: Session, settings: TenantSettings
) -> tuple[NextStep | None, VisitorSeen]:
    """Whether a visitor who waits is still there is asked once his silence alone would not let him stay."""
    step = next_step(session, settings.timeouts, desk.clock.now())
    if session.state is not SessionState.WAITING or step is None or isinstance(step, LookAgain):
        return step, _NOT_ASKED
    seen = await presence_of(desk, tenant, session)
    return next_step(session, settings.timeouts, desk.clock.now(), visitor_seen_at=seen.at), seen


async def _forget(desk: Desk, tenant: str, ref: SessionRef, deadline: LoadedDeadline) -> None:
    await commit_alone(desk, deadlines.delete(tenant, ref.id, deadline.version))


def _moved(tenant: str, deadline: LoadedDeadline, due_at: Instant) -> Write:
    return deadlines.write(tenant, replace(deadline.value, due_at=due_at), deadline.version)


async def _end(
    desk: Desk, tenant: str, loaded: LoadedSession, cause: EventKind, settings: TenantSettings, *others: Write
) -> Ended:
    changes = Changeset(tenant, desk.clock.now(), settings.ranking)
    ended = await end_into(desk, changes, loaded, cause, settings)
    changes.add(*others)
    await changes.commit(desk)
    return ended


async def _warn(
    desk: Desk, tenant: str, loaded: LoadedSession, warn: Warn, settings: TenantSettings, *others: Write
) -> None:
    changes = Changeset(tenant, desk.clock.now(), settings.ranking)
    writer = LogWriter(changes.now, loaded.value.session)
    writer.timeout_warned(warn.cause, _warning(desk, changes, warn, settings))
    changes.step(loaded, writer)
    changes.add(*others)
    await changes.commit(desk)


def _warning(desk: Desk, changes: Changeset, warn: Warn, settings: TenantSettings) -> Message | None:
    """What the visitor reads; that the agent is late is told to the agent's side alone."""
    if warn.cause is EventKind.AGENT_TIMEOUT_END:
        return None
    return Message(
        id=desk.new_id(changes.now),
        sender=MessageSender.SYSTEM,
        text=settings.timeouts.warning_text,
        sent_at=changes.now,
    )
