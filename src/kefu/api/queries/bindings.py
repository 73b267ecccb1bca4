from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.pagination import After, Connection, First, connect, pick, window
from kefu.api.types.binding import Binding
from kefu.desk.access import STAFF, is_agent_self, require_staff
from kefu.domain.binding import Binding as BindingValue
from kefu.domain.bounds import PAGE_MAX
from kefu.domain.ids import login_of
from kefu.records import bindings as records
from kefu.store.port import Span


@define.input(description="Which bindings; what is left out does not matter.")
class BindingFilter:
    agent_user_name: str | None = strawberry.field(default=None, description="To this agent.")
    visitor_user_name: str | None = strawberry.field(default=None, description="Of this visitor.")
    business_flag: str | None = strawberry.field(default=None, description="Under this flag.")


Filter = Annotated[BindingFilter | None, strawberry.argument(description="Which bindings.")]
Flag = Annotated[str, strawberry.argument(description="The business it is for.")]
VisitorName = Annotated[str, strawberry.argument(description="Who is bound.")]


async def read_binding(info: Info, business_flag: Flag, visitor_user_name: VisitorName) -> Binding | None:
    return await find_binding(info, business_flag, visitor_user_name)


async def find_binding(info: Info, flag: str, visitor: str) -> Binding | None:
    """A binding that holds now and that the caller may see: staff all, an agent those to himself."""
    context = info.context
    loaded = await records.load(context.desk.store, context.tenant, flag, visitor)
    if loaded is None or not loaded.value.holds_at(context.desk.clock.now()):
        return None
    may_see = context.by.role in STAFF or is_agent_self(context.by, loaded.value.agent)
    return Binding.of(loaded.value, context.tenant) if may_see else None


async def list_bindings(
    info: Info,
    filter: Filter = None,  # noqa: A002  the contract's name
    first: First = None,
    after: After = None,
) -> Connection[Binding]:
    context = info.context
    require_staff(context.by)
    asked_filter, now = filter or BindingFilter(), context.desk.clock.now()

    def matches(value: BindingValue) -> bool:
        agent, visitor, flag = (
            asked_filter.agent_user_name, asked_filter.visitor_user_name, asked_filter.business_flag,
        )  # fmt: skip
        return (
            value.holds_at(now)
            and (agent is None or value.agent == login_of(agent))
            and (visitor is None or value.visitor == visitor)
            and (flag is None or value.business_flag == flag)
        )

    async def listed(behind: str) -> tuple[list[BindingValue], bool]:
        return await records.listed(context.desk.store, context.tenant, Span(PAGE_MAX, behind))

    return await connect(
        window("bindings", first, after),
        lambda asked: pick(asked, listed, matches, records.listing_order),
        place=records.listing_order,
        node=lambda value: Binding.of(value, context.tenant),
    )
