"""Once per client message id: the latest ids lie in the session's own record, older ones in records beside it.

So a duplicate costs no record of its own in the commit; one more is written for every few messages of a
visitor who writes many.
"""

from collections.abc import Iterable

from kefu.desk.desk import Desk
from kefu.domain.bounds import SEEN_FOR, SEEN_INLINE_MAX, SEEN_MARKS_MAX
from kefu.domain.channel import Channel
from kefu.domain.instants import Instant
from kefu.domain.session import Session
from kefu.records import sessions
from kefu.records.sessions import SeenMessage
from kefu.store.port import Write


async def older_seen(
    desk: Desk, tenant: str, visitor: str, channel: Channel, client_message_id: str | None
) -> list[SeenMessage]:
    if client_message_id is None:
        return []
    since = desk.clock.now() - SEEN_FOR
    return await sessions.older_seen(desk.store, tenant, visitor, channel, since=since, limit=SEEN_MARKS_MAX)


def find_seen(seen: Iterable[SeenMessage], client_message_id: str | None, now: Instant) -> SeenMessage | None:
    if client_message_id is None:
        return None
    recent = (mark for mark in seen if mark.at > now - SEEN_FOR)
    return next((mark for mark in recent if mark.client_message_id == client_message_id), None)


def remember(
    tenant: str, session: Session, seen: tuple[SeenMessage, ...], mark: SeenMessage | None
) -> tuple[tuple[SeenMessage, ...], list[Write]]:
    """The ids to keep in the session's record after `mark`, and the write for those that no longer fit."""
    kept = (*seen, mark) if mark else seen
    if len(kept) <= SEEN_INLINE_MAX:
        return kept, []
    spilled, kept = kept[: SEEN_INLINE_MAX // 2], kept[SEEN_INLINE_MAX // 2 :]
    return kept, [sessions.seen_mark(tenant, session, spilled, spilled[-1].at + SEEN_FOR)]
