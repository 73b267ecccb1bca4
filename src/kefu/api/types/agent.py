from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info, to_datetime, to_datetime_if
from kefu.api.errors import Forbidden
from kefu.api.node_ids import encode_id
from kefu.api.pagination import After, Before, Connection, First, Last, Window, connect, cut, window
from kefu.api.scalars import Url
from kefu.api.types.node import Node
from kefu.api.types.skill_group import SkillGroup
from kefu.desk import loading_agents
from kefu.desk.access import STAFF, is_agent_self, may_see_session
from kefu.domain import agent as domain
from kefu.domain.ids import login_of
from kefu.domain.instants import Instant
from kefu.domain.line import agent_line
from kefu.domain.session import Session as SessionValue
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.records import sessions

if TYPE_CHECKING:
    from kefu.api.types.queue import Queue
    from kefu.api.types.session import Session


@define.type(description="A human who serves visitors.")
class Agent(Node):
    value: strawberry.Private[domain.Agent]
    user_name: str = strawberry.field(description="Login e-mail; compared without regard to case.")
    nickname: str = strawberry.field(description="The name that visitors see.")
    avatar_url: Url = strawberry.field(description="The picture that visitors see; empty if none.")
    role: domain.AgentRole = strawberry.field(description="What this agent's token may do.")
    status: domain.AgentStatus = strawberry.field(description="As it counts now: a lost heartbeat is OFFLINE.")
    max_sessions: int = strawberry.field(description="How many sessions at once.")
    active_sessions: int = strawberry.field(description="How many are held now.")
    room: int = strawberry.field(description="How many more fit.")
    status_changed_at: datetime = strawberry.field(description="Since when the status is so.")
    lease_expires_at: datetime | None = strawberry.field(
        description="When presence ends unless the agent's own client shows itself; null if it never did."
    )

    @classmethod
    def of(cls, value: domain.Agent, tenant: str, now: Instant) -> "Agent":
        return cls(
            id=strawberry.ID(encode_id("Agent", tenant, value.login)),
            value=value,
            user_name=value.user_name,
            nickname=value.nickname,
            avatar_url=Url(value.avatar_url),
            role=value.role,
            status=value.status_at(now),
            max_sessions=value.max_sessions,
            active_sessions=value.active_sessions,
            room=value.room,
            status_changed_at=to_datetime(value.status_changed_at),
            lease_expires_at=to_datetime_if(value.lease_expires_at),
        )

    @strawberry.field(description="The groups served; the built-in default group if none is given.")
    async def skill_groups(self, info: Info) -> list[SkillGroup]:
        directory = (await info.context.desk.directories.load(info.context.desk.store, info.context.tenant)).directory
        groups = [directory.group(group) for group in self.value.groups or (DEFAULT_GROUP,)]
        return [SkillGroup.of(group, info.context.tenant) for group in groups if group]

    @strawberry.field(description="The sessions held now, oldest first, as far as the token may see them.")
    async def sessions(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated["Session", strawberry.lazy("kefu.api.types.session")]]:
        from kefu.api.types.session import Session  # noqa: PLC0415  sessions have agents, agents sessions

        context = info.context
        loaded = await sessions.load(context.desk.store, context.tenant, self.value.held)
        caller_agent = await context.own_agent()
        held = sorted(
            (
                each.value.session
                for each in loaded
                if each and may_see_session(context.by, each.value.session, caller_agent)
            ),
            key=_place,
        )

        async def fetch(asked: Window) -> tuple[list[SessionValue], bool]:
            return cut(held, asked, _place)

        return await connect(
            window("held", first, after, last, before),
            fetch,
            place=_place,
            node=lambda session: Session.of(session, context.tenant),
        )

    @strawberry.field(description="The line of sessions that wait for this agent only.")
    async def waiting(self, info: Info) -> Annotated["Queue", strawberry.lazy("kefu.api.types.queue")]:
        from kefu.api.types.queue import Queue  # noqa: PLC0415  a queue has agents, an agent a queue

        if not may_see_agent(info, self.value.login):
            raise Forbidden("Only the agent himself and supervisors see who waits for him.")
        return Queue.of(agent_line(self.value.login), info.context.tenant)


async def load_agent(info: Info, login: str) -> Agent | None:
    context = info.context
    loaded = await loading_agents.load_agent(context.desk, context.tenant, login_of(login))
    return Agent.of(loaded.value, context.tenant, context.desk.clock.now()) if loaded else None


async def load_agent_or_former(info: Info, login: str) -> Agent:
    """The agent, or, for one who was deleted since, no more than the login."""
    former = domain.Agent(user_name=login, status_changed_at=0, idle_since=0, max_sessions=0)
    return await load_agent(info, login) or Agent.of(former, info.context.tenant, 0)


def may_see_agent(info: Info, login: str) -> bool:
    """Staff see every agent, an agent himself; who serves a visitor is told by the session."""
    by = info.context.by
    return by.role in STAFF or is_agent_self(by, login)


def _place(session: SessionValue) -> str:
    return session.id
