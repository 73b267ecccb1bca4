from typing import Annotated

import strawberry

from kefu.api.context import Info
from kefu.api.types.visitor import Visitor, load_known_visitor
from kefu.desk.access import STAFF
from kefu.desk.call import Role

UserName = Annotated[str, strawberry.argument(description="The visitor's user name.")]


async def find_visitor(info: Info, user_name: UserName) -> Visitor | None:
    by = info.context.by
    if by.role is Role.VISITOR:
        may_see = by.user_name == user_name
    elif by.role is Role.AGENT:
        own = await info.context.own_agent()
        may_see = own is not None and any(held.visitor == user_name for held in own.held)
    else:
        may_see = by.role in STAFF
    return await load_known_visitor(info, user_name) if may_see else None
