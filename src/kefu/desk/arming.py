"""Every open session of a tenant with time-outs has a deadline: made as it opens, else by the sweep."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeAlias

from kefu.desk.attempts import attempt, commit_alone
from kefu.desk.desk import Desk
from kefu.domain.bounds import SWEEP_PAGE, SWEPT_MAX
from kefu.domain.deadline import Deadline
from kefu.domain.instants import Instant
from kefu.domain.session import OPEN, Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.timeouts import Timeouts
from kefu.records import deadlines, sessions
from kefu.store.port import Conflict, Expect, Span, Write

Look: TypeAlias = Callable[[], Awaitable[None]]


def armed(tenant: str, ref: SessionRef, timeouts: Timeouts, now: Instant) -> list[Write]:
    """For the commit that opens a session."""
    if timeouts.shortest_ms is None:
        return []
    return [deadlines.write(tenant, Deadline(ref=ref, due_at=now + timeouts.shortest_ms))]


async def arm_first_sessions(desk: Desk, tenant: str) -> None:
    """A page of each state; the sweep arms the rest."""
    for state in OPEN:
        page, _ = await attempt(desk, partial(_page, tenant, state, Span(SWEEP_PAGE)))
        if page:
            await _arm(desk, tenant, [session.ref for session in page])


async def pages_to_arm(desk: Desk, tenant: str, behind: str) -> AsyncGenerator[tuple[str, Look], None]:
    """Of the tenant's open sessions page by page: where it ends, and what arms those that have no deadline in time.

    Nothing where no time-out is set. `behind` is where an earlier call stood.
    """
    known = await attempt(desk, lambda desk, _: desk.directories.load(desk.store, tenant))
    if known.directory.settings.timeouts.shortest_ms is None:
        return
    first, _, after = behind.partition("#")
    for state in OPEN[OPEN.index(SessionState(first)) if first else 0 :]:
        async for end, refs in _pages(desk, tenant, state, after if state == first else ""):
            yield f"{state}#{end}", partial(_arm, desk, tenant, refs)


async def _pages(
    desk: Desk, tenant: str, state: SessionState, after: str
) -> AsyncGenerator[tuple[str, list[SessionRef]], None]:
    for _ in range(SWEPT_MAX // SWEEP_PAGE):
        span = Span(SWEEP_PAGE, after)
        page, has_more = await attempt(desk, partial(_page, tenant, state, span))
        if page:
            after = sessions.listing_order(page[-1])
            yield after, [session.ref for session in page]
        if not has_more:
            return


async def _page(tenant: str, state: SessionState, span: Span, desk: Desk, _lost: int) -> tuple[list[Session], bool]:
    return await sessions.listed(desk.store, tenant, state, span)


async def _arm(desk: Desk, tenant: str, refs: Sequence[SessionRef]) -> None:
    """Of two who arm the same session, one is enough."""

    async def step(desk: Desk, _lost: int) -> None:
        timeouts = (await desk.directories.load(desk.store, tenant)).directory.settings.timeouts
        found = await deadlines.load(desk.store, tenant, [ref.id for ref in refs])
        now = desk.clock.now()
        for ref, known in zip(refs, found, strict=True):
            if timeouts.shortest_ms is None or (known and known.value.due_at <= now + timeouts.shortest_ms):
                continue
            with suppress(Conflict):
                due_now = Deadline(ref=ref, due_at=now)
                await commit_alone(desk, deadlines.write(tenant, due_now, known.version if known else Expect.ABSENT))

    await attempt(desk, step)
