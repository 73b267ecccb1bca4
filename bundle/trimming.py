"""What of the installed packages a handler never needs. Whatever a licence asks to be kept is kept."""

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

LEFT_OUT = (
    "bin",
    "packaging*",  # Strawberry's command line asks for it
    "boto3/data",  # resources and examples: the store speaks through clients
    "boto3/examples",
    *(f"Crypto/{unused}" for unused in ("Hash", "IO", "Math", "Protocol", "PublicKey", "SelfTest", "Signature")),
    "dateutil/zoneinfo",
    "kefu/cli",
    "kefu/demo",
    "kefu/local_aws",
    "kefu/testing",
    "kefu/store/contract",
    "kefu/store/sqlite*.py",
    "kefu/entrypoints/asgi.py",
    "strawberry/aiohttp",
    "strawberry/chalice",
    "strawberry/channels",
    "strawberry/cli",
    "strawberry/codegen",
    "strawberry/codemods",
    "strawberry/django",
    "strawberry/ext",
    "strawberry/fastapi",
    "strawberry/flask",
    "strawberry/litestar",
    "strawberry/pydantic",
    "strawberry/quart",
    "strawberry/sanic",
    "strawberry/schema_codegen",
    "strawberry/static/apollo-sandbox.html",
    "strawberry/static/pathfinder.html",
    "strawberry/test",
    "**/__pycache__",
    "**/*.pyi",
    "**/py.typed",
    "**/tests",
)
SERVICES = ("apigatewaymanagementapi", "dynamodb", "dynamodbstreams", "s3")
SERVICE_FILES = ("service-2.json", "service-2.sdk-extras.json", "endpoint-rule-set-1.json")
"""Of a service's latest version; the rest is for paginators, waiters and examples, which are not used."""
KEPT_CIPHERS = ("__init__", "DES", "_state_machine", "_mode_cbc", "_mode_ecb", "_raw_des", "_raw_cbc", "_raw_ecb")
"""By what their files are called up to the first dot: DES for CRM windows, and nothing that anybody should trust."""
KEPT_OF_A_DISTRIBUTION = ("METADATA", "LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*", "licenses", "license_files")
"""METADATA tells scanners which version this is."""


def trim(bundle: Path) -> None:
    for path in list(_left_out(bundle)):
        _remove(path)
    for distribution in bundle.glob("*.dist-info"):
        kept = {path for pattern in KEPT_OF_A_DISTRIBUTION for path in distribution.glob(pattern)}
        for path in set(distribution.iterdir()) - kept:
            _remove(path)
    for path in (bundle / "Crypto" / "Cipher").glob("*"):
        if path.name.partition(".")[0] not in KEPT_CIPHERS:
            _remove(path)
    _trim_botocore(bundle / "botocore" / "data")


def _left_out(bundle: Path) -> Iterator[Path]:
    for pattern in LEFT_OUT:
        yield from bundle.glob(pattern)


def _trim_botocore(models: Path) -> None:
    """Four services out of four hundred, as plain JSON and without their manual: nothing is unpacked or skipped at a start."""
    for service in models.iterdir():
        if service.is_dir():
            if service.name in SERVICES:
                _trim_service(service)
            else:
                _remove(service)
    _trim_endpoints(models / "endpoints.json")


def _trim_service(service: Path) -> None:
    *earlier, latest = sorted(service.iterdir())
    for version in earlier:
        _remove(version)
    for packed in [each for name in SERVICE_FILES for each in latest.glob(f"{name}.gz")]:
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    for path in [each for each in latest.iterdir() if each.name not in SERVICE_FILES]:
        _remove(path)
    for path in latest.iterdir():
        path.write_bytes(msgspec.json.encode(_undocumented(msgspec.json.decode(path.read_bytes()))))


def _undocumented(model: Any) -> Any:
    """A model without the texts for readers; a member that is itself called so is an object, and stays."""
    match model:
        case dict():
            kept = (
                (name, value) for name, value in model.items() if name != "documentation" or isinstance(value, dict)
            )
            return {name: _undocumented(value) for name, value in kept}
        case list():
            return [_undocumented(each) for each in model]
        case _:
            return model


def _trim_endpoints(file: Path) -> None:
    """Which regions each partition has, and our services in them."""
    endpoints = msgspec.json.decode(file.read_bytes())
    prefixes = {"dynamodb", "streams.dynamodb", "execute-api", "s3"}
    for partition in endpoints["partitions"]:
        partition["services"] = {name: known for name, known in partition["services"].items() if name in prefixes}
    file.write_bytes(msgspec.json.encode(endpoints))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
