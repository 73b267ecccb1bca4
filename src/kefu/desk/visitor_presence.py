"""A visitor is there without writing: kept where a tenant ends the waiting of those who are gone, and nowhere else."""

import asyncio
from contextlib import suppress
from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.attempts import commit_alone
from kefu.desk.call import Caller, Role
from kefu.desk.desk import Desk
from kefu.domain.bounds import SUBSCRIBERS_FOR_VISITOR_MAX, VISITOR_NOTED_EVERY_MS
from kefu.domain.instants import SECOND, Instant
from kefu.domain.session import Session
from kefu.domain.session_ref import SessionRef
from kefu.records import keys, visitor_presence
from kefu.records.codec import Codec
from kefu.records.visitor_presence import VisitorSeen
from kefu.store.port import Span, StoreError


@dataclass(frozen=True, kw_only=True, slots=True)
class _Subscriber:
    """Of a subscription behind a gateway, what is read here."""

    caller: Caller
    ends_at: Instant


_subscribers = Codec(_Subscriber)


async def note_visitor(desk: Desk, caller: Caller, *, anew: bool = False) -> None:
    """At most twice a minute for each process, unless `anew`; a note that is lost is the next one's."""
    now = desk.clock.now()
    if not anew and desk.last_seen.was_visitor_noted(caller.tenant, caller.user_name, now):
        return
    with suppress(StoreError):
        timeouts = (await desk.directories.load(desk.store, caller.tenant)).directory.settings.timeouts
        if timeouts.pending_ms is not None:
            await commit_alone(desk, visitor_presence.write(caller.tenant, caller.user_name, now))
        desk.last_seen.noted_visitor(caller.tenant, caller.user_name, now)


async def presence_of(desk: Desk, tenant: str, session: Session) -> VisitorSeen:
    """When he was last there, as far as is known without a message: polls, requests, sockets."""
    visitor = session.ref.visitor
    by_session, by_visitor = topics_of_visitor(session.ref)
    seen, *on_sockets = await asyncio.gather(
        visitor_presence.load(desk.store, tenant, visitor, session.channel),
        _seen_on_sockets(desk, tenant, visitor, by_session),
        _seen_on_sockets(desk, tenant, visitor, by_visitor),
    )
    return replace(seen, at=max(seen.at, *on_sockets))


def topics_of_visitor(ref: SessionRef) -> tuple[str, str]:
    """What his own subscriptions behind a gateway stand under."""
    return f"session:{ref.id}", f"visitor:{ref.visitor}"


async def _seen_on_sockets(desk: Desk, tenant: str, visitor: str, topic: str) -> Instant:
    """Subscriptions of his own behind a gateway: he is there for as long as their sockets last."""
    page = await desk.store.scan(keys.topic_partition(tenant, topic), Span(SUBSCRIBERS_FOR_VISITOR_MAX))
    now, found = desk.clock.now(), [_subscribers.decode(record.value) for record in page.records]
    own = [each for each in found if each.caller.role is Role.VISITOR and each.caller.user_name == visitor]
    return max((min(now, each.ends_at) for each in own), default=0)


async def keep_noting(desk: Desk, caller: Caller) -> None:
    """For as long as his socket is open."""
    while True:
        await note_visitor(desk, caller)
        await asyncio.sleep(VISITOR_NOTED_EVERY_MS / SECOND)
