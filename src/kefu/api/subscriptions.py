"""Root fields that follow. Each payload carries the cursor to resume behind it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, TypeVar

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import CursorExpired, Forbidden, Unauthenticated
from kefu.api.node_ids import session_ref
from kefu.api.types.agent import Agent, load_agent_or_former, may_see_agent
from kefu.api.types.event import SessionEvent
from kefu.api.types.queue import Queue, groups_seen
from kefu.api.types.skill_group import group_id_of
from kefu.desk.access import STAFF
from kefu.desk.call import Role
from kefu.domain.ids import login_of
from kefu.domain.instants import SECOND
from kefu.domain.line import group_line
from kefu.domain.log import EventKind
from kefu.feed.cursors import CursorUnknown
from kefu.feed.interest import AgentInterest, Interest, QueueInterest, SessionInterest
from kefu.feed.topics import SessionsOf, topic_of_agent, topic_of_queue
from kefu.records.sessions import LogRecord

N = TypeVar("N")

Cursor = Annotated[
    str | None, strawberry.argument(description="Resume behind this cursor of an earlier payload; left out: from now.")
]


@define.input(description="Which events; what is left out does not matter, an empty filter is the whole tenant.")
class SessionEventFilter:
    session_id: strawberry.ID | None = strawberry.field(default=None, description="Of this session.")
    visitor_user_name: str | None = strawberry.field(default=None, description="Of this visitor.")
    agent_user_name: str | None = strawberry.field(
        default=None, description="Of sessions this agent has, had or is waited for by."
    )
    skill_group_id: strawberry.ID | None = strawberry.field(default=None, description="Of sessions of this group.")
    kinds: list[EventKind] | None = strawberry.field(default=None, description="Of these kinds.")


@define.type(description="An event and where to resume behind it.")
class SessionEventPayload:
    cursor: str = strawberry.field(description="Pass as `after` to go on behind this event.")
    event: SessionEvent = strawberry.field(description="What happened.")


@define.type(description="A queue that changed and where to resume behind it.")
class QueueChangedPayload:
    cursor: str = strawberry.field(description="Pass as `after` to go on behind this change.")
    queue: Queue = strawberry.field(description="The queue as it is now.")


@define.type(description="An agent who changed and where to resume behind it.")
class AgentChangedPayload:
    cursor: str = strawberry.field(description="Pass as `after` to go on behind this change.")
    agent: Agent = strawberry.field(description="The agent as he is now.")


AgentName = Annotated[
    str | None, strawberry.argument(description="Of this agent; left out: all for staff, himself for an agent.")
]
Filter = Annotated[SessionEventFilter | None, strawberry.argument(description="Which events.")]
GroupId = Annotated[strawberry.ID | None, strawberry.argument(description="Of this group; left out means all.")]


async def follow_session_events(
    info: Info,
    filter: Filter = None,  # noqa: A002  the contract's name
    after: Cursor = None,
) -> AsyncGenerator[SessionEventPayload, None]:
    interest = _interest_in_sessions(info, filter or SessionEventFilter())
    async with aclosing(_news(info, interest, after)) as news:
        async for each in news:
            event = SessionEvent.of(each.entry, each.record.ref, info.context.tenant)
            yield SessionEventPayload(cursor=each.cursor, event=event)


async def follow_queue_changes(
    info: Info, skill_group_id: GroupId = None, after: Cursor = None
) -> AsyncGenerator[QueueChangedPayload, None]:
    context = info.context
    asked = group_id_of(info, skill_group_id, "skillGroupId") if skill_group_id is not None else None
    seen = set(await groups_seen(info))
    if asked is not None and asked not in seen:
        raise Forbidden("The token does not see this group's queue.")
    sees_all = context.by.role is not Role.AGENT
    interest = QueueInterest(
        topic_of_queue(asked), lambda group: group == asked if asked is not None else sees_all or group in seen
    )
    async with aclosing(_news(info, interest, after)) as news:
        async for each in news:
            queue = Queue.of(group_line(each.skill_group), context.tenant)
            yield QueueChangedPayload(cursor=each.cursor, queue=queue)


async def follow_agent_changes(
    info: Info, user_name: AgentName = None, after: Cursor = None
) -> AsyncGenerator[AgentChangedPayload, None]:
    context = info.context
    asked = login_of(user_name) if user_name is not None else None
    if context.by.role is Role.AGENT:
        asked = asked or login_of(context.by.user_name)
    sees = context.by.role in STAFF or (asked is not None and may_see_agent(info, asked))
    if not sees:
        raise Forbidden("Only supervisors follow other agents.")
    interest = AgentInterest(topic_of_agent(asked), lambda login: asked in (None, login))
    async with aclosing(_news(info, interest, after)) as news:
        async for each in news:
            yield AgentChangedPayload(cursor=each.cursor, agent=await load_agent_or_former(info, each.login))


def _interest_in_sessions(info: Info, asked: SessionEventFilter) -> SessionInterest:
    by, tenant = info.context.by, info.context.tenant
    ref = session_ref(asked.session_id, tenant) if asked.session_id is not None else None
    if asked.session_id is not None and ref is None:
        raise Forbidden("The token sees no such session.")
    agent = login_of(asked.agent_user_name) if asked.agent_user_name is not None else None
    group = group_id_of(info, asked.skill_group_id, "skillGroupId") if asked.skill_group_id is not None else None
    own_agent = login_of(by.user_name) if by.role is Role.AGENT else None
    own_visitor = by.user_name if by.role is Role.VISITOR else None

    def concerns(record: LogRecord) -> bool:
        return (
            (ref is None or record.ref == ref)
            and (asked.visitor_user_name is None or record.ref.visitor == asked.visitor_user_name)
            and (own_visitor is None or record.ref.visitor == own_visitor)
            and (agent is None or agent in record.agents)
            and (own_agent is None or own_agent in record.agents)
            and (group is None or group in record.groups)
        )

    of = SessionsOf(
        session=ref.id if ref else None,
        visitor=asked.visitor_user_name if asked.visitor_user_name is not None else own_visitor,
        agent=agent if agent is not None else own_agent,
        group=group,
    )
    return SessionInterest(of.topic, concerns, frozenset(asked.kinds) if asked.kinds is not None else None)


async def _news(info: Info, interest: Interest[N], after: str | None) -> AsyncGenerator[N, None]:
    """What is of interest until the token ends; then, and for an unknown cursor, the coded error."""
    context = info.context
    news = context.follower(context.desk.store, context.tenant, interest, after)
    async with aclosing(news):
        while True:
            left_ms = None if context.expires_at is None else context.expires_at - context.desk.clock.now()
            try:
                async with asyncio.timeout(None if left_ms is None else max(0, left_ms) / SECOND) as token_ends:
                    each = await anext(news)
            except StopAsyncIteration:
                return
            except TimeoutError as expired:
                if not token_ends.expired():
                    raise  # the store's own
                raise Unauthenticated(
                    "The token has expired. Connect again with a new one and your last cursor."
                ) from expired
            except CursorUnknown as unknown:
                raise CursorExpired(
                    "The cursor is too old to resume from. Read the present state, then subscribe without a cursor."
                ) from unknown
            yield each
