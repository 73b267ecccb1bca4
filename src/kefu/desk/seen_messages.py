"""Once per client message id: the latest ids lie in the session's own record, older ones in records beside it.

So a duplicate costs no record of its own in the commit; one more is written for every few messages of a
visitor who writes many.
"""

from collections.abc import Iterable

from kefu.desk.desk import Desk
from kefu.domain.bounds import SEEN_FOR, SEEN_INLINE_MAX, SEEN_MARKS_MAX
from kefu.domain.instants import Instant
from kefu.domain.session import Session
from kefu.records import sessions
from kefu.records.sessions import LoadedSession, SeenMessage, StoredSession
from kefu.store.port import Write


async def older_seen(
    desk: Desk, tenant: str, latest: LoadedSession | None, client_message_id: str | None
) -> list[SeenMessage]:
    """Ids that no longer fit into `latest`, the visitor's newest session on a channel.

    Read behind `latest`: ids move from there to here, so read side by side one could be missed in both. A visitor
    who writes little costs no read: then none ever moved.
    """
    now = desk.clock.now()
    spilled_at = latest.value.spilled_at if latest else None
    if latest is None or client_message_id is None or spilled_at is None or spilled_at + SEEN_FOR <= now:
        return []
    ref = latest.value.session.ref
    return await sessions.older_seen(
        desk.store, tenant, ref.visitor, ref.channel, since=now - SEEN_FOR, limit=SEEN_MARKS_MAX
    )


def find_seen(seen: Iterable[SeenMessage], client_message_id: str | None, now: Instant) -> SeenMessage | None:
    if client_message_id is None:
        return None
    recent = (mark for mark in seen if mark.at > now - SEEN_FOR)
    return next((mark for mark in recent if mark.client_message_id == client_message_id), None)


def remember(
    tenant: str, session: Session, known: StoredSession | None, mark: SeenMessage | None
) -> tuple[StoredSession, list[Write]]:
    """What to store of `session` after `mark`, and the write for the ids that no longer fit into it.

    `known` is the visitor's newest session as it was, this one or the one before it.
    """
    seen, spilled_at = (known.seen, known.spilled_at) if known else ((), None)
    kept = (*seen, mark) if mark else seen
    if mark is None or len(kept) <= SEEN_INLINE_MAX:
        return StoredSession(session=session, seen=kept, spilled_at=spilled_at), []
    spilled, kept = kept[: SEEN_INLINE_MAX // 2], kept[SEEN_INLINE_MAX // 2 :]
    write = sessions.seen_mark(tenant, session, spilled, spilled[-1].at + SEEN_FOR)
    return StoredSession(session=session, seen=kept, spilled_at=mark.at), [write]
