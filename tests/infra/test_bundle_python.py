"""Which Python a bundle is made for, and what is said where there is none."""

import struct
import sys
from pathlib import Path

import click
import pytest

from bundle.machine import require_machine
from bundle.python import VERSIONS, Python, find_python

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHER = next(version for version in VERSIONS if version != OWN)
MACHINE_CODES = {"x86_64": 62, "aarch64": 183}


def refusal(version: str | None, named: Path | None) -> str:
    with pytest.raises(click.ClickException) as refused:
        find_python(version, named)
    return refused.value.message


def test_unless_it_is_chosen_it_is_the_one_that_builds() -> None:
    assert find_python(None, None) == Python(OWN, Path(sys.executable))


def test_one_that_is_not_here_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = refusal(OTHER, None)
    assert f"no python{OTHER} on the path" in said
    assert f"make build PYTHON_VERSION={OTHER} BUNDLE_PYTHON=" in said


def test_another_than_the_named_one_is_refused() -> None:
    assert f"shall be for Python {OTHER}, but {sys.executable} is Python {OWN}" in refusal(OTHER, Path(sys.executable))


def test_what_is_no_python_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / f"python{OTHER}"
    broken.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    broken.chmod(0o755)
    assert "is no Python that can be run: command not found" in refusal(OTHER, broken)


@pytest.mark.parametrize(
    ("name", "code", "is_loadable"),
    [
        ("a.cpython-312-aarch64-linux-gnu.so", "aarch64", True),
        ("a.abi3.so", "aarch64", True),
        ("a.cpython-311-aarch64-linux-gnu.so", "aarch64", False),
        ("a.cpython-312-x86_64-linux-gnu.so", "x86_64", False),
        ("a.abi3.so", "x86_64", False),
    ],
)
def test_code_for_another_python_or_machine_is_refused(
    tmp_path: Path, name: str, code: str, *, is_loadable: bool
) -> None:
    (tmp_path / name).write_bytes(b"\x7fELF".ljust(18, b"\0") + struct.pack("<H", MACHINE_CODES[code]))
    runtime = Python("3.12", Path(sys.executable))
    if is_loadable:
        require_machine(tmp_path, runtime, "aarch64")
    else:
        with pytest.raises(click.ClickException, match=r"is not for python3\.12 on aarch64"):
            require_machine(tmp_path, runtime, "aarch64")
