from datetime import datetime
from operator import attrgetter

import strawberry

from kefu.api import define
from kefu.api.context import Info, to_datetime
from kefu.api.errors import Forbidden
from kefu.api.node_ids import encode_id
from kefu.api.pagination import After, First, Window, connect, window
from kefu.api.scalars import Duration
from kefu.api.types.agent import load_agent
from kefu.api.types.node import Node
from kefu.api.types.session import Session, SessionConnection
from kefu.api.types.skill_group import SkillGroup, load_group
from kefu.desk.access import STAFF, is_agent_self
from kefu.desk.call import Role
from kefu.desk.waiting_estimate import estimated_wait_ms
from kefu.domain.agent import Agent as AgentValue
from kefu.domain.agent import AgentStatus
from kefu.domain.line import Line, LineKind, Place
from kefu.domain.session import Session as SessionValue
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.records import agents, sessions

_SERVING_MAX = 1_000


@define.type(description="A waiting line: a skill group's, or an agent's directed one.")
class Queue(Node):
    line: strawberry.Private[Line]

    @classmethod
    def of(cls, line: Line, tenant: str) -> "Queue":
        return cls(id=strawberry.ID(encode_id("Queue", tenant, line.kind, line.owner)), line=line)

    @strawberry.field(description="Whose queue it is; null for an agent's directed line.")
    async def skill_group(self, info: Info) -> SkillGroup | None:
        return await load_group(info, self.line.owner) if self.line.kind is LineKind.GROUP else None

    @strawberry.field(description="How many wait; exact below 1000.")
    async def waiting(self, info: Info) -> int:
        return await sessions.line_length(info.context.desk.store, info.context.tenant, self.line)

    @strawberry.field(description="How many of them are VIPs; exact below 1000.")
    async def vip_waiting(self, info: Info) -> int:
        return await sessions.line_length(info.context.desk.store, info.context.tenant, self.line, vip_only=True)

    @strawberry.field(description="When the session that waits longest started; null if nobody waits.")
    async def oldest_waiting_since(self, info: Info) -> datetime | None:
        heads = await sessions.heads_of_classes(info.context.desk.store, info.context.tenant, self.line)
        return to_datetime(min(head.started_at for head in heads)) if heads else None

    @strawberry.field(description="How many of its agents are ONLINE.")
    async def online_agents(self, info: Info) -> int:
        now = info.context.desk.clock.now()
        return sum(agent.status_at(now) is AgentStatus.ONLINE for agent in await self._serving(info))

    @strawberry.field(description="How many more sessions its ONLINE agents have room for.")
    async def free_slots(self, info: Info) -> int:
        now = info.context.desk.clock.now()
        return sum(agent.room for agent in await self._serving(info) if agent.is_free_at(now))

    @strawberry.field(
        description="How long who joined it now would wait, as Session.estimatedWait says; null where it cannot be said."
    )
    async def estimated_wait(self, info: Info) -> Duration | None:
        context = info.context
        waiting = await sessions.line_length(context.desk.store, context.tenant, self.line)
        wait_ms = await estimated_wait_ms(context.desk, context.tenant, self.line, waiting + 1)
        return None if wait_ms is None else Duration(wait_ms)

    @strawberry.field(description="Who waits, in the order of the line.")
    async def sessions(self, info: Info, first: First = None, after: After = None) -> SessionConnection:
        context = info.context

        async def fetch(asked: Window) -> tuple[list[SessionValue], bool]:
            behind = _place_of(asked.after) if asked.after else None
            page, has_more = await sessions.line_page(
                context.desk.store, context.tenant, self.line, behind=behind, limit=asked.limit
            )
            return [loaded.value.session for loaded in page], has_more

        return await connect(
            window("line", first, after),
            fetch,
            place=lambda session: f"{int(session.place.is_not_vip)}#{session.started_at}#{session.id}",
            node=lambda session: Session.of(session, context.tenant),
        )

    async def _serving(self, info: Info) -> list[AgentValue]:
        context = info.context
        if self.line.kind is LineKind.AGENT:
            loaded = await agents.load_one(context.desk.store, context.tenant, self.line.owner)
            return [loaded.value] if loaded else []
        directory = (await context.desk.directories.load(context.desk.store, context.tenant)).directory
        return await agents.of_group(context.desk.store, context.tenant, directory, self.line.owner, _SERVING_MAX)


def _place_of(cursor: str) -> Place:
    is_not_vip, started_at, session_id = cursor.split("#")
    return Place(is_not_vip == "1", int(started_at), session_id)


async def groups_seen(info: Info) -> list[str]:
    """Ids of the groups whose queues the caller may see. Raises `Forbidden` for visitors."""
    context = info.context
    if context.by.role is Role.VISITOR:
        raise Forbidden("A visitor's token does not see queues; ask for the session's queuePosition.")
    directory = (await context.desk.directories.load(context.desk.store, context.tenant)).directory
    everything = [DEFAULT_GROUP, *(group.id for group in sorted(directory.groups.values(), key=attrgetter("name")))]
    if context.by.role in STAFF:
        return everything
    own = await context.own_agent()
    return [group for group in everything if own and group in (own.groups or (DEFAULT_GROUP,))]


async def find_queue(info: Info, kind: str, owner: str) -> Queue | None:
    """A queue by its line, if there is such a line and the caller may see it."""
    line = Line(LineKind(kind), owner)
    if line.kind is LineKind.GROUP:
        may_see = info.context.by.role is not Role.VISITOR and owner in await groups_seen(info)
    else:
        may_see = info.context.by.role in STAFF or is_agent_self(info.context.by, owner)
        may_see = may_see and await load_agent(info, owner) is not None
    return Queue.of(line, info.context.tenant) if may_see else None
