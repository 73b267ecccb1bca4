from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.mutations.message import KEY
from kefu.desk.visitor_words import save_phrases


@define.input(description="What visitors are offered while they type.")
class PhrasesSaveInput:
    phrases: list[str] = strawberry.field(description="All of them, the most wanted first; none takes them away.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class PhrasesSavePayload:
    phrases: list[str] | None = strawberry.field(default=None, description="The phrases as they are now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


Save = Annotated[PhrasesSaveInput, strawberry.argument(description="The phrases.")]


@refusals_as_data(PhrasesSavePayload)
async def phrases_save(info: Info, input: Save) -> PhrasesSavePayload:  # noqa: A002  the contract's name
    saved = await save_phrases(info.context.desk, info.context.call("phrasesSave", input), tuple(input.phrases))
    return PhrasesSavePayload(phrases=list(saved))
