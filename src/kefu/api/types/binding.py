from datetime import datetime

import strawberry

from kefu.api import define
from kefu.api.context import Info, to_datetime, to_datetime_if
from kefu.api.node_ids import encode_id
from kefu.api.pagination import After, Connection, First, Window, connect, cut, window
from kefu.api.types.decision import LazyAgent
from kefu.api.types.node import Node
from kefu.api.types.visitor import Visitor
from kefu.domain import binding as domain


@define.type(description="Something that happened to a binding.")
class BindingEvent:
    value: strawberry.Private[domain.BindingEvent]
    act: domain.BindingAct = strawberry.field(description="What happened.")
    at: datetime = strawberry.field(description="When.")
    by: str = strawberry.field(description="Who or which rule did it; empty if time did.")
    is_by_rule: bool = strawberry.field(description="Whether a binding rule did it: then `by` is its name.")

    @classmethod
    def of(cls, value: domain.BindingEvent) -> "BindingEvent":
        return cls(value=value, act=value.act, at=to_datetime(value.at), by=value.by, is_by_rule=value.is_by_rule)

    @strawberry.field(description="The agent then bound; null if since deleted.")
    async def agent(self, info: Info) -> LazyAgent | None:
        from kefu.api.types.agent import load_agent  # noqa: PLC0415  agents have sessions, sessions visitors

        return await load_agent(info, self.value.agent)


@define.type(description="A standing rule: this visitor, under this flag, belongs to this agent.")
class Binding(Node):
    value: strawberry.Private[domain.Binding]
    business_flag: str = strawberry.field(description="The business it is for, compared exactly.")
    created_at: datetime = strawberry.field(description="Since when.")
    created_by: str = strawberry.field(description="Who or which rule made it; its history says which of the two.")
    expires_at: datetime | None = strawberry.field(description="Until when; null means until it is deleted.")

    @classmethod
    def of(cls, value: domain.Binding, tenant: str) -> "Binding":
        return cls(
            id=strawberry.ID(encode_id("Binding", tenant, value.business_flag, value.visitor)),
            value=value,
            business_flag=value.business_flag,
            created_at=to_datetime(value.created_at),
            created_by=value.created_by,
            expires_at=to_datetime_if(value.expires_at),
        )

    @strawberry.field(description="Who is bound.")
    def visitor(self, info: Info) -> Visitor:
        return Visitor.of(self.value.visitor, info.context.tenant)

    @strawberry.field(description="To whom.")
    async def agent(self, info: Info) -> LazyAgent:
        from kefu.api.types.agent import load_agent_or_former  # noqa: PLC0415  as above

        return await load_agent_or_former(info, self.value.agent)

    @strawberry.field(description="What happened to it, oldest first; the oldest are dropped past twenty.")
    async def history(self, first: First = None, after: After = None) -> Connection[BindingEvent]:
        places = {id(each): f"{number:03d}" for number, each in enumerate(self.value.history)}

        async def fetch(asked: Window) -> tuple[list[domain.BindingEvent], bool]:
            return cut(self.value.history, asked, lambda each: places[id(each)])

        return await connect(
            window("history", first, after), fetch, place=lambda each: places[id(each)], node=BindingEvent.of
        )
