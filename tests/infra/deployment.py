"""serverless.yml and the templates it includes, as they stand in the tree."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SERVICE_FILE = ROOT / "serverless.yml"
FUNCTIONS = ("http", "websocket", "stream", "tick")

_INCLUDE = re.compile(r"\$\{file\((infra/\w+\.yml)\)(?::.*)?\}")


def read(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return loaded


def service() -> dict[str, Any]:
    return read(SERVICE_FILE)


def included() -> list[Path]:
    found = (_INCLUDE.fullmatch(each) for each in service()["resources"] if isinstance(each, str))
    return [ROOT / match[1] for match in found if match]


def resources() -> dict[str, Any]:
    """Of all included templates, by their logical ids."""
    return {name: each for file in included() for name, each in read(file).get("Resources", {}).items()}
