from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import strawberry
from strawberry.scalars import JSON

from kefu.api import define
from kefu.api.context import Info, to_datetime
from kefu.api.node_ids import encode_id, ref_parts
from kefu.api.types.node import Node
from kefu.domain import message as domain
from kefu.domain.session_ref import SessionRef

if TYPE_CHECKING:
    from kefu.api.types.agent import Agent


@define.type(description="Something written in a session.")
class Message(Node):
    value: strawberry.Private[domain.Message]
    client_message_id: str | None = strawberry.field(description="The sender's own id; the same id twice is once.")
    sender: domain.MessageSender = strawberry.field(description="Who wrote it.")
    type: domain.MessageType = strawberry.field(description="What it holds.")
    text: str | None = strawberry.field(description="Its text; null if there is none to show.")
    payload: JSON | None = strawberry.field(description="Media and card content.")
    ext: JSON | None = strawberry.field(description="The extension as it came.")
    sent_at: datetime = strawberry.field(description="When the desk accepted it.")

    @classmethod
    def of(cls, value: domain.Message, ref: SessionRef, seq: int, tenant: str) -> "Message":
        return cls(
            id=strawberry.ID(encode_id("Message", tenant, *ref_parts(ref), str(seq))),
            value=value,
            client_message_id=value.client_message_id,
            sender=value.sender,
            type=value.type,
            text=value.text if value.text.strip() else None,
            payload=_json(value.payload),
            ext=_json(value.ext),
            sent_at=to_datetime(value.sent_at),
        )

    @strawberry.field(description="The agent who wrote it, if one did.")
    async def agent(self, info: Info) -> Annotated["Agent", strawberry.lazy("kefu.api.types.agent")] | None:
        from kefu.api.types.agent import load_agent  # noqa: PLC0415  agents have sessions, sessions messages

        return await load_agent(info, self.value.agent) if self.value.agent else None


def _json(text: str) -> Any:
    return msgspec.json.decode(text) if text else None
