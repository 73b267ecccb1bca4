"""What of a bundle is machine code, and for which machine."""

import struct
from pathlib import Path

import click

from bundle.python import Python

MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""By Lambda's name."""
_ELF_MACHINES = {"x86_64": 62, "aarch64": 183}
_LIBC_2_34_FROM = (3, 12)


def platforms(machine: str, runtime: Python) -> list[str]:
    """Amazon Linux 2 has glibc 2.26, and from Python 3.12 on Lambda runs Amazon Linux 2023 with 2.34."""
    newer = [f"manylinux_2_28_{machine}", f"manylinux_2_34_{machine}"] if runtime.numbers >= _LIBC_2_34_FROM else []
    return [f"manylinux2014_{machine}", f"manylinux_2_17_{machine}", *newer]


def require_machine(bundle: Path, runtime: Python, machine: str) -> None:
    """Raises `ClickException` for compiled code that this runtime on this machine would not load."""
    suffixes = (f".cpython-{runtime.version.replace('.', '')}-{machine}-linux-gnu.so", ".abi3.so")
    for path in bundle.rglob("*.so*"):
        if not path.name.endswith(suffixes) or _machine_of(path) != _ELF_MACHINES[machine]:
            raise click.ClickException(f"{path.relative_to(bundle)} is not for {runtime.runtime} on {machine}.")


def _machine_of(library: Path) -> int:
    """As its ELF header says, at byte 18."""
    with library.open("rb") as opened:
        (found,) = struct.unpack("<H", opened.read(20)[18:])
    return int(found)
