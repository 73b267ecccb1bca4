"""Who calls, and whether the call may be a repetition."""

from enum import StrEnum

from kefu.dataclass import dataclass


class Role(StrEnum):
    PARTNER = "PARTNER"
    SUPERVISOR = "SUPERVISOR"
    AGENT = "AGENT"
    VISITOR = "VISITOR"


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Tenant and role come from the token alone."""

    tenant: str
    role: Role
    user_name: str = ""
    """The agent's login or the visitor's user name; for a partner the client id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Once:
    """A call that may come again and shall be done once."""

    key: str
    fingerprint: str
    """Of the operation, the caller and the input: the same key may not stand for anything else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    by: Caller
    once: Once | None = None

    @property
    def tenant(self) -> str:
        return self.by.tenant
