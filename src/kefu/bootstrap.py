"""The composition root: from settings to a desk and an app. No container, plain calls."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import entry_points

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from kefu.api.schema import build_schema
from kefu.api.view import GraphQLView
from kefu.desk.desk import Desk
from kefu.records import keys
from kefu.settings import Environment, Settings, SettingWrong
from kefu.store.memory import MemoryStore
from kefu.store.port import Store, StoreError
from kefu.wire.easemob import access_token


def open_store(url: str) -> Store:
    """The store that a URL names. Raises `SettingWrong` for an unknown scheme."""
    scheme, colon, rest = url.partition(":")
    if not colon:
        raise SettingWrong(f"KEFU_STORE is {url!r}; it must be memory: or another scheme and a path.")
    if scheme == "memory":
        return MemoryStore()
    for plugin in entry_points(group="kefu.stores", name=scheme):
        store: Store = plugin.load()(rest)
        return store
    raise SettingWrong(f"KEFU_STORE is {url!r}; no store is installed for {scheme}:. Use memory: to try things.")


def signing_secret(settings: Settings) -> str:
    """The deployment's secret, or one for this process alone."""
    return settings.secret or secrets.token_hex(32)


def build_app(desk: Desk, settings: Settings, secret: str) -> Starlette:
    view = GraphQLView(
        build_schema(),
        desk,
        secret,
        is_development=settings.environment is Environment.DEVELOPMENT,
        origins=list(settings.allowed_origins),
    )

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "up"})

    async def readyz(_request: Request) -> Response:
        try:
            await desk.store.get([keys.tenant_record("readyz")])
        except StoreError as failure:
            return JSONResponse({"status": "store unreachable", "reason": type(failure).__name__}, status_code=503)
        return JSONResponse({"status": "ready"})

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await desk.store.close()

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            *access_token.routes(desk),
            Route("/graphql", view),
            WebSocketRoute("/graphql", view),
        ],
        lifespan=lifespan,
    )
