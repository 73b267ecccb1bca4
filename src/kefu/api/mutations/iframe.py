from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.mutations.message import KEY
from kefu.api.types.iframe import Iframe, iframe_of, load_iframe
from kefu.desk.iframes import IframeChange, delete_iframe, save_iframe
from kefu.domain import iframe as domain


@define.input(description="A flag that leads from a message to the window.")
class IframeInteractionInput:
    interactive_flag: str = strawberry.field(description="The flag that messages carry; it leads to one window alone.")
    button_label: str = strawberry.field(description="What the button beside such a message says.")


@define.input(description="A CRM window to make or change; what is left out stays as it is.")
class IframeSaveInput:
    id: strawberry.ID | None = strawberry.field(default=None, description="Which to change; left out makes a new one.")
    name: str | None = strawberry.field(default=None, description="What its tab says. A new one needs it.")
    url: str | None = strawberry.field(
        default=None, description="The page: https, or http on the agent's own machine. A new one needs it."
    )
    key: str | None = strawberry.field(
        default=None,
        description="Encrypts values, written and never read: over 8 characters; DES takes the first 8 bytes. Empty: none.",
    )
    allows_short_key: bool = strawberry.field(
        default=False, description="Whether a key of exactly 8 characters will do, which a page may hold already."
    )
    cipher_mode: domain.CipherMode | None = strawberry.field(default=None, description="How DES chains blocks.")
    is_encrypting_system_parameters: bool | None = strawberry.field(
        default=None, description="Whether our own values are encrypted; needs a key."
    )
    is_encrypting_custom_parameters: bool | None = strawberry.field(
        default=None, description="Whether the visitor's app's values are encrypted here; needs a key."
    )
    is_syncing_messages: bool | None = strawberry.field(
        default=None, description="Whether it is posted what visitors write."
    )
    language: str | None = strawberry.field(default=None, description="`lang`, as zh or en; empty: no `lang`.")
    easemob_id: str | None = strawberry.field(default=None, description="`easemobId`; empty: the tenant's id.")
    service_number: str | None = strawberry.field(default=None, description="`to`; empty: the same as `easemobId`.")
    interactions: list[IframeInteractionInput] | None = strawberry.field(
        default=None, description="All flags that lead here."
    )
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class IframeSavePayload:
    iframe: Iframe | None = strawberry.field(default=None, description="The window as it is now.")
    warning: str | None = strawberry.field(default=None, description="What is accepted and may yet not work.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="A CRM window to delete.")
class IframeDeleteInput:
    id: strawberry.ID = strawberry.field(description="The window.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class IframeDeletePayload:
    deleted_iframe_id: strawberry.ID | None = strawberry.field(default=None, description="Which is gone.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


Save = Annotated[IframeSaveInput, strawberry.argument(description="The window.")]
Delete = Annotated[IframeDeleteInput, strawberry.argument(description="Which window.")]


@refusals_as_data(IframeSavePayload)
async def iframe_save(info: Info, input: Save) -> IframeSavePayload:  # noqa: A002  the contract's name
    interactions = None if input.interactions is None else tuple(_interaction(each) for each in input.interactions)
    change = IframeChange(
        id=iframe_of(info, input.id) if input.id is not None else None,
        name=input.name,
        url=input.url,
        key=input.key,
        allows_short_key=input.allows_short_key,
        cipher_mode=input.cipher_mode,
        encrypts_system_parameters=input.is_encrypting_system_parameters,
        encrypts_custom_parameters=input.is_encrypting_custom_parameters,
        syncs_messages=input.is_syncing_messages,
        language=input.language,
        easemob_id=input.easemob_id,
        service_number=input.service_number,
        interactions=interactions,
    )
    saved = await save_iframe(info.context.desk, info.context.call("iframeSave", input), change)
    return IframeSavePayload(iframe=await load_iframe(info, saved.name), warning=domain.warning_of_key(input.key or ""))


@refusals_as_data(IframeDeletePayload)
async def iframe_delete(info: Info, input: Delete) -> IframeDeletePayload:  # noqa: A002  as above
    await delete_iframe(info.context.desk, info.context.call("iframeDelete", input), iframe_of(info, input.id))
    return IframeDeletePayload(deleted_iframe_id=input.id)


def _interaction(given: IframeInteractionInput) -> domain.Interaction:
    return domain.Interaction(interactive_flag=given.interactive_flag, button_label=given.button_label)
