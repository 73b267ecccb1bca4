"""`python -I -S -B trial.py FOLDER`: whether a bundle is whole. The runtime's Python runs it, with nothing else installed."""

import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

SERVICES = ("dynamodb", "dynamodbstreams", "apigatewaymanagementapi", "s3")
HTTP = {"method": "GET", "path": "/graphql", "sourceIp": "192.0.2.1"}


def try_out(folder: str) -> None:
    sys.path.insert(0, folder)
    for file in sorted(Path(folder, "kefu", "entrypoints").glob("lambda_*.py")):
        import_module(f"kefu.entrypoints.{file.stem}").handler  # noqa: B018  it is there
    # What is loaded only when it is asked for must be here as well.
    for found in walk_packages(import_module("kefu").__path__, "kefu."):
        import_module(found.name)
    for service in SERVICES:
        import_module("kefu.store.dynamodb_transport").boto_client(service, region="eu-central-1")
    for mode, last in (("ECB", "feb959b7d4642fcb"), ("CBC_ZERO_IV", "8e250d5f4c76644b")):
        chained = import_module("kefu.domain.iframe").CipherMode(mode)
        written = import_module("kefu.desk.legacy_des").encrypter("12345678", chained)("12345678")
        require(written.endswith(last), f"DES in mode {mode} wrote {written}")
    answered = answers(accept="application/json", query="query=%7B__typename%7D")
    require('{"data":{"__typename":"Query"}}' in answered, f"a query was answered by {answered}")
    require("<html" in answers(accept="text/html", query="").lower(), "the IDE is not there")
    for name, module in sys.modules.items():
        require("site-packages" not in (getattr(module, "__file__", None) or ""), f"{name} is not the bundle's")
        compiled = getattr(module, "__cached__", None) if name.startswith("kefu") else None
        require(compiled is None or Path(compiled).is_file(), f"{name} is not compiled for this Python")


def answers(*, accept: str, query: str) -> str:
    container = import_module("kefu.entrypoints.container").Container(
        {"KEFU_STORE": "memory:", "KEFU_SECRET": "x" * 32}
    )
    event = {"version": "2.0", "rawQueryString": query, "headers": {"accept": accept}, "requestContext": {"http": HTTP}}
    answer: dict[str, Any] = import_module("kefu.entrypoints.lambda_http").http_handler(container)(event, None)
    container.close()
    return str(answer["body"])


def require(is_so: bool, otherwise: str) -> None:  # noqa: FBT001  the one thing it takes
    if not is_so:
        sys.exit(f"The bundle is not whole: {otherwise}.")


if __name__ == "__main__":
    try_out(sys.argv[1])
