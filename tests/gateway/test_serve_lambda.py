"""`kefu serve --lambda`: the real functions in Lambda's runtime client, behind the gateway, over an engine's table."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from click.testing import CliRunner

from api.graphql_client import Api, Socket, Subscription, calling, connect
from engines import Engines, table_of_its_own
from gateway.stage import eventually
from kefu.cli import main
from kefu.desk.desk import Desk
from kefu.desk.tenants import Credentials, create_tenant
from kefu.testing.engines import ENVIRONMENT, REGION
from kefu.testing.subprocesses import end

COMMAND = [sys.executable, "-c", "from kefu.cli import main; main()"]
RUNNING = re.compile(r"about to answer at (\S+),")
SECRET = "a secret of the tests, long enough to sign with"
TENANT = "20080"
STOPPED_WITHIN_S = 20
FIRST_WITHIN_S = 2
TRIES = 10
FOLLOW = """subscription($after: String) {
  sessionEvents(after: $after) { cursor event { seq message { text } session { agent { userName } } } } }"""


@pytest.fixture
def endpoint(engines: Engines) -> str:
    return engines.endpoint("ministack")


@asynccontextmanager
async def shop(endpoint: str) -> AsyncIterator[tuple[str, Credentials]]:
    """A table with one tenant: its URL and the tenant's credentials."""
    async with table_of_its_own(endpoint) as table:
        url = f"dynamodb:{table.table}?region={REGION}&endpoint={quote(endpoint, safe='')}"
        yield url, await create_tenant(Desk(store=table), TENANT, "Shop")


SHARED = {"KEFU_SECRET": SECRET, "KEFU_BLOBS": "folder:files"}
"""What all functions of a table must be told."""


@asynccontextmanager
async def served(folder: Path, *arguments: str) -> AsyncIterator[httpx.AsyncClient]:
    """`kefu serve --lambda`, until the test is done with it; it must then end by itself, and well."""
    said = folder / "said.txt"
    with said.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *("serve", "--lambda", "--port", "0", *arguments),
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], **ENVIRONMENT, **SHARED, "PYTHONUNBUFFERED": "1"},
            cwd=folder,
        )
    try:
        await eventually(lambda: process.returncode is not None or bool(RUNNING.search(said.read_text())))
        running = RUNNING.search(said.read_text())
        assert running, said.read_text()
        async with calling(running[1]) as http:
            yield http
    except Exception as error:
        error.add_note(said.read_text()[-20_000:])
        raise
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            status = await asyncio.wait_for(process.wait(), STOPPED_WITHIN_S)
        finally:
            await end(process)
    assert status == 0, said.read_text()


async def signed_in(http: httpx.AsyncClient, credentials: Credentials) -> Api:
    given = {"clientId": credentials.client_id, "secretId": credentials.secret_id}
    answer = await http.post(f"/api/platform/tenants/{TENANT}/accessToken", json=given)
    return Api(http, answer.json()["entity"]["accessToken"])


async def bound_to_alice(partner: Api) -> None:
    await partner.do("agentSave", userName="alice@shop.example")
    await partner.do("agentStatusSet", userName="alice@shop.example", status="ONLINE")
    await partner.do("bindingCreate", businessFlag="order-1", visitorUserName="V", agentUserName="alice@shop.example")


async def write(partner: Api, text: str) -> str:
    ext = {"weichat": {"businessFlag": "order-1"}}
    done = await partner.do("messageIngest", "session { state }", visitorUserName="V", text=text, ext=ext)
    return str(done["session"]["state"])


async def first_event(partner: Api, news: Subscription) -> dict[str, Any]:
    """A frame may be overtaken by what comes behind it: a pong does not say that the subscription is there."""
    for _ in range(TRIES):
        await write(partner, "hello")
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_WITHIN_S):
                return dict((await news.next())["sessionEvents"])
    raise AssertionError("the subscription never began")


async def until(news: Subscription, text: str) -> list[dict[str, Any]]:
    """Events up to the message of that text, in the order they came, repetitions left out."""
    events: dict[int, dict[str, Any]] = {}
    while True:
        payload = (await news.next())["sessionEvents"]
        events.setdefault(payload["event"]["seq"], payload)
        if (payload["event"]["message"] or {}).get("text") == text:
            return list(events.values())


def numbers(payloads: list[dict[str, Any]]) -> list[int]:
    return [payload["event"]["seq"] for payload in payloads]


async def followed(socket: Socket, partner: Api, **variables: Any) -> Subscription:
    await socket.init({"authorization": f"Bearer {partner.token}"})
    return await socket.subscribe(FOLLOW, **variables)


@pytest.mark.parametrize("disorder", [[], ["--shuffle", "--duplicate"]], ids=["orderly", "disorderly"])
async def test_a_subscriber_who_is_cut_goes_on_at_his_cursor(
    endpoint: str, tmp_path: Path, disorder: list[str]
) -> None:
    async with shop(endpoint) as (url, credentials), served(tmp_path, "--store", url, *disorder) as http:
        partner = await signed_in(http, credentials)
        await bound_to_alice(partner)
        async with connect(http) as socket:
            news = await followed(socket, partner)
            first = await first_event(partner, news)
            assert await write(partner, "while he follows") == "ACTIVE"
            before = [first, *await until(news, "while he follows")]
            socket.connection.transport.abort()
        for number in range(3):
            await write(partner, f"while he is away {number}")
        async with connect(http) as socket:
            news = await followed(socket, partner, after=before[-1]["cursor"])
            behind = await until(news, "while he is away 2")
    seen = numbers(before) + [seq for seq in numbers(behind) if seq > before[-1]["event"]["seq"]]
    assert seen == list(range(seen[0], seen[0] + len(seen)))
    assert behind[-1]["event"]["session"]["agent"] == {"userName": "alice@shop.example"}


async def test_functions_of_a_bundle_go_before_those_installed(endpoint: str, tmp_path: Path) -> None:
    entrypoints = tmp_path / "bundle" / "kefu" / "entrypoints"
    entrypoints.mkdir(parents=True)
    for package in (entrypoints.parent, entrypoints):
        (package / "__init__.py").touch()
    (entrypoints / "lambda_http.py").write_text("def handler(event, context): return 'of the bundle'\n")
    bundle = str(tmp_path / "bundle")
    async with shop(endpoint) as (url, _), served(tmp_path, "--store", url, "--bundle", bundle) as http:
        assert (await http.get("/healthz")).text == "of the bundle"


@pytest.mark.parametrize("store", ["memory:", "sqlite:kefu.db"])
def test_without_a_stream_there_are_no_functions(store: str) -> None:
    result = CliRunner().invoke(main, ["serve", "--lambda", "--store", store], env={"KEFU_SECRET": SECRET})
    assert (result.exit_code, "dynamodb:TABLE" in result.output) == (2, True)


@pytest.mark.parametrize("option", [["--shuffle"], ["--drop"], ["--tick-every", "1"]])
def test_what_is_for_lambda_alone_says_so(option: list[str]) -> None:
    result = CliRunner().invoke(main, ["serve", *option, "--store", "memory:"])
    assert (result.exit_code, "--lambda" in result.output) == (2, True)
