"""What the bundle leaves out is nothing that a handler, or a licence, needs."""

import gzip
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import msgspec
import pytest

import kefu
from bundle.trimming import LEFT_OUT, SERVICES, trim

INSTALLED = Path(sysconfig.get_path("purelib"))
OWN = Path(kefu.__path__[0])
FILES_LOADED = """
from kefu.entrypoints import lambda_http, lambda_stream, lambda_tick, lambda_websocket
from kefu.entrypoints.container import CONTAINER
from kefu.store import dynamodb
from kefu.store.dynamodb_transport import boto_client
CONTAINER.app
from kefu.api import sockets
from kefu.wire.easemob import access_token, bindings, messages
from kefu.wire.huawei import routes
for service in ("dynamodb", "dynamodbstreams", "apigatewaymanagementapi", "s3"):
    boto_client(service, region="eu-central-1")
import sys
print(*filter(None, (getattr(module, "__file__", None) for module in sys.modules.values())), sep="\\n")
"""


def loaded_files() -> set[Path]:
    environment = {"KEFU_STORE": "memory:"}
    command = [sys.executable, "-c", FILES_LOADED]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, env=environment)  # noqa: S603  our own code
    return {Path(line) for line in done.stdout.splitlines()}


def test_nothing_that_a_handler_loads_is_left_out() -> None:
    loaded = loaded_files()
    patterns = [each for each in LEFT_OUT if not each.startswith("**")]
    left_out = {path for pattern in patterns for root in (INSTALLED, OWN.parent) for path in root.glob(pattern)}
    assert OWN / "entrypoints" / "lambda_http.py" in loaded
    assert [file for file in loaded if left_out & {file, *file.parents}] == []


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some of what is installed, as the build takes it up."""
    bundle = tmp_path_factory.mktemp("bundle")
    models = Path("botocore", "data")
    for part in [models / service for service in (*SERVICES, "ec2")] + [
        path.relative_to(INSTALLED) for path in INSTALLED.glob("*.dist-info")
    ]:
        shutil.copytree(INSTALLED / part, bundle / part)
    shutil.copy(INSTALLED / models / "endpoints.json", bundle / models)
    trim(bundle)
    return bundle


def test_only_the_services_in_use_are_kept(trimmed: Path) -> None:
    assert {path.name for path in (trimmed / "botocore" / "data").iterdir() if path.is_dir()} == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_keeps_all_but_its_manual(trimmed: Path, service: str) -> None:
    [kept] = (trimmed / "botocore" / "data" / service).glob("*/service-2.json")
    packed = INSTALLED / kept.relative_to(trimmed).with_suffix(".json.gz")
    whole = msgspec.json.decode(gzip.decompress(packed.read_bytes()))
    assert msgspec.json.decode(kept.read_bytes()) == without_manual(whole)


def without_manual(model: Any) -> Any:
    if isinstance(model, list):
        return [without_manual(each) for each in model]
    if not isinstance(model, dict):
        return model
    return {
        name: without_manual(value)
        for name, value in model.items()
        if not (name == "documentation" and isinstance(value, str))
    }


def licences(folder: Path) -> set[Path]:
    return {
        path.relative_to(folder)
        for path in folder.glob("*.dist-info/**/*")
        if path.is_file() and path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE"))
    }


def test_every_licence_is_kept(trimmed: Path) -> None:
    whole = {path for path in licences(INSTALLED) if not path.parts[0].startswith("packaging-")}
    assert whole
    assert licences(trimmed) == whole
