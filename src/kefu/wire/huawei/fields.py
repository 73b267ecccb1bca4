"""Shapes that several calls share. Names on the wire are the vendor's; a wrong or missing field is its error."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

UserId = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"\S")]
Web = Literal["WEB"]
ChannelConfigId = Annotated[str, Meta(max_length=64)]
"""A channel config id: told back, never looked up."""


class Fields(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a call asks. Whatever else a client sends is not looked at."""

    @property
    def user(self) -> str | None:
        """Whom the call says it is for, if it says so: it must be the token's own."""
        return None


class OnChannel(Fields, frozen=True, kw_only=True):
    channel: Web
