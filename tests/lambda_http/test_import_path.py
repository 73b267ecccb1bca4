"""What a cold start loads, seen in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

import kefu
import kefu.entrypoints

HANDLERS = sorted(f"kefu.entrypoints.{file.stem}" for file in Path(kefu.entrypoints.__path__[0]).glob("lambda_*.py"))
ENVIRONMENT = {"PYTHONPATH": str(Path(kefu.__path__[0]).parent)}
UNWANTED = {
    "pydantic": "85 ms, and nobody needs it",
    "boto3": "made at the first call to the table",
    "botocore": "as boto3",
    "uvicorn": "serves elsewhere",
    "websockets": "serves elsewhere",
    "uvloop": "serves elsewhere",
    "httptools": "serves elsewhere",
    "httpx": "a client",
    "dotenv": "for kefu serve",
    "click": "the command line",
    "jellyfish": "loaded when a bot ranks questions",
    "zoneinfo": "for desks with working hours, and for reports",
    "tzdata": "as zoneinfo",
    "kefu.domain.hours_notation": "loaded when hours are set or told",
    "Crypto": "loaded when a CRM window has a key",
    "kefu.bots.guarded_http": "loaded when a tenant's own bot is asked",
    "kefu.bots.webhook_answer": "as above",
    "sqlite3": "another store",
    "kefu.store.sqlite": "another store",
    "kefu.store.dynamodb": "loaded when its URL is opened",
    "kefu.cli": "the command line",
    "kefu.demo": "the demo tenant",
    "kefu.testing": "the test kit",
    "kefu.store.contract": "the test kit",
    "strawberry.cli": "a tool",
    "strawberry.codegen": "a tool",
    "strawberry.ext": "for type checkers",
    "strawberry.dataloader": "not used here",
    "strawberry.experimental.pydantic": "pydantic's",
    "multipart": "no files are uploaded",
    "kefu.local_aws": "the gateway for development",
    "awslambdaric": "comes with Lambda, or with that gateway",
    "moto": "tests",
    "pytest": "tests",
}


def printed_by(code: str) -> str:
    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True, env=ENVIRONMENT
    )
    return done.stdout


def loaded_by(code: str) -> set[str]:
    return set(printed_by(f"{code}\nimport sys\nprint(*sys.modules)").split())


@pytest.mark.parametrize("handler", HANDLERS)
def test_importing_a_handler_loads_nothing_unneeded(handler: str) -> None:
    assert {*loaded_by(f"import {handler}")} & UNWANTED.keys() == set()


def test_the_sweep_loads_no_adapter() -> None:
    assert "mangum" not in loaded_by("import kefu.entrypoints.lambda_tick")


FIRST_REQUEST = """
from kefu.entrypoints.container import Container
from kefu.entrypoints.lambda_http import http_handler
http = {"method": "GET", "path": "/graphql", "sourceIp": "192.0.2.1"}
event = {"version": "2.0", "rawQueryString": "query=%7B__typename%7D", "headers": {"accept": "application/json"}}
settings = {"KEFU_STORE": "dynamodb:kefu?region=local", "KEFU_SECRET": "x" * 32, "KEFU_BLOBS": "s3:files"}
container = Container(settings)
assert http_handler(container)(event | {"requestContext": {"http": http}}, None)["statusCode"] == 200
"""
UNASKED = {
    "kefu.api.sockets",
    "kefu.realtime.protocol",
    "kefu.wire.easemob.door",
    "kefu.wire.huawei.routes",
}


def test_a_first_request_loads_no_door_that_it_does_not_knock_at() -> None:
    assert loaded_by(FIRST_REQUEST) & (UNASKED | {"boto3", "botocore", "kefu.store.memory"}) == set()


COMPILED = """
import sys
from dataclasses import is_dataclass
from inspect import unwrap
modules = [module for name, module in sys.modules.items() if name.startswith("kefu")]
classes = [each for module in modules for each in vars(module).values() if isinstance(each, type)]
for each in filter(is_dataclass, classes):
    if each.__module__.startswith("kefu") and unwrap(each.__repr__).__code__.co_filename == "<string>":
        print(f"{each.__module__}.{each.__name__}")
"""


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_start_compiles_no_method_of_a_data_class_that_nobody_calls(handler: str) -> None:
    assert printed_by(f"import {handler}\n{COMPILED}") == "", (
        "take dataclass from kefu.dataclass, and GraphQL types from kefu.api.define"
    )
