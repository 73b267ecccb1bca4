"""The Python of a Lambda runtime, on this machine: only it can compile for itself, and try what was built."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click

VERSIONS = ("3.11", "3.12", "3.13")
"""Of Lambda's runtimes, those that Kefu runs on."""
_ASK = "import sys; print('%d.%d' % sys.version_info[:2])"


@dataclass(frozen=True, slots=True)
class Python:
    version: str
    executable: Path

    @property
    def runtime(self) -> str:
        return f"python{self.version}"

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.version.split("."))

    def run(self, *arguments: str | Path) -> None:
        subprocess.run([self.executable, *arguments], check=True)  # noqa: S603  our own command


def find_python(version: str | None, named: Path | None) -> Python:
    """The Python of that version, `named` or on the path; without a version, what `named` is, or what runs this.

    Raises `ClickException`, which says what to install or name.
    """
    if version is None:
        executable = named or Path(sys.executable)
        return Python(_supported(_version_of(executable)), executable)
    executable = named or _installed(version)
    found = _version_of(executable)
    if found != version:
        raise click.ClickException(
            f"The bundle shall be for Python {version}, but {executable} is Python {found}: "
            "what it compiled, the runtime could not use."
        )
    return Python(version, executable)


def _installed(version: str) -> Path:
    if f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        return Path(sys.executable)
    found = shutil.which(f"python{version}")
    if found is None:
        raise click.ClickException(
            f"The bundle shall be for Python {version}, which alone can compile for it, and there is no "
            f"python{version} on the path. Install it, name it (make build PYTHON_VERSION={version} "
            f"BUNDLE_PYTHON=/…/bin/python{version}), or choose another PYTHON_VERSION."
        )
    return Path(found)


def _version_of(executable: Path) -> str:
    if executable == Path(sys.executable):
        return f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        asked = subprocess.run([executable, "-c", _ASK], capture_output=True, encoding="utf-8", check=True)  # noqa: S603  our own code
    except (OSError, subprocess.CalledProcessError) as failed:
        why = str(getattr(failed, "stderr", None) or failed).strip().partition("\n")[0]
        raise click.ClickException(
            f"{executable} is no Python that can be run: {why}. Name one with BUNDLE_PYTHON=…"
        ) from failed
    return asked.stdout.strip()


def _supported(version: str) -> str:
    if version not in VERSIONS:
        raise click.ClickException(
            f"This is Python {version}; the bundle can be for {', '.join(VERSIONS)}. "
            f"Choose one: make build PYTHON_VERSION={VERSIONS[-1]}"
        )
    return version
