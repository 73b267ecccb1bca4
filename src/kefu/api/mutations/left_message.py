from datetime import UTC, datetime
from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.mutations.message import KEY
from kefu.desk.left_messages import MessageToLeave, leave_message
from kefu.domain.channel import Channel
from kefu.domain.instants import SECOND


@define.input(description="A message for when the desk is open.")
class MessageLeaveInput:
    visitor_user_name: str = strawberry.field(
        default="", description="Who leaves it; taken from the token when a visitor calls."
    )
    channel: Channel | None = strawberry.field(default=None, description="From where; APP if left out.")
    phone: str | None = strawberry.field(default=None, description="A number to call back.")
    text: str = strawberry.field(description="What is wanted.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class MessageLeavePayload:
    left_at: datetime | None = strawberry.field(default=None, description="Since when it waits for the desk to open.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


Leave = Annotated[MessageLeaveInput, strawberry.argument(description="The message.")]


@refusals_as_data(MessageLeavePayload)
async def message_leave(info: Info, input: Leave) -> MessageLeavePayload:  # noqa: A002  the contract's name
    message = MessageToLeave(
        visitor=input.visitor_user_name, channel=input.channel or Channel.APP, phone=input.phone or "", text=input.text
    )
    left = await leave_message(info.context.desk, info.context.call("messageLeave", input), message)
    return MessageLeavePayload(left_at=datetime.fromtimestamp(left.left_at / SECOND, UTC))
