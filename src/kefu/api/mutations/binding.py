from datetime import datetime
from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.mutations.message import KEY
from kefu.api.queries.bindings import find_binding
from kefu.api.scalars import to_instant
from kefu.api.types.binding import Binding
from kefu.desk.bindings import BindingName, create_binding, delete_binding


@define.input(description="A visitor to bind to an agent.")
class BindingCreateInput:
    business_flag: str = strawberry.field(description="For which business: one value, compared exactly.")
    visitor_user_name: str = strawberry.field(description="Whom, compared exactly.")
    agent_user_name: str = strawberry.field(description="To whom: a login e-mail, whatever its case.")
    expires_at: datetime | None = strawberry.field(default=None, description="Until when; left out means for good.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class BindingCreatePayload:
    binding: Binding | None = strawberry.field(default=None, description="The binding made.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="A binding to end.")
class BindingDeleteInput:
    business_flag: str = strawberry.field(description="Under which flag.")
    visitor_user_name: str = strawberry.field(description="Who is bound.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class BindingDeletePayload:
    deleted_business_flag: str | None = strawberry.field(default=None, description="Under which flag it was.")
    deleted_visitor_user_name: str | None = strawberry.field(default=None, description="Who was bound.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


Create = Annotated[BindingCreateInput, strawberry.argument(description="The binding.")]
Delete = Annotated[BindingDeleteInput, strawberry.argument(description="Which binding.")]


@refusals_as_data(BindingCreatePayload)
async def binding_create(info: Info, input: Create) -> BindingCreatePayload:  # noqa: A002  the contract's name
    name = BindingName(business_flag=input.business_flag, visitor=input.visitor_user_name)
    done = await create_binding(
        info.context.desk,
        info.context.call("bindingCreate", input),
        name,
        input.agent_user_name,
        to_instant(input.expires_at) if input.expires_at else None,
    )
    return BindingCreatePayload(binding=await find_binding(info, done.business_flag, done.visitor))


@refusals_as_data(BindingDeletePayload)
async def binding_delete(info: Info, input: Delete) -> BindingDeletePayload:  # noqa: A002  as above
    name = BindingName(business_flag=input.business_flag, visitor=input.visitor_user_name)
    done = await delete_binding(info.context.desk, info.context.call("bindingDelete", input), name)
    return BindingDeletePayload(deleted_business_flag=done.business_flag, deleted_visitor_user_name=done.visitor)
