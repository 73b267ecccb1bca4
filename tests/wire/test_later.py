"""Doors that are built at the first knock."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from kefu.blobs.memory import MemoryBlobs
from kefu.bootstrap import EASEMOB_PREFIXES, HUAWEI_PREFIXES, easemob_routes, huawei_routes
from kefu.desk.desk import Desk
from kefu.store.memory import MemoryStore
from kefu.wire.later import LaterRoutes


async def knocked(request: Request) -> Response:
    return PlainTextResponse(request.path_params["who"])


class Door:
    def __init__(self) -> None:
        self.built = 0

    def build(self) -> list[BaseRoute]:
        self.built += 1
        return [Route("/door/{who}", knocked, methods=["POST"])]


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
async def http(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[LaterRoutes(["/door/"], door.build), Route("/window/{who}", knocked)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.example") as http:
        yield http


async def test_it_is_built_once(http: httpx.AsyncClient, door: Door) -> None:
    assert [(await http.post("/door/a")).text, (await http.post("/door/b")).text, door.built] == ["a", "b", 1]


async def test_nobody_who_passes_by_builds_it(http: httpx.AsyncClient, door: Door) -> None:
    assert [(await http.get("/window/a")).text, door.built] == ["a", 0]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/door/a", 405), ("POST", "/door/a/b", 404)])
async def test_what_it_does_not_take_is_refused_as_elsewhere(
    http: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    assert (await http.request(method, path)).status_code == status


def paths(routes: list[BaseRoute]) -> list[str]:
    return [route.path for route in routes if isinstance(route, Route)]


def test_every_path_of_a_door_begins_as_it_is_looked_for() -> None:
    desk = Desk(store=MemoryStore())
    easemob, huawei = paths(easemob_routes(desk, "")), paths(huawei_routes(desk, "", MemoryBlobs()))
    assert [each for each in easemob if not each.startswith(EASEMOB_PREFIXES)] == []
    assert [each for each in huawei if not each.startswith(HUAWEI_PREFIXES)] == []
    assert len(easemob) > 1 < len(huawei)
