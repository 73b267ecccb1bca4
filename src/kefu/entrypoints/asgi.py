"""`uvicorn kefu.entrypoints.asgi:app`: the app by the environment's settings."""

from starlette.applications import Starlette

from kefu.bootstrap import build_app, open_store, signing_secret
from kefu.desk.desk import Desk
from kefu.settings import read_settings


def make_app() -> Starlette:
    settings = read_settings()
    return build_app(Desk(store=open_store(settings.store)), settings, signing_secret(settings))


def __getattr__(name: str) -> Starlette:
    """Makes `app` when a server asks for it, not when somebody merely imports this."""
    if name != "app":
        raise AttributeError(name)
    return make_app()
