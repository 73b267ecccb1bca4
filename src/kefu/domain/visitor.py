from collections.abc import Mapping
from dataclasses import fields, replace

from kefu.dataclass import dataclass

PROFILE_KEYS = {
    "userNickname": "nickname",
    "trueName": "true_name",
    "phone": "phone",
    "qq": "qq",
    "email": "email",
    "companyName": "company_name",
    "description": "description",
    "note": "description",
}
"""Keys of `ext.weichat.visitor` and the profile field each one fills."""

NEVER_EMPTY = frozenset({"nickname"})
"""Profile fields that a visitor's app may not blank."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VisitorProfile:
    """What a visitor's own app says of him, or an agent who serves him. None: never said."""

    nickname: str | None = None
    true_name: str | None = None
    phone: str | None = None
    qq: str | None = None
    email: str | None = None
    company_name: str | None = None
    description: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    user_name: str
    profile: VisitorProfile = VisitorProfile()
    tags: tuple[str, ...] = ()
    edited_by_agent: frozenset[str] = frozenset()
    """Profile fields that an agent has edited: the visitor's app no longer overwrites them."""

    def told(self, card: Mapping[str, object], tags: tuple[str, ...] | None) -> "Visitor":
        """The visitor after a message whose `ext.weichat.visitor` was `card`."""
        news = {
            field: value
            for key, field in PROFILE_KEYS.items()
            if isinstance(value := card.get(key), str)
            and field not in self.edited_by_agent
            and (value.strip() or field not in NEVER_EMPTY)
        }
        return replace(
            self,
            profile=replace(self.profile, **news),
            tags=self.tags if tags is None else tags,
        )

    def edited(self, fields: Mapping[str, str]) -> "Visitor":
        """The visitor after an agent wrote these fields of the profile: from now on they are the agents'."""
        return replace(
            self,
            profile=replace(self.profile, **fields),
            edited_by_agent=self.edited_by_agent | fields.keys(),
        )


PROFILE_FIELDS = tuple(field.name for field in fields(VisitorProfile))
