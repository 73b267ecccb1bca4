"""`make`, where it could hide that something failed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.dynamodb import main as benchmark

HERE = Path(__file__).parents[1]
NO_ENDPOINT = "nowhere"


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """All that `make test` finds on its way: a shell, what it reads the machine with, and a Python that tells it ran."""
    for name in ("sh", "make", "uname", "true", "false"):
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not installed")
        (tmp_path / name).symlink_to(found)
    _script(tmp_path / "python", "echo the tests ran")
    return tmp_path


def _script(file: Path, line: str) -> None:
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)


def _make_test(tools: Path, engines: str) -> subprocess.CompletedProcess[str]:
    """`make test` with everything installed but the engines: `engines` is what happens to these."""
    installed = [f"--old-file={each}" for each in (".venv/check", "build/osls/installed")]
    command = [str(tools / "make"), *installed, "test", f"BIN={tools}", f"MAKE={tools / engines}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(  # noqa: S603  our own command
        command, cwd=HERE, env=environment | {"PATH": str(tools)}, capture_output=True, text=True, check=False
    )


def test_engines_that_cannot_be_installed_stop_the_tests(tools: Path) -> None:
    _script(tools / "npm", "true")
    made = _make_test(tools, engines="false")
    assert made.returncode != 0, made.stdout


def test_without_npm_it_is_said_and_the_tests_run(tools: Path) -> None:
    made = _make_test(tools, engines="false")
    assert made.returncode == 0, made.stderr
    assert "No npm" in made.stdout
    assert "the tests ran" in made.stdout


def test_a_benchmark_has_its_folder_before_it_measures(tmp_path: Path) -> None:
    """What was measured for ten minutes is not lost for want of a folder."""
    output = tmp_path / "build" / "bench" / "dynamodb"
    asked = ["--endpoint", NO_ENDPOINT, "--part", "conflicts", "--output", str(output)]
    assert CliRunner().invoke(benchmark, asked).exit_code != 0
    assert output.parent.is_dir()
