from typing import Annotated, cast

import strawberry
from strawberry.scalars import JSON

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.mutations.message import KEY, required_session
from kefu.api.types.decision import DispatchDecision
from kefu.api.types.session import Session, load_result_session, load_result_sessions
from kefu.api.types.skill_group import group_id_of
from kefu.desk.close_session import close_session
from kefu.desk.request_human import request_human
from kefu.desk.transfer_session import TransferTarget, transfer_session


@define.input(description="Which session to end.")
class SessionCloseInput:
    session_id: strawberry.ID = strawberry.field(description="The session.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class SessionClosePayload:
    session: Session | None = strawberry.field(default=None, description="The session, closed.")
    assigned: list[Session] | None = strawberry.field(default=None, description="Sessions that got the freed room.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="Whom to hand a session to: an agent or a skill group, one of the two.")
class SessionTransferInput:
    session_id: strawberry.ID = strawberry.field(description="The session.")
    to_agent: str | None = strawberry.field(default=None, description="Login of the agent to get it.")
    to_skill_group_id: strawberry.ID | None = strawberry.field(default=None, description="Skill group to get it.")
    force: bool | None = strawberry.field(
        default=None, description="If the agent is not free, wait in his own line instead of being refused."
    )
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class SessionTransferPayload:
    session: Session | None = strawberry.field(default=None, description="The session, handed on.")
    decision: DispatchDecision | None = strawberry.field(default=None, description="Where it went and why.")
    assigned: list[Session] | None = strawberry.field(
        default=None, description="Sessions that got the room of the agent who gave it up."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="Which session shall leave the bot.")
class SessionRequestHumanInput:
    session_id: strawberry.ID = strawberry.field(description="The session.")
    ext: JSON | None = strawberry.field(default=None, description="Routing keys that replace the first message's.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class SessionRequestHumanPayload:
    session: Session | None = strawberry.field(default=None, description="The session, assigned or waiting.")
    decision: DispatchDecision | None = strawberry.field(default=None, description="Where it went and why.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


Close = Annotated[SessionCloseInput, strawberry.argument(description="Which session.")]
Transfer = Annotated[SessionTransferInput, strawberry.argument(description="Which session, and to whom.")]
RequestHuman = Annotated[SessionRequestHumanInput, strawberry.argument(description="Which session.")]


@refusals_as_data(SessionClosePayload)
async def session_close(info: Info, input: Close) -> SessionClosePayload:  # noqa: A002  the contract's name
    ref = required_session(info, input.session_id)
    done = await close_session(info.context.desk, info.context.call("sessionClose", input), ref)
    return SessionClosePayload(
        session=await load_result_session(info, ref), assigned=await load_result_sessions(info, done.assigned)
    )


@refusals_as_data(SessionTransferPayload)
async def session_transfer(info: Info, input: Transfer) -> SessionTransferPayload:  # noqa: A002  as above
    ref = required_session(info, input.session_id)
    group = input.to_skill_group_id
    target = TransferTarget(
        agent=input.to_agent,
        skill_group=group_id_of(info, group, "toSkillGroupId") if group else None,
        force=bool(input.force),
    )
    done = await transfer_session(info.context.desk, info.context.call("sessionTransfer", input), ref, target)
    session = await load_result_session(info, ref)
    return SessionTransferPayload(
        session=session,
        decision=await session.latest_decision(info),
        assigned=await load_result_sessions(info, done.assigned),
    )


@refusals_as_data(SessionRequestHumanPayload)
async def session_request_human(
    info: Info,
    input: RequestHuman,  # noqa: A002  as above
) -> SessionRequestHumanPayload:
    ref = required_session(info, input.session_id)
    ext = cast("dict[str, object] | None", input.ext)
    await request_human(info.context.desk, info.context.call("sessionRequestHuman", input), ref, ext)
    session = await load_result_session(info, ref)
    return SessionRequestHumanPayload(session=session, decision=await session.latest_decision(info))
