"""Once per client message id: the latest ids lie in the session's own record, older ones in records beside it.

So a duplicate costs no record of its own in the commit; one more is written for every few messages of a
visitor who writes many.
"""

import base64
import hashlib
from collections.abc import Iterable

from kefu.desk.desk import Desk
from kefu.domain.bounds import SEEN_FOR, SEEN_INLINE_MAX, SEEN_MARKS_MAX
from kefu.domain.instants import Instant
from kefu.domain.log_writer import LogWriter
from kefu.domain.session_ref import SessionRef
from kefu.records import sessions
from kefu.records.sessions import LoadedSession, SeenMessage, StoredSession
from kefu.store.port import Write

_DIGEST_BYTES = 9
"""Among the six thousand ids that are remembered at most, two are alike for one visitor in 10¹⁴."""


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


def find_seen(
    latest: LoadedSession | None, older: Iterable[SeenMessage], client_message_id: str | None, now: Instant
) -> tuple[SessionRef, int] | None:
    """The session and number of the log entry that this message became, if it was accepted before.

    `latest` is the visitor's newest session on the channel, or another whose own messages alone matter.
    """
    if latest is None or client_message_id is None:
        return None
    digest = _digest(client_message_id)
    for mark in (*latest.value.messages_seen, *older):
        if mark.digest == digest and mark.at > now - SEEN_FOR:
            ref = latest.value.session.ref
            ordinal, session_id = mark.elsewhere or (ref.ordinal, ref.id)
            return ref._replace(ordinal=ordinal, id=session_id), mark.seq
    return None


def remember(
    tenant: str, writer: LogWriter, known: StoredSession | None, client_message_id: str | None
) -> tuple[StoredSession, list[Write]]:
    """What to store of the session whose message was just written, and the write for the ids that no longer fit.

    `known` is the visitor's newest session as it was, this one or the one before it.
    """
    session = writer.session
    kept, spilled_at = (_seen_from(known, session.ref), known.spilled_at) if known else ((), None)
    if client_message_id is None:
        return StoredSession(session=session, messages_seen=kept, spilled_at=spilled_at), []
    kept = (*kept, SeenMessage(_digest(client_message_id), message_seq(writer), writer.now))
    if len(kept) <= SEEN_INLINE_MAX:
        return StoredSession(session=session, messages_seen=kept, spilled_at=spilled_at), []
    here = session.ref.ordinal, session.ref.id
    spilled = [mark._replace(elsewhere=mark.elsewhere or here) for mark in kept[: SEEN_INLINE_MAX // 2]]
    write = sessions.seen_mark(tenant, session, spilled, spilled[-1].at + SEEN_FOR)
    return StoredSession(session=session, messages_seen=kept[SEEN_INLINE_MAX // 2 :], spilled_at=writer.now), [write]


def message_seq(writer: LogWriter) -> int:
    return next(entry.seq for entry in writer.entries if entry.message)


def _seen_from(known: StoredSession, ref: SessionRef) -> tuple[SeenMessage, ...]:
    """The ids that `known` remembers, as they read in the record of session `ref`."""
    if known.session.ref == ref:
        return known.messages_seen
    there = known.session.ref.ordinal, known.session.ref.id
    return tuple(mark._replace(elsewhere=mark.elsewhere or there) for mark in known.messages_seen)


def _digest(client_message_id: str) -> str:
    return base64.b64encode(hashlib.blake2b(client_message_id.encode(), digest_size=_DIGEST_BYTES).digest()).decode()
