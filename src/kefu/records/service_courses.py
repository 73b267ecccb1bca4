"""What the logs of a span of time say of the service: sessions by their start, and one log folded after the other."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from kefu.domain.bounds import REPORT_LISTED_MAX, REPORT_LOG_LENGTH_MAX, REPORT_LOGS_MAX, REPORT_LOOKS_BACK
from kefu.domain.instants import Instant
from kefu.domain.service_course import Course
from kefu.domain.session import Session, SessionState
from kefu.records import keys, sessions
from kefu.store.port import Span, Store

_LISTED_PAGE = 500
_LOG_PAGE = 200
_LOGS_AT_ONCE = 16


class TooMuchToRead(Exception):
    """More sessions, or a longer log, than one report is made of."""


async def courses(
    store: Store, tenant: str, since: Instant, until: Instant, logs_max: int = REPORT_LOGS_MAX
) -> AsyncGenerator[Course, None]:
    """Of every session that came before a human and touches the span, but for those that began more than
    `REPORT_LOOKS_BACK` before it and have ended.

    The listing is eventually consistent, the logs are not. Give a store that forgets what it has read.
    Raises `TooMuchToRead`.
    """
    read = 0
    async for page in _pages(store, tenant, since, until):
        read += len(page)
        if read > logs_max:
            raise TooMuchToRead
        for first in range(0, len(page), _LOGS_AT_ONCE):
            some = page[first : first + _LOGS_AT_ONCE]
            for course in await asyncio.gather(*(_course(store, tenant, session) for session in some)):
                yield course


async def _pages(store: Store, tenant: str, since: Instant, until: Instant) -> AsyncIterator[list[Session]]:
    """Sessions to fold, each once, though one that is closed meanwhile is listed twice."""
    listed = 0
    still_open: set[str] = set()
    for state in SessionState:
        is_closed = state is SessionState.CLOSED
        span = _span(tenant, state, since - REPORT_LOOKS_BACK if is_closed else 0, until)
        has_more = True
        while has_more:
            page, has_more = await sessions.listed(store, tenant, state, span)
            listed += len(page)
            if listed > REPORT_LISTED_MAX:
                raise TooMuchToRead
            wanted = [each for each in page if _touches(each, since) and each.id not in still_open]
            yield wanted
            if not is_closed:
                still_open.update(each.id for each in wanted)
            if page:
                span = span.beyond(sessions.listing_order(page[-1]))


def _span(tenant: str, state: SessionState, since: Instant, until: Instant) -> Span:
    after, before = (keys.session_listing(tenant, state, max(0, at), "").order for at in (since, until))
    return Span(_LISTED_PAGE, after, before)


def _touches(session: Session, since: Instant) -> bool:
    """A session that nothing was decided for never came before a human."""
    return session.decided_seq is not None and (session.closed_at is None or session.closed_at >= since)


async def _course(store: Store, tenant: str, session: Session) -> Course:
    course = Course(session.channel)
    seq, has_more = 0, True
    while has_more:
        if seq > REPORT_LOG_LENGTH_MAX:
            raise TooMuchToRead
        page, has_more = await sessions.log_after(store, tenant, session.id, seq, _LOG_PAGE)
        for entry in page:
            course.add(entry)
        seq = page[-1].seq if page else seq
    return course
