from typing import TYPE_CHECKING

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.node_ids import encode_id, parts_of
from kefu.api.scalars import Url
from kefu.api.types.node import Node
from kefu.desk.iframes import iframe_not_found
from kefu.domain import iframe as domain

if TYPE_CHECKING:
    from kefu.desk.iframe_views import IframeView as ViewValue
    from kefu.domain.iframe_post import IframePost as PostValue


@define.type(description="A flag that leads from a message to a CRM window.")
class IframeInteraction:
    interactive_flag: str = strawberry.field(description="The flag that messages carry, compared exactly.")
    button_label: str = strawberry.field(description="What the button beside such a message says.")


@define.type(description="A CRM window: another system's page beside a session. Its key is never shown again.")
class Iframe(Node):
    name: str = strawberry.field(description="What its tab says.")
    url: Url = strawberry.field(description="The page, without the parameters of a session.")
    placements: list[domain.Placement] = strawberry.field(description="The pages that show it; the first window more.")
    has_key: bool = strawberry.field(description="Whether there is a key to encrypt values with.")
    cipher_mode: domain.CipherMode = strawberry.field(description="How DES chains blocks.")
    is_encrypting_system_parameters: bool = strawberry.field(description="Whether our own values are encrypted.")
    is_encrypting_custom_parameters: bool = strawberry.field(
        description="Whether the visitor's app's values are encrypted here; otherwise they pass as they came."
    )
    is_syncing_messages: bool = strawberry.field(description="Whether it is posted what visitors write.")
    language: str | None = strawberry.field(description="`lang`, where an agent's client names none; null: no `lang`.")
    easemob_id: str | None = strawberry.field(description="`easemobId`; null: the tenant's id.")
    service_number: str | None = strawberry.field(description="`to`; null: the same as `easemobId`.")
    interactions: list[IframeInteraction] = strawberry.field(description="The flags that lead here.")

    @classmethod
    def of(cls, value: domain.Iframe, index: int, tenant: str) -> "Iframe":
        return cls(
            id=iframe_id(value.id, tenant),
            name=value.name,
            url=Url(value.url),
            placements=list(domain.placements_of(index)),
            has_key=bool(value.key),
            cipher_mode=value.cipher_mode,
            is_encrypting_system_parameters=value.encrypts_system_parameters,
            is_encrypting_custom_parameters=value.encrypts_custom_parameters,
            is_syncing_messages=value.syncs_messages,
            language=value.language or None,
            easemob_id=value.easemob_id or None,
            service_number=value.service_number or None,
            interactions=[
                IframeInteraction(interactive_flag=each.interactive_flag, button_label=each.button_label)
                for each in value.interactions
            ],
        )


@define.type(description="A CRM window beside one session.")
class IframeView:
    iframe_id: strawberry.ID = strawberry.field(description="Which window.")
    name: str = strawberry.field(description="What its tab says.")
    url: Url = strawberry.field(description="What to open, made now and for this session.")
    origin: str = strawberry.field(description="Where the page's own messages come from; others are not to be trusted.")
    placements: list[domain.Placement] = strawberry.field(description="The pages that show it.")

    @classmethod
    def of(cls, value: "ViewValue", tenant: str) -> "IframeView":
        return cls(
            iframe_id=iframe_id(value.iframe.id, tenant),
            name=value.iframe.name,
            url=Url(value.url),
            origin=domain.origin_of(value.iframe.url),
            placements=list(value.placements),
        )


@define.type(description="What the agent's console posts into a CRM window: `postMessage(data, targetOrigin)`.")
class IframePost:
    iframe_id: strawberry.ID = strawberry.field(description="Which window; a button's press also switches to it.")
    target_origin: str = strawberry.field(description="The second argument: the origin of the window's URL.")
    button_label: str | None = strawberry.field(
        description="What the button beside the message says; null: posted as the message comes, without a button."
    )
    data: str = strawberry.field(description="The first argument, as it is: JSON of type `easemob.…`.")

    @classmethod
    def of(cls, value: "PostValue", tenant: str) -> "IframePost":
        import json  # noqa: PLC0415  as the domain reads it

        return cls(
            iframe_id=iframe_id(value.iframe, tenant),
            target_origin=value.target_origin,
            button_label=value.button_label,
            data=json.dumps(value.data, ensure_ascii=False, separators=(",", ":")),
        )


def iframe_id(iframe: str, tenant: str) -> strawberry.ID:
    return strawberry.ID(encode_id("Iframe", tenant, iframe))


async def load_iframes(info: Info) -> list[Iframe]:
    context = info.context
    directory = (await context.desk.directories.load(context.desk.store, context.tenant)).directory
    return [Iframe.of(each, index, context.tenant) for index, each in enumerate(directory.iframes)]


async def load_iframe(info: Info, iframe: str) -> Iframe | None:
    wanted = iframe_id(iframe, info.context.tenant)
    return next((each for each in await load_iframes(info) if each.id == wanted), None)


def iframe_of(info: Info, node_id: str) -> str:
    """The window behind a node id. Raises `NotFound`."""
    parts = parts_of(node_id, "Iframe", info.context.tenant)
    if not parts:
        raise iframe_not_found()
    return parts[0]
