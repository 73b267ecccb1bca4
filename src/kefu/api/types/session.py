from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import strawberry

from kefu.api import define
from kefu.api.context import Info, to_datetime, to_datetime_if
from kefu.api.node_ids import session_id
from kefu.api.pagination import After, Before, Connection, First, Last, Window, connect, window
from kefu.api.scalars import Duration, to_instant
from kefu.api.types.agent import Agent, load_agent_or_former
from kefu.api.types.decision import DispatchDecision
from kefu.api.types.event import SessionEvent
from kefu.api.types.iframe import IframeView
from kefu.api.types.message import Message
from kefu.api.types.node import Node
from kefu.api.types.skill_group import SkillGroup, load_group
from kefu.api.types.visitor import Visitor
from kefu.desk.access import may_see_session, session_not_found
from kefu.desk.waiting_estimate import estimated_wait_ms
from kefu.domain import session as domain
from kefu.domain.channel import Channel
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.session_ref import SessionRef
from kefu.records import sessions

if TYPE_CHECKING:
    from kefu.domain.iframe_url import PhoneCall as PhoneCallValue

T = TypeVar("T")


@define.input(description="What the call workbench knows of a telephone call.")
class PhoneCallInput:
    call_id: str = strawberry.field(description="The call's own id.")
    caller_number: str = strawberry.field(default="", description="Who calls.")
    called_number: str = strawberry.field(default="", description="Who is called.")
    is_incoming: bool = strawberry.field(default=True, description="Whether the visitor calls.")
    started_at: datetime | None = strawberry.field(default=None, description="When it began.")
    extension: str = strawberry.field(default="", description="The agent's extension.")

    def value(self) -> "PhoneCallValue":
        from kefu.domain.iframe_url import PhoneCall as PhoneCallValue  # noqa: PLC0415  as the windows

        return PhoneCallValue(
            id=self.call_id,
            caller_number=self.caller_number,
            called_number=self.called_number,
            is_incoming=self.is_incoming,
            started_at=None if self.started_at is None else to_instant(self.started_at),
            extension=self.extension,
        )


Language = Annotated[
    str | None, strawberry.argument(description="The agent's, as zh or en, for windows that are told one.")
]
PhoneCall = Annotated[
    PhoneCallInput | None,
    strawberry.argument(description="In the call workbench: the call, which windows are told of."),
]


@define.type(description="A visitor's request from open to close.")
class Session(Node):
    value: strawberry.Private[domain.Session]
    state: domain.SessionState = strawberry.field(description="Where it is in its life.")
    channel: Channel = strawberry.field(description="Where the visitor writes from.")
    is_vip: bool = strawberry.field(description="Whether it goes before others: its first message had tags.")
    started_at: datetime = strawberry.field(description="When it was opened.")
    assigned_at: datetime | None = strawberry.field(description="When the present agent got it.")
    closed_at: datetime | None = strawberry.field(description="When it ended.")
    end_reason: EventKind | None = strawberry.field(description="Which end it came to.")
    rating: int | None = strawberry.field(description="Stars, 1 to 5; null if not rated.")
    unread_count: int = strawberry.field(description="Visitor's messages since the agent last wrote.")

    @classmethod
    def of(cls, value: domain.Session, tenant: str) -> "Session":
        return cls(
            id=strawberry.ID(session_id(tenant, value.ref)),
            value=value,
            state=value.state,
            channel=value.channel,
            is_vip=value.is_vip,
            started_at=to_datetime(value.started_at),
            assigned_at=to_datetime_if(value.assigned_at),
            closed_at=to_datetime_if(value.closed_at),
            end_reason=value.end_reason,
            rating=value.rating,
            unread_count=value.unread,
        )

    @strawberry.field(description="Whose request it is.")
    def visitor(self, info: Info) -> Visitor:
        return Visitor.of(self.value.ref.visitor, info.context.tenant)

    @strawberry.field(description="Who has it, or had it last; null before anybody.")
    async def agent(self, info: Info) -> Agent | None:
        return await load_agent_or_former(info, self.value.agent) if self.value.agent else None

    @strawberry.field(description="The skill group it belongs to; null if only one agent may have it.")
    async def skill_group(self, info: Info) -> SkillGroup | None:
        return await load_group(info, self.value.skill_group)

    @strawberry.field(description="The one agent it waits for; null if it does not wait for one.")
    async def directed_to(self, info: Info) -> Agent | None:
        login = self.value.directed_to
        return await load_agent_or_former(info, login) if login else None

    @strawberry.field(description="1 for the first in line, exact below 1000; null unless it waits.")
    async def queue_position(self, info: Info) -> int | None:
        return await self._position(info)

    async def _position(self, info: Info) -> int | None:
        return await sessions.position_in_line(info.context.desk.store, info.context.tenant, self.value)

    @strawberry.field(
        description="How long it may still wait, by its place, how long sessions lasted of late, and who is ONLINE; null"
        " unless it waits, where nobody is ONLINE or too little is known."
    )
    async def estimated_wait(self, info: Info) -> Duration | None:
        position, line = await self._position(info), self.value.line
        if position is None or line is None:
            return None
        wait_ms = await estimated_wait_ms(info.context.desk, info.context.tenant, line, position)
        return None if wait_ms is None else Duration(wait_ms)

    @strawberry.field(description="The latest decision; null while the bot keeps it.")
    async def decision(self, info: Info) -> DispatchDecision | None:
        return await self.latest_decision(info)

    async def latest_decision(self, info: Info) -> DispatchDecision | None:
        seq = self.value.decided_seq
        entry = await self._entry(info, seq) if seq else None
        return DispatchDecision.of(entry.decision) if entry and entry.decision else None

    @strawberry.field(description="Every decision, oldest first.")
    async def decisions(self, info: Info, first: First = None, after: After = None) -> Connection[DispatchDecision]:
        return await connect(
            window("log", first, after),
            lambda asked: self._entries(info, asked, lambda entry: entry.decision is not None),
            place=_place,
            node=lambda entry: DispatchDecision.of(_present(entry.decision)),
        )

    @strawberry.field(description="What was written, oldest first.")
    async def messages(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Message]:
        ref, tenant = self.value.ref, info.context.tenant
        return await connect(
            window("log", first, after, last, before),
            lambda asked: self._entries(info, asked, lambda entry: entry.message is not None),
            place=_place,
            node=lambda entry: Message.of(_present(entry.message), ref, entry.seq, tenant),
        )

    @strawberry.field(description="Everything that happened, oldest first.")
    async def events(self, info: Info, first: First = None, after: After = None) -> Connection[SessionEvent]:
        ref, tenant = self.value.ref, info.context.tenant
        return await connect(
            window("log", first, after),
            lambda asked: self._entries(info, asked, lambda _: True),
            place=_place,
            node=lambda entry: SessionEvent.of(entry, ref, tenant),
        )

    @strawberry.field(description="What was written last.")
    async def last_message(self, info: Info) -> Message | None:
        seq = self.value.last_message_seq
        entry = await self._entry(info, seq) if seq else None
        return (
            Message.of(entry.message, self.value.ref, entry.seq, info.context.tenant)
            if entry and entry.message
            else None
        )

    @strawberry.field(
        description="The CRM windows beside it, none for a visitor. Open them anew after a message that `reloadsIframes`."
    )
    async def iframes(self, info: Info, language: Language = None, call: PhoneCall = None) -> list[IframeView]:
        from kefu.desk.iframe_views import windows_of  # noqa: PLC0415  loaded where windows are asked for

        context = info.context
        asked = windows_of(
            context.desk, context.by, self.value, language=language or "", call=call.value() if call else None
        )
        return [IframeView.of(each, context.tenant) for each in await asked]

    async def _entry(self, info: Info, seq: int) -> LogEntry | None:
        return await sessions.log_entry(info.context.desk.store, info.context.tenant, self.value.id, seq)

    async def _entries(
        self, info: Info, asked: Window, wanted: Callable[[LogEntry], bool]
    ) -> tuple[list[LogEntry], bool]:
        """A page of the log's wanted entries, in the direction asked."""
        store, tenant, id_ = info.context.desk.store, info.context.tenant, self.value.id
        low = int(asked.after) if asked.after else 0
        high = int(asked.before) if asked.before else self.value.last_seq + 1
        found: list[LogEntry] = []
        has_more = True
        while has_more and len(found) <= asked.limit and low < high - 1:
            if asked.from_end:
                page, has_more = await sessions.log_before(store, tenant, id_, high, asked.limit + 1)
            else:
                page, has_more = await sessions.log_after(store, tenant, id_, low, asked.limit + 1)
            inside = [entry for entry in page if low < entry.seq < high]
            has_more = has_more and len(inside) == len(page) and bool(page)
            found.extend(entry for entry in inside if wanted(entry))
            if asked.from_end and page:
                high = page[-1].seq
            elif page:
                low = page[-1].seq
        return found[: asked.limit], len(found) > asked.limit


SessionConnection = Connection[Session]


async def load_session(info: Info, ref: SessionRef | None) -> Session | None:
    """A session that the caller may see; None otherwise."""
    context = info.context
    [loaded] = await sessions.load(context.desk.store, context.tenant, [ref]) if ref else [None]
    if loaded is None or not may_see_session(context.by, loaded.value.session, await context.own_agent()):
        return None
    return Session.of(loaded.value.session, context.tenant)


async def load_result_session(info: Info, ref: SessionRef) -> Session:
    """The session that a mutation was about, as it is now."""
    [loaded] = await sessions.load(info.context.desk.store, info.context.tenant, [ref])
    if loaded is None:
        raise session_not_found()
    return Session.of(loaded.value.session, info.context.tenant)


async def load_result_sessions(info: Info, refs: Sequence[SessionRef]) -> list[Session]:
    """Those of the sessions that the caller may see."""
    context = info.context
    loaded = await sessions.load(context.desk.store, context.tenant, refs) if refs else []
    own = await context.own_agent() if refs else None
    return [
        Session.of(each.value.session, context.tenant)
        for each in loaded
        if each and may_see_session(context.by, each.value.session, own)
    ]


def _place(entry: LogEntry) -> str:
    return str(entry.seq)


def _present(value: T | None) -> T:
    assert value is not None  # noqa: S101  picked because it is there
    return value
