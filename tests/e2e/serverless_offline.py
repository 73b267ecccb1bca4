"""serverless-offline before the handlers: a gateway that others wrote, reading our own serverless.yml.

What it is not told by that file, being none of its business, comes from here: the table's stream and the tick's beat go to
its Lambda endpoint. What it does not do at all:

- name the subprotocol that $connect returned: it answers with whatever was asked for;
- tell a handler its time: whatever `timeout` says, a handler in Python hears of six seconds, so what a start takes must
  not be taken from them: it is named a start, as Lambda does;
- notice that a handler in Python raised: its process is gone, and the caller waits for the whole timeout;
- hand over frames one after the other, which API Gateway does not either;
- resolve `Fn::Sub` or secrets, so each function gets its settings from here.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import yaml

from e2e.backstage import Place, Served, ticking
from e2e.watching import told_to
from kefu.local_aws.functions import FunctionFailed
from kefu.testing.engines import ENVIRONMENT

ROOT = Path(__file__).parents[2]
OSLS = ROOT / "build" / "osls" / "node_modules" / ".bin" / "osls"
PLUGIN = ROOT / "build" / "osls" / "node_modules" / "serverless-offline"
STARTS_WITHIN_S = 180
INVOKED_WITHIN_S = 180
LOOK_AGAIN_S = 0.05
IDLE_S = 3_600
"""A process that has nothing to do is kept: to start one takes longer than a test."""
STACK = "kefu-shared-prod"
NOWHERE = "http://127.0.0.1:9"


class Missing(Exception):
    """The message says what to do."""


def require() -> None:
    """Raises `Missing`."""
    if not PLUGIN.exists():
        raise Missing("serverless-offline is not installed: make build/osls/installed, which needs npm")


@dataclass(frozen=True, kw_only=True, slots=True)
class LambdaEndpoint:
    """A function, called as Lambda's clients call one."""

    http: httpx.AsyncClient
    name: str

    async def invoke(self, event: dict[str, Any]) -> bytes:
        path = f"/2015-03-31/functions/{self.name}/invocations"
        try:
            answer = await self.http.post(path, content=json.dumps(event))
        except httpx.HTTPError as error:
            raise FunctionFailed(type(error).__name__, str(error)) from error
        if answer.status_code != httpx.codes.OK or "x-amz-function-error" in answer.headers:
            raise FunctionFailed(str(answer.status_code), answer.text)
        return answer.content


@asynccontextmanager
async def serverless_offline(place: Place) -> AsyncIterator[Served]:
    require()
    http_port, socket_port, lambda_port = _free_ports(3)
    with TemporaryDirectory() as folder:
        _lay_out(Path(folder), _settings(place, socket_port))
        async with (
            _running(Path(folder), http_port, socket_port, lambda_port),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{lambda_port}", timeout=INVOKED_WITHIN_S) as http,
            told_to(LambdaEndpoint(http=http, name=f"{STACK}-stream"), place.table, place.endpoint) as told,
            ticking(LambdaEndpoint(http=http, name=f"{STACK}-tick").invoke),
        ):
            yield Served(f"http://127.0.0.1:{http_port}", told, f"ws://127.0.0.1:{socket_port}/graphql")


def _settings(place: Place, socket_port: int) -> dict[str, str]:
    endpoint = f"http://127.0.0.1:{socket_port}"
    return {
        "KEFU_STORE": place.store,
        "KEFU_SECRET": place.secret,
        "KEFU_BLOBS": "memory:",
        "KEFU_SENDS_WEBHOOKS": "false",
        "KEFU_WEBSOCKET_ENDPOINT": endpoint,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    }


def _lay_out(folder: Path, settings: dict[str, str]) -> None:
    """Our service as it stands in the tree, with settings of its own, and run from the sources."""
    service = yaml.safe_load((ROOT / "serverless.yml").read_text(encoding="utf-8"))
    del service["package"]
    service["plugins"] = ["serverless-offline"]
    service["provider"]["environment"] = settings
    for function in service["functions"].values():
        function["environment"] = settings  # its own would win, and come as an `Fn::Sub`
    (folder / "serverless.yml").write_text(yaml.safe_dump(service))
    shutil.copytree(ROOT / "infra", folder / "infra")
    (folder / "build").mkdir()
    built_for = {"runtime": f"python{sys.version_info.major}.{sys.version_info.minor}", "architecture": "x86_64"}
    (folder / "build" / "lambda.json").write_text(json.dumps(built_for))


@asynccontextmanager
async def _running(folder: Path, http_port: int, socket_port: int, lambda_port: int) -> AsyncIterator[None]:
    ports = {"httpPort": http_port, "websocketPort": socket_port, "lambdaPort": lambda_port}
    options = {"host": "127.0.0.1", "terminateIdleLambdaTime": IDLE_S, **ports}
    said = folder / "said.txt"
    with said.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            OSLS,
            *("offline", "start", "--noSponsor", "--noTimeout"),
            *(word for name, value in options.items() for word in (f"--{name}", str(value))),
            cwd=folder,
            env=_environment(folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        await _listening(process, list(ports.values()), said)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with the processes of its functions
        await process.wait()


def _environment(folder: Path) -> dict[str, str]:
    """No login, no way out, and the Python that runs this one."""
    here = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE, "NO_PROXY": "127.0.0.1"}
    return here | ENVIRONMENT | nowhere | {"HOME": str(folder), "VIRTUAL_ENV": sys.prefix}


async def _listening(process: asyncio.subprocess.Process, ports: Sequence[int], said: Path) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(STARTS_WITHIN_S):
            while process.returncode is None:
                if all([await _listens(port) for port in ports]):
                    return
                await asyncio.sleep(LOOK_AGAIN_S)
    raise RuntimeError(f"serverless-offline did not start: {said.read_text()}")  # noqa: ASYNC240  a small file


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def _free_ports(count: int) -> list[int]:
    """Different ones, free a moment ago: whoever is told a port cannot be handed a socket."""
    with ExitStack() as exits:
        probes = [exits.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]
