from typing import Annotated, cast

import strawberry
from strawberry.scalars import JSON

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.node_ids import session_ref
from kefu.api.types.decision import DispatchDecision
from kefu.api.types.message import Message
from kefu.api.types.session import Session, load_result_session
from kefu.desk.access import session_not_found
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.domain.channel import Channel
from kefu.domain.message import MessageType
from kefu.domain.session_ref import SessionRef
from kefu.records import sessions

KEY = "Makes the call repeatable: the same key and input within 24 hours give the first result."


@define.input(description="A visitor's message.")
class MessageIngestInput:
    visitor_user_name: str = strawberry.field(
        default="", description="Who writes; taken from the token when a visitor calls."
    )
    channel: Channel | None = strawberry.field(default=None, description="From where; APP if left out.")
    client_message_id: str | None = strawberry.field(
        default=None, description="The sender's own id: the same id twice is the same message."
    )
    type: MessageType | None = strawberry.field(default=None, description="What it holds; TEXT if left out.")
    text: str | None = strawberry.field(default=None, description="Its text.")
    payload: JSON | None = strawberry.field(default=None, description="Media and card content.")
    ext: JSON | None = strawberry.field(
        default=None, description="The Easemob-style extension: routing keys are read from it, it is kept as it came."
    )
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of a visitor's message.")
class MessageIngestPayload:
    message: Message | None = strawberry.field(default=None, description="The message as accepted.")
    session: Session | None = strawberry.field(default=None, description="The session it is in.")
    decision: DispatchDecision | None = strawberry.field(
        default=None, description="The session's latest decision; null while the bot keeps it."
    )
    is_duplicate: bool = strawberry.field(default=False, description="Whether it had been accepted before.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="An agent's answer.")
class MessageSendInput:
    session_id: strawberry.ID = strawberry.field(description="In which session.")
    client_message_id: str | None = strawberry.field(
        default=None, description="The sender's own id: the same id twice is the same message."
    )
    type: MessageType | None = strawberry.field(default=None, description="What it holds; TEXT if left out.")
    text: str | None = strawberry.field(default=None, description="Its text.")
    payload: JSON | None = strawberry.field(default=None, description="Media and card content.")
    ext: JSON | None = strawberry.field(default=None, description="An extension, kept as it comes.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of an agent's answer.")
class MessageSendPayload:
    message: Message | None = strawberry.field(default=None, description="The message as accepted.")
    session: Session | None = strawberry.field(default=None, description="The session it is in.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


Ingest = Annotated[MessageIngestInput, strawberry.argument(description="The message.")]
Send = Annotated[MessageSendInput, strawberry.argument(description="The answer.")]


@refusals_as_data(MessageIngestPayload)
async def message_ingest(info: Info, input: Ingest) -> MessageIngestPayload:  # noqa: A002  the contract's name
    incoming = IncomingMessage(
        visitor=input.visitor_user_name,
        channel=input.channel or Channel.APP,
        type=input.type or MessageType.TEXT,
        text=input.text or "",
        payload=cast("dict[str, object] | None", input.payload),
        ext=cast("dict[str, object] | None", input.ext),
        client_message_id=input.client_message_id,
    )
    done = await ingest_message(info.context.desk, info.context.call("messageIngest", input), incoming)
    session = await load_result_session(info, done.session)
    return MessageIngestPayload(
        message=await _message(info, done.session, done.seq),
        session=session,
        decision=await session.latest_decision(info),
        is_duplicate=done.is_duplicate,
    )


@refusals_as_data(MessageSendPayload)
async def message_send(info: Info, input: Send) -> MessageSendPayload:  # noqa: A002  the contract's name
    outgoing = OutgoingMessage(
        session=required_session(info, input.session_id),
        type=input.type or MessageType.TEXT,
        text=input.text or "",
        payload=cast("dict[str, object] | None", input.payload),
        ext=cast("dict[str, object] | None", input.ext),
        client_message_id=input.client_message_id,
    )
    done = await send_message(info.context.desk, info.context.call("messageSend", input), outgoing)
    return MessageSendPayload(
        message=await _message(info, done.session, done.seq), session=await load_result_session(info, done.session)
    )


def required_session(info: Info, node_id: str) -> SessionRef:
    """The session behind a node id. Raises `NotFound` if it is not one of this tenant."""
    ref = session_ref(node_id, info.context.tenant)
    if ref is None:
        raise session_not_found()
    return ref


async def _message(info: Info, ref: SessionRef, seq: int) -> Message | None:
    entry = await sessions.log_entry(info.context.desk.store, info.context.tenant, ref.id, seq)
    return Message.of(entry.message, ref, seq, info.context.tenant) if entry and entry.message else None
