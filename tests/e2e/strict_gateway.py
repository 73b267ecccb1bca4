"""Our own gateway, with the limits and the unkindness of API Gateway, before the handlers in Lambda's runtime client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from e2e.backstage import Place, Served, ticking
from e2e.watching import told_to
from kefu.local_aws.gateway import opened_gateway
from kefu.local_aws.options import GatewayOptions
from kefu.local_aws.serving import edge, listeners_of, served
from kefu.testing.engines import ENVIRONMENT

NEVER_S = 3_600.0
"""Beats of its own would sweep all tenants."""
STANDARD = GatewayOptions()


@asynccontextmanager
async def strict_gateway(place: Place) -> AsyncIterator[Served]:
    options = GatewayOptions(
        http=replace(STANDARD.http, processes_max=2),
        websocket=replace(STANDARD.websocket, processes_max=2),
        stream=replace(STANDARD.stream, processes_max=1),
        tick=replace(STANDARD.tick, processes_max=1),
        environment={
            **ENVIRONMENT,
            "KEFU_STORE": place.store,
            "KEFU_SECRET": place.secret,
            "KEFU_BLOBS": "memory:",
            "KEFU_SENDS_WEBHOOKS": "false",
        },
        tick_every_s=NEVER_S,
    )
    with listeners_of(1) as (sockets, [port]):
        async with (
            opened_gateway(options) as gateway,
            told_to(gateway.stream, place.table, place.endpoint) as told,
            ticking(gateway.tick.invoke),
            served(edge(gateway.app, is_logging=False), sockets),
        ):
            yield Served(f"http://127.0.0.1:{port}", told)
