from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info, to_datetime
from kefu.api.node_ids import encode_id, ref_parts
from kefu.api.types.decision import DispatchDecision, LazyAgent
from kefu.api.types.message import Message
from kefu.api.types.node import Node
from kefu.domain import log as domain
from kefu.domain.session_ref import SessionRef

if TYPE_CHECKING:
    from kefu.api.types.session import Session


@define.type(description="Something that happened in a session.")
class SessionEvent(Node):
    value: strawberry.Private[domain.LogEntry]
    ref: strawberry.Private[SessionRef]
    seq: int = strawberry.field(description="Its number in the session, counted from 1 without gaps.")
    kind: domain.EventKind = strawberry.field(description="What happened.")
    at: datetime = strawberry.field(description="When.")
    message: Message | None = strawberry.field(description="What was written, if something was.")
    decision: DispatchDecision | None = strawberry.field(description="Why it went so, if the desk decided.")
    rating: int | None = strawberry.field(description="The stars, 1 to 5, of RATED.")

    @classmethod
    def of(cls, value: domain.LogEntry, ref: SessionRef, tenant: str) -> "SessionEvent":
        return cls(
            id=strawberry.ID(encode_id("SessionEvent", tenant, *ref_parts(ref), str(value.seq))),
            value=value,
            ref=ref,
            seq=value.seq,
            kind=value.kind,
            at=to_datetime(value.at),
            message=Message.of(value.message, ref, value.seq, tenant) if value.message else None,
            decision=DispatchDecision.of(value.decision) if value.decision else None,
            rating=value.rating,
        )

    @strawberry.field(description="The session as it is now.")
    async def session(self, info: Info) -> Annotated["Session", strawberry.lazy("kefu.api.types.session")]:
        from kefu.api.types.session import load_result_session  # noqa: PLC0415  sessions have events

        return await load_result_session(info, self.ref)

    @strawberry.field(description="The agent it is about: who got it, who wrote, who ended it.")
    async def agent(self, info: Info) -> LazyAgent | None:
        from kefu.api.types.agent import load_agent_or_former  # noqa: PLC0415  agents have sessions

        return await load_agent_or_former(info, self.value.agent) if self.value.agent else None
