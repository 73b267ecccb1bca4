"""The composition root: from settings to a desk and an app. No container, plain calls."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from kefu.api.schema import build_schema
from kefu.api.view import GraphQLView
from kefu.blobs.opening import NoBlobsUrl, open_blobs
from kefu.blobs.port import Blobs
from kefu.bots.port import Bot
from kefu.bots.webhook import WebhookBot
from kefu.desk.desk import Desk
from kefu.desk.sweep_round import keep_sweeping
from kefu.records import keys
from kefu.settings import Environment, Settings, SettingWrong
from kefu.store.port import Store, StoreError
from kefu.wire.later import LaterRoutes
from kefu.wire.plain_http import RefusesPlainHttp

if TYPE_CHECKING:
    from kefu.feed.webhooks import Courier
    from kefu.metrics.meter import Meter

SECRET_BYTES = 32
EASEMOB_PREFIXES = ("/api/platform/tenants/", "/api/tenant/", "/v1/imgateway/")
HUAWEI_PREFIXES = ("/apigovernance/api/", "/apiaccess/ccmessaging/")
NO_METRICS = (
    "There are no metrics here. For a server that runs by itself set KEFU_METRICS_TOKEN and send it as a bearer token; "
    "on Lambda, where each container would count for itself alone, read CloudWatch's.\n"
)
ANSWER_HEADERS = ("ccmessaging-token",)
"""What a page may read beside the body: the token of Huawei's client, renewed with each answer."""


async def open_store(url: str) -> Store:
    """The store that a URL names: `memory:`, `sqlite:PATH`, `dynamodb:TABLE`, or what the entry points `kefu.stores` offer.

    Raises `SettingWrong` for what is no such URL, and the backend's own `StoreError`.
    """
    scheme, colon, rest = url.partition(":")
    if scheme == "memory" and colon:
        from kefu.store.memory import MemoryStore  # noqa: PLC0415  a backend is loaded when it is asked for

        return MemoryStore()
    if scheme == "sqlite" and rest:
        from kefu.store.sqlite import SqliteStore  # noqa: PLC0415  as above

        return await SqliteStore.open(rest)
    if scheme == "dynamodb" and rest:
        from kefu.store.dynamodb import open_dynamodb  # noqa: PLC0415  as above

        return await open_dynamodb(rest)
    from importlib.metadata import entry_points  # noqa: PLC0415  slow to import, and seldom needed

    for plugin in entry_points(group="kefu.stores", name=scheme) if colon else ():
        store: Store = await plugin.load()(rest)
        return store
    raise SettingWrong(
        f"KEFU_STORE is {url!r}; it must be memory:, sqlite:PATH, dynamodb:TABLE, or of an installed backend."
    )


def webhook_bot(settings: Settings) -> Bot:
    """Calls tenants' own bots; those of one's own network only where webhooks may lead there too."""
    return WebhookBot(may_stay_inside=settings.webhook_allow_private)


def signing_secret(settings: Settings) -> str:
    """The deployment's secret; else the one kept beside a SQLite file, else one for this process alone."""
    if settings.secret:
        return settings.secret
    scheme, _, path = settings.store.partition(":")
    return _kept_secret(Path(f"{path}.secret")) if scheme == "sqlite" and path else secrets.token_hex(SECRET_BYTES)


def _kept_secret(file: Path) -> str:
    """Made once, readable to its owner alone."""
    with suppress(FileExistsError):
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(made, secrets.token_hex(SECRET_BYTES).encode())
        os.close(made)
    return file.read_text().strip()


def blobs_of(settings: Settings) -> Blobs:
    """Where files lie. Raises `SettingWrong`."""
    beside = "memory:" if settings.store.startswith("memory:") else "folder:kefu-files"
    try:
        return open_blobs(settings.blobs or beside)
    except NoBlobsUrl as wrong:
        raise SettingWrong(str(wrong)) from wrong


def easemob_routes(desk: Desk, secret: str) -> list[BaseRoute]:
    from kefu.wire.easemob import access_token, bindings, messages  # noqa: PLC0415  loaded when it is asked for

    return [*access_token.routes(desk), *bindings.routes(desk, secret), *messages.routes(desk, secret)]


def huawei_routes(desk: Desk, secret: str, blobs: Blobs) -> list[BaseRoute]:
    from kefu.wire.huawei import routes  # noqa: PLC0415  as above

    return [*routes.routes(desk, secret, blobs)]


def courier_of(desk: Desk, settings: Settings) -> "Courier":
    from kefu.feed.posting import HttpPost  # noqa: PLC0415  as above
    from kefu.feed.webhooks import Courier  # noqa: PLC0415
    from kefu.wire.outwards import DIALECTS  # noqa: PLC0415

    return Courier(desk=desk, dialects=DIALECTS, post=HttpPost(allows_private=settings.webhook_allow_private))


def build_app(desk: Desk, settings: Settings, secret: str) -> Starlette:
    desk = replace(desk, allows_private_webhooks=settings.webhook_allow_private)
    meter = _meter(settings)
    if meter:
        from kefu.metrics.metered import MeteredStore  # noqa: PLC0415  as above

        desk = replace(desk, store=MeteredStore(desk.store, meter))
    blobs = blobs_of(settings)  # at once: a setting that cannot be used is told at the start
    view = GraphQLView(
        build_schema(with_introspection=settings.environment is Environment.DEVELOPMENT),
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
        from kefu.desk.deadlines import keep_looking  # noqa: PLC0415  not on Lambda

        tasks = [asyncio.create_task(keep_sweeping(desk)), asyncio.create_task(keep_looking(desk))]
        if settings.sends_webhooks:
            from kefu.feed.webhook_upkeep import Upkeep  # noqa: PLC0415  not on Lambda

            courier = courier_of(desk, settings)
            if meter:
                from kefu.metrics.metered import metered_post  # noqa: PLC0415  as above

                courier = replace(courier, post=metered_post(courier.post, meter))
            upkeep = await Upkeep.begin(courier)
            tasks.append(asyncio.create_task(upkeep.run()))
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await desk.store.close()

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            _metrics(desk, meter, settings),
            LaterRoutes(EASEMOB_PREFIXES, lambda: easemob_routes(desk, secret)),
            LaterRoutes(HUAWEI_PREFIXES, lambda: huawei_routes(desk, secret, blobs)),
            Route("/graphql", view),
            WebSocketRoute("/graphql", view),
        ],
        middleware=[*_timed(meter), *_tls_alone(settings), _cross_origin(settings)],
        lifespan=lifespan,
    )


def _meter(settings: Settings) -> "Meter | None":
    if settings.metrics_token is None:
        return None
    from kefu.metrics.meter import Meter  # noqa: PLC0415  as above

    return Meter()


def _metrics(desk: Desk, meter: "Meter | None", settings: Settings) -> BaseRoute:
    if meter and settings.metrics_token:
        from kefu.metrics import endpoint  # noqa: PLC0415  as above

        return endpoint.route(desk, meter, settings.metrics_token)

    async def off(_request: Request) -> Response:
        return PlainTextResponse(NO_METRICS, status_code=404)

    return Route("/metrics", off)


def _timed(meter: "Meter | None") -> list[Middleware]:
    if meter is None:
        return []
    from kefu.metrics.metered import TimedRequests  # noqa: PLC0415  as above

    return [Middleware(TimedRequests, meter=meter)]


def _tls_alone(settings: Settings) -> list[Middleware]:
    return [Middleware(RefusesPlainHttp)] if settings.environment is Environment.PRODUCTION else []


def _cross_origin(settings: Settings) -> Middleware:
    """Pages of other origins may call, with a token in a header and no cookie; and may read the token that comes back."""
    is_development = settings.environment is Environment.DEVELOPMENT
    return Middleware(
        CORSMiddleware,
        allow_origins=["*"] if is_development else settings.allowed_origins,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["*"],
        expose_headers=ANSWER_HEADERS,
    )
