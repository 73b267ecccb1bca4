from typing import Annotated, cast

import strawberry
from strawberry.scalars import JSON

from kefu.api import define
from kefu.api.context import Info
from kefu.api.types.decision import DispatchDecision
from kefu.desk.explain import explain_route
from kefu.domain.channel import Channel


@define.input(description="The message that would come in.")
class RouteExplainInput:
    visitor_user_name: str = strawberry.field(description="Who would write.")
    channel: Channel | None = strawberry.field(default=None, description="From where; APP if left out.")
    ext: JSON | None = strawberry.field(default=None, description="With which extension.")


ExplainInput = Annotated[RouteExplainInput, strawberry.argument(description="The message that would come in.")]


async def route_explain(info: Info, input: ExplainInput) -> DispatchDecision:  # noqa: A002  the contract's name
    decision = await explain_route(
        info.context.desk,
        info.context.by,
        visitor=input.visitor_user_name,
        channel=input.channel or Channel.APP,
        ext=cast("dict[str, object] | None", input.ext),
    )
    return DispatchDecision.of(decision)
