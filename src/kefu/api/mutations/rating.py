from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.mutations.message import KEY, required_session
from kefu.api.types.session import Session, load_result_session
from kefu.desk.ratings import invite_rating, submit_rating
from kefu.domain.rating import RatingAnswers


@define.input(description="Which session's visitor to ask for a rating.")
class RatingInviteInput:
    session_id: strawberry.ID = strawberry.field(description="The session.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class RatingInvitePayload:
    session: Session | None = strawberry.field(default=None, description="The session.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="What the visitor says of the service.")
class RatingSubmitInput:
    session_id: strawberry.ID = strawberry.field(description="Of which session.")
    score: int = strawberry.field(description="Stars, 1 to 5.")
    comment: str | None = strawberry.field(default=None, description="In his words, up to 1000 characters.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class RatingSubmitPayload:
    session: Session | None = strawberry.field(default=None, description="The session, rated.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


Invite = Annotated[RatingInviteInput, strawberry.argument(description="Which session.")]
Submit = Annotated[RatingSubmitInput, strawberry.argument(description="The rating.")]


@refusals_as_data(RatingInvitePayload)
async def rating_invite(info: Info, input: Invite) -> RatingInvitePayload:  # noqa: A002  the contract's name
    ref = required_session(info, input.session_id)
    await invite_rating(info.context.desk, info.context.call("ratingInvite", input), ref)
    return RatingInvitePayload(session=await load_result_session(info, ref))


@refusals_as_data(RatingSubmitPayload)
async def rating_submit(info: Info, input: Submit) -> RatingSubmitPayload:  # noqa: A002  as above
    ref = required_session(info, input.session_id)
    answers = RatingAnswers(stars=input.score, comment=input.comment or "")
    await submit_rating(info.context.desk, info.context.call("ratingSubmit", input), ref, answers)
    return RatingSubmitPayload(session=await load_result_session(info, ref))
