"""The vendor's own curl lines, only the host changed, against a real server."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.serving import Server, serving
from curl_lines import send
from kefu.desk.call import Call, Caller, Role
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.tenants import create_tenant
from wire.easemob.vendor import CLIENT_ID, CREDENTIALS, OK, SECRET_ID, failed

LINES = Path(__file__).parent / "curl"


async def run(server: Server, name: str, **headers: str) -> dict[str, Any]:
    """What the printed line is answered; `headers` are added to it."""
    line = (LINES / f"{name}.txt").read_text(encoding="utf-8")
    answer: dict[str, Any] = await send(line, server.url, headers)
    return answer


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """With the tenants and the agent whom the lines name."""
    with serving() as server:
        for tenant in ("1", "20080"):
            await server.inside(create_tenant(server.desk, tenant, "x", client_id=CLIENT_ID, secret_id=SECRET_ID))
        call = Call(by=Caller(tenant="20080", role=Role.PARTNER))
        await server.inside(save_agent(server.desk, call, AgentChange(user_name="A")))
        yield server


async def token(server: Server) -> str:
    async with httpx.AsyncClient(base_url=server.url) as http:
        answer = await http.post("/api/platform/tenants/20080/accessToken", json=CREDENTIALS)
    found: str = answer.json()["entity"]["accessToken"]
    return found


async def test_the_line_for_a_token(server: Server) -> None:
    answer = await run(server, "access-token")
    assert len(answer["entity"].pop("accessToken")) == 32
    assert answer == {"status": "OK", "entity": {"expireTime": 7200}}


async def test_the_lines_for_a_binding_with_the_token_that_their_prose_asks_for(server: Server) -> None:
    header = {"Kefu-Token": await token(server)}
    assert await run(server, "bind", **header) == OK
    assert await run(server, "bind", **header) == failed("API_120")
    assert await run(server, "unbind", **header) == OK


@pytest.mark.parametrize("name", ["bind", "unbind"])
async def test_c05_the_lines_for_a_binding_as_printed_lack_the_token(server: Server, name: str) -> None:
    assert await run(server, name) == failed("API_002")
