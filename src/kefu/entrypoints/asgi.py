"""`uvicorn kefu.entrypoints.asgi:app`: the app by the environment's settings, opened when the server starts."""

from starlette.types import ASGIApp, Receive, Scope, Send

from kefu.bootstrap import build_app, open_store, signing_secret, webhook_bot
from kefu.desk.desk import Desk
from kefu.settings import read_settings


class App:
    """Opens its store in the server's own loop, at the first thing the server says."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            settings = read_settings()
            desk = Desk(store=await open_store(settings.store), webhook_bot=webhook_bot(settings))
            self._app = build_app(desk, settings, signing_secret(settings))
        await self._app(scope, receive, send)


app = App()
