"""`/metrics`: for whoever runs the deployment, by a token of his own. No tenant's token opens it (L12)."""

from secrets import compare_digest

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kefu.desk.desk import Desk
from kefu.metrics.live_figures import live_figures
from kefu.metrics.meter import Meter
from kefu.records import tenants

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def route(desk: Desk, meter: Meter, token: str) -> Route:
    expected = f"Bearer {token}".encode()

    async def metrics(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if not compare_digest(given, expected):
            told = "Send the header Authorization: Bearer … with the KEFU_METRICS_TOKEN of this server.\n"
            return PlainTextResponse(told, status_code=401, headers={"www-authenticate": "Bearer"})
        tenant = request.query_params.get("tenant")
        if tenant is None:
            return PlainTextResponse(meter.text(), media_type=PROMETHEUS_TEXT)
        if await tenants.load(desk.store, tenant) is None:
            return PlainTextResponse("There is no such tenant. Check the id.\n", status_code=404)
        return PlainTextResponse(await live_figures(desk, tenant), media_type=PROMETHEUS_TEXT)

    return Route("/metrics", metrics)
