"""A door that is built when somebody first knocks: a start pays for none that nobody uses."""

from collections.abc import Callable, Sequence
from functools import cached_property

from starlette.routing import BaseRoute, Match, Router
from starlette.types import Receive, Scope, Send


class LaterRoutes(BaseRoute):
    """The routes that `make` returns. Every path of them begins with one of `prefixes`, and no other route's does."""

    def __init__(self, prefixes: Sequence[str], make: Callable[[], Sequence[BaseRoute]]) -> None:
        self._prefixes = tuple(prefixes)
        self._make = make

    @cached_property
    def _router(self) -> Router:
        return Router(self._make())

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        is_ours = scope["type"] == "http" and scope["path"].startswith(self._prefixes)
        return Match.FULL if is_ours else Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._router(scope, receive, send)
