from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.node_ids import session_ref
from kefu.api.pagination import After, Before, First, Last, Window, connect, window
from kefu.api.scalars import to_instant
from kefu.api.types.session import Session, SessionConnection, load_session
from kefu.api.types.skill_group import group_id_of
from kefu.desk.call import Role
from kefu.domain.ids import login_of
from kefu.domain.session import Session as SessionValue
from kefu.domain.session import SessionState
from kefu.records import sessions as records
from kefu.records.session_search import search


@define.input(description="Which sessions; what is left out does not matter.")
class SessionFilter:
    states: list[SessionState] | None = strawberry.field(default=None, description="In one of these states.")
    agent_user_name: str | None = strawberry.field(default=None, description="With this agent, now or last.")
    skill_group_id: strawberry.ID | None = strawberry.field(default=None, description="Of this skill group.")
    visitor_user_name: str | None = strawberry.field(default=None, description="Of this visitor.")
    started_after: datetime | None = strawberry.field(default=None, description="Opened later than this.")
    started_before: datetime | None = strawberry.field(default=None, description="Opened earlier than this.")


Filter = Annotated[SessionFilter | None, strawberry.argument(description="Which sessions.")]
SessionId = Annotated[strawberry.ID, strawberry.argument(description="The session's id.")]


async def find_session(info: Info, id: SessionId) -> Session | None:  # noqa: A002  the contract's name
    return await load_session(info, session_ref(id, info.context.tenant))


async def list_sessions(  # noqa: PLR0917  resolvers are called by name
    info: Info,
    filter: Filter = None,  # noqa: A002  the contract's name
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> SessionConnection:
    """Newest first. An agent sees his own, a visitor his own."""
    context = info.context
    wanted = _wanted(info, filter or SessionFilter())
    states = (filter.states if filter and filter.states else None) or list(SessionState)

    async def fetch(asked: Window) -> tuple[list[SessionValue], bool]:
        return await search(
            context.desk.store,
            context.tenant,
            states,
            wanted,
            older_than=asked.after,
            newer_than=asked.before,
            limit=asked.limit,
            oldest_first=asked.from_end,
        )

    return await connect(
        window("sessions", first, after, last, before),
        fetch,
        place=records.listing_order,
        node=lambda found: Session.of(found, context.tenant),
    )


def _wanted(info: Info, asked: SessionFilter) -> Callable[[SessionValue], bool]:
    by = info.context.by
    agent = login_of(asked.agent_user_name) if asked.agent_user_name else None
    visitor = asked.visitor_user_name
    group = group_id_of(info, asked.skill_group_id, "skillGroupId") if asked.skill_group_id else None
    after = to_instant(asked.started_after) if asked.started_after else None
    before = to_instant(asked.started_before) if asked.started_before else None
    own_agent = login_of(by.user_name) if by.role is Role.AGENT else None
    own_visitor = by.user_name if by.role is Role.VISITOR else None

    def matches(session: SessionValue) -> bool:
        return (
            (agent is None or session.agent == agent)
            and (own_agent is None or own_agent in (session.agent, session.directed_to))
            and (visitor is None or session.ref.visitor == visitor)
            and (own_visitor is None or session.ref.visitor == own_visitor)
            and (group is None or session.skill_group == group)
            and (after is None or session.started_at > after)
            and (before is None or session.started_at < before)
        )

    return matches
