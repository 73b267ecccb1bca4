from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import strawberry
from strawberry.scalars import JSON

from kefu.api import define
from kefu.api.context import Info, to_datetime
from kefu.api.node_ids import encode_id, ref_parts
from kefu.api.types.iframe import IframePost
from kefu.api.types.node import Node
from kefu.domain import message as domain
from kefu.domain.custom_parameters import custom_parameters_in
from kefu.domain.session_ref import SessionRef

if TYPE_CHECKING:
    from kefu.api.types.agent import Agent
    from kefu.domain.iframe_post import IframePost as PostValue


@define.type(description="Something written in a session.")
class Message(Node):
    value: strawberry.Private[domain.Message]
    ref: strawberry.Private[SessionRef]
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
            ref=ref,
            client_message_id=value.client_message_id,
            sender=value.sender,
            type=value.type,
            text=value.text if value.text.strip() else None,
            payload=_json(value.payload),
            ext=_json(value.ext),
            sent_at=to_datetime(value.sent_at),
        )

    @strawberry.field(description="Whether it has a button that posts it into a CRM window: see `iframePosts`.")
    async def is_interactive(self, info: Info) -> bool:
        return any(each.button_label is not None for each in await self._posts(info))

    @strawberry.field(description="What to post into CRM windows of it; nothing for a visitor.")
    async def iframe_posts(self, info: Info) -> list[IframePost]:
        return [IframePost.of(each, info.context.tenant) for each in await self._posts(info)]

    @strawberry.field(
        description="Whether it tells CRM windows something new: their addresses are to be asked for again. "
        "Such a message is of type COMMAND and never displayed."
    )
    def reloads_iframes(self) -> bool:
        return self.value.sender is domain.MessageSender.VISITOR and custom_parameters_in(self.value) is not None

    async def _posts(self, info: Info) -> "list[PostValue]":
        from kefu.desk.iframe_views import posts_for  # noqa: PLC0415  loaded where windows are asked for

        return await posts_for(info.context.desk, info.context.by, self.value, self.ref)

    @strawberry.field(description="The agent who wrote it, if one did.")
    async def agent(self, info: Info) -> Annotated["Agent", strawberry.lazy("kefu.api.types.agent")] | None:
        from kefu.api.types.agent import load_agent  # noqa: PLC0415  agents have sessions, sessions messages

        return await load_agent(info, self.value.agent) if self.value.agent else None


def _json(text: str) -> Any:
    return msgspec.json.decode(text) if text else None
