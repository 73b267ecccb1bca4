"""The ports of deliveries: how an event becomes a request in a dialect, and who posts it."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Protocol, TypeAlias

from kefu.dataclass import dataclass
from kefu.domain.delivery import Happening
from kefu.domain.instants import Instant
from kefu.domain.webhook import Dialect, Webhook


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Write: TypeAlias = Callable[[Webhook, Happening, Instant], Outgoing | None]
"""The request that tells of a happening, signed for this moment; None if the dialect does not tell of it. Pure."""

Dialects: TypeAlias = Mapping[Dialect, Write]


class NotTaken(Exception):
    """The receiver did not take it; the message says what came instead, for the tenant to read."""


class Post(Protocol):
    async def __call__(self, outgoing: Outgoing, /) -> None:
        """Returns when the receiver has taken it. Raises `NotTaken`, at the latest after `POST_WITHIN_S`."""


POST_WITHIN_S = 5.0
