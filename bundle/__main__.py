"""`python -m bundle`: build/lambda/ and build/lambda.zip, with nothing in them but what a handler needs.

build/lambda.json says for which runtime and architecture it is; serverless.yml takes them from there. Exits with 1 if it
is too large.
"""

import json
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import click

from bundle.machine import MACHINES, platforms, require_machine
from bundle.python import VERSIONS, Python, find_python
from bundle.trimming import trim

ROOT = Path(__file__).parents[1]
BYTES_MAX = 25 * 1_000_000
"""Unzipped."""
CODE = "/var/task"
"""Where Lambda unpacks it, and what a traceback shall say."""
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
TRIAL = Path(__file__).with_name("trial.py")


@click.command()
@click.option("--architecture", type=click.Choice(list(MACHINES)), default="x86_64", show_default=True)
@click.option(
    "--python-version", type=click.Choice(VERSIONS), help="Of the runtime.  [default: of the Python that runs this]"
)
@click.option("--python", type=click.Path(path_type=Path), help="The Python of that version.  [default: on the path]")
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "build" / "lambda")
def main(architecture: str, python_version: str | None, python: Path | None, output: Path) -> None:
    runtime = find_python(python_version, python)
    target = output.with_suffix(".json")
    target.unlink(missing_ok=True)  # a build that fails leaves nothing that could be deployed
    shutil.rmtree(output, ignore_errors=True)
    _install(output, runtime, MACHINES[architecture])
    shutil.copytree(ROOT / "src" / "kefu", output / "kefu")
    shutil.copy(ROOT / "LICENSE", output / "kefu")
    trim(output)
    require_machine(output, runtime, MACHINES[architecture])
    _compile(output, runtime)
    is_tried = sys.platform == "linux" and platform.machine() == MACHINES[architecture]
    if is_tried:
        _try(output, runtime)
    unzipped = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    archive = _zip(output)
    target.write_text(json.dumps({"runtime": runtime.runtime, "architecture": architecture}))
    click.echo(
        f"{output}: {unzipped / 1e6:.1f} MB unzipped, {archive.stat().st_size / 1e6:.1f} MB zipped, "
        f"for {runtime.runtime} on {architecture}{'' if is_tried else ', not tried: this machine cannot run it'}"
    )
    sys.exit(f"That is over {BYTES_MAX / 1e6:.0f} MB." if unzipped > BYTES_MAX else 0)


def _install(output: Path, runtime: Python, machine: str) -> None:
    named = [word for name in platforms(machine, runtime) for word in ("--platform", name)]
    subprocess.run(  # noqa: S603  our own command
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--require-hashes", "--requirement", ROOT / "requirements" / "lambda.txt", "--no-deps"),
            *("--only-binary", ":all:", "--implementation", "cp", "--python-version", runtime.version, *named),
            *("--target", output, "--no-compile"),
        ],
        check=True,
    )


def _compile(output: Path, runtime: Python) -> None:
    """Lambda's folder is read-only, so Python could not keep what it compiles; unchecked, no source is even looked at."""
    runtime.run(
        *(
            "-I",
            "-m",
            "compileall",
            "-q",
            "-f",
            "-s",
            output,
            "-p",
            CODE,
            "--invalidation-mode",
            "unchecked-hash",
            output,
        )
    )


def _try(output: Path, runtime: Python) -> None:
    """Everything is imported, a request answered and each client made, with nothing else installed."""
    runtime.run("-I", "-S", "-B", TRIAL, output)


def _zip(output: Path) -> Path:
    """The same files make the same archive."""
    archive = output.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for path in sorted(path for path in output.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(str(path.relative_to(output)), FIXED_TIME)
            entry.external_attr, entry.compress_type = 0o100644 << 16, zipfile.ZIP_DEFLATED
            zipped.writestr(entry, path.read_bytes())
    return archive


if __name__ == "__main__":
    main()
