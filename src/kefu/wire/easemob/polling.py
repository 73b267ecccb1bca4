"""A long poll of a visitor: by a cursor of the client's own, or, for the vendor's web client, by the place kept here."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

from kefu.dataclass import dataclass
from kefu.desk.call import Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.visitor_presence import note_visitor
from kefu.desk.web_clients import NewerPoll, claim_poll, tell
from kefu.domain.channel import Channel
from kefu.domain.log import LogEntry
from kefu.domain.session_ref import SessionRef
from kefu.feed.cursors import Cursor, decode_cursor
from kefu.feed.following import follow_sessions
from kefu.feed.interest import SessionNews
from kefu.feed.noticing import Notice, noticing
from kefu.records import agents
from kefu.records.web_clients import is_news
from kefu.store.port import Change, PositionExpired, Store
from kefu.store.wrapper import StoreWrapper
from kefu.wire.easemob.outbound import outbound_message

WEB_CHANNEL = Channel.WEB
ENTITIES_MAX = 50
FIRST_LOOK_MAX_S = 2.0
"""How long a look may take where nobody can say that all of it was seen: at a stream, which comes a little late."""
_MORE_WITHIN_S = 0.05
"""Once there is something to tell, more is waited for only so long."""


@dataclass(frozen=True, slots=True)
class Poll:
    desk: Desk
    tenant: str
    visitor: str
    until: float
    """By the running loop's clock. It ends the waiting, never the first look."""

    async def behind(self, cursor: str | None) -> dict[str, Any]:
        """What the visitor is told behind `cursor`, or from now on; nothing when nothing came in time.

        Raises `CursorUnknown`.
        """
        await note_visitor(self.desk, web_visitor(self.tenant, self.visitor))
        now = await self.desk.store.position()
        start = decode_cursor(cursor) if cursor is not None else Cursor(now)
        behind, entities = start.encode(), list[dict[str, Any]]()
        look = _Look(self.desk.store, now)
        if start.position == now:
            look.is_over.set()
        news = follow_sessions(look, self.tenant, behind, lambda record: record.ref.visitor == self.visitor)
        async with aclosing(news):
            loop, until = asyncio.get_running_loop(), self.until
            while len(entities) < ENTITIES_MAX and (each := await _next(news, until, look)):
                behind = each.cursor
                if message := await self._message(each.record.ref, each.entry):
                    entities.append(message)
                    until = min(until, loop.time() + _MORE_WITHIN_S)
        return {"status": "OK", "entities": entities, "cursor": behind}

    async def of_web_client(self) -> dict[str, Any]:
        """What the visitor was not told yet on the web channel. A newer poll of his ends this one with nothing."""
        caller = web_visitor(self.tenant, self.visitor)
        name, entities = await claim_poll(self.desk, caller, WEB_CHANNEL), list[dict[str, Any]]()
        try:
            async with noticing(self.desk.store, self._is_his) as notice:
                while not entities:
                    told = await tell(self.desk, caller, WEB_CHANNEL, name, _everything)
                    made = [await self._message(each.session.ref, each.entry) for each in told]
                    entities = [message for message in made if message]
                    if not entities and not await self._moved(notice):
                        break
        except NewerPoll:
            pass
        return {"status": "OK", "entities": entities}

    def _is_his(self, change: Change) -> bool:
        return is_news(change, self.tenant, self.visitor, WEB_CHANNEL)

    async def _moved(self, notice: Notice) -> bool:
        """Whether there is reason to look again, in time."""
        with suppress(PositionExpired):
            return await notice.comes_before(self.until)
        return False

    async def _message(self, ref: SessionRef, entry: LogEntry) -> dict[str, Any] | None:
        login, store = entry.agent, self.desk.store
        agent = await agents.load_one(store, self.tenant, login) if login else None
        settings = (await self.desk.directories.load(store, self.tenant)).directory.settings
        return outbound_message(ref, entry, agent.value if agent else None, settings)


class _Look(StoreWrapper):
    """A store that tells when its changes have come to where they stood when the look began."""

    def __init__(self, inner: Store, target: str) -> None:
        super().__init__(inner)
        self._target = target
        self.is_over = asyncio.Event()

    async def changes(self, after: str) -> AsyncGenerator[Change, None]:
        async with aclosing(self.inner.changes(after)) as changes:
            async for change in changes:
                yield change
                if change.position == self._target:
                    self.is_over.set()


def web_visitor(tenant: str, visitor: str) -> Caller:
    return Caller(tenant=tenant, role=Role.VISITOR, user_name=visitor)


def _everything(entry: LogEntry, *, is_newest: bool) -> bool:  # noqa: ARG001  named as it is called
    return True


async def _next(news: AsyncGenerator[SessionNews, None], deadline: float, look: _Look) -> SessionNews | None:
    """In time; what was there before the look began has the time that the look takes."""
    coming = asyncio.ensure_future(anext(news, None))
    over = asyncio.ensure_future(look.is_over.wait())
    try:
        loop = asyncio.get_running_loop()
        if not look.is_over.is_set():
            longest = max(deadline - loop.time(), FIRST_LOOK_MAX_S)
            await asyncio.wait({coming, over}, timeout=longest, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({coming}, timeout=max(0.0, deadline - loop.time()))
        return coming.result() if coming.done() else None
    finally:
        over.cancel()
        if not coming.done():
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
