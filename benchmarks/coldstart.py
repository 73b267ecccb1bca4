"""`python -m benchmarks.coldstart`: what a cold start of the bundle costs, against a bare stack in the same run.

Each start is a process of its own, all kinds by turns; told is its CPU time, which another program on the machine
disturbs less than the clock's, as a ratio of medians. `--instructions` counts
instructions as well, under valgrind, which takes some minutes and does not flicker. `make build` comes first. Exits
with 1 if a target is missed.
"""

import asyncio
import os
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from urllib.parse import quote

import click
import msgspec

from benchmarks.engine import create_table, patient_transport_to, running
from kefu.desk.bearer_tokens import sign
from kefu.desk.call import Caller, Role
from kefu.desk.clock import SystemClock
from kefu.testing.engines import DYNOXIDE, ENVIRONMENT

HERE = Path(__file__).parent
BUNDLE = HERE.parent / "build" / "lambda"
INSTALLED = sysconfig.get_path("purelib")
TABLE = "kefu-coldstart"
QUERY = "{ viewer { role } }"
READING = '{ agent(userName: "a") { nickname } }'
TOKEN_LIFE_MS = 24 * 3_600_000
COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")

COLD_MAX, COLD_AIM = 1.15, 0.95
WARM_MAX = 1.3
BYTES_MAX, BYTES_AIM = 25_000_000, 13_000_000


@dataclass(frozen=True, slots=True)
class Start:
    name: str
    against: str
    """The kind that it is held against; itself if it is such a kind."""
    command: Sequence[str]
    must: float | None = None
    """None: told, and no target was set."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    secret: str
    endpoint: str | None

    @cached_property
    def starts(self) -> list[Start]:
        bare = ("coldstart_bare.py", INSTALLED)
        kefu = ("coldstart_kefu.py", str(BUNDLE), self.token)
        starts = [
            Start("bare stack", "bare stack", bare),
            Start("bundle", "bare stack", (*kefu, f"dynamodb:{TABLE}?region=local", QUERY), COLD_MAX),
        ]
        if self.endpoint:
            store = f"dynamodb:{TABLE}?region=local&endpoint={quote(self.endpoint, safe='')}"
            starts += [
                Start("bare stack, reads the table", "bare stack, reads the table", (*bare, self.endpoint, TABLE)),
                Start("bundle, reads the table", "bare stack, reads the table", (*kefu, store, READING)),
            ]
        return starts

    @cached_property
    def token(self) -> str:
        caller = Caller(tenant="20080", role=Role.PARTNER, user_name="crm")
        return sign(caller, SystemClock().now() + TOKEN_LIFE_MS, self.secret)

    def run(self, command: Sequence[str], *before: str) -> str:
        """A fresh interpreter without site-packages; `before` stands before it on the command line."""
        script, *arguments = command
        environment = ENVIRONMENT | {"KEFU_SECRET": self.secret, "KEFU_BLOBS": "memory:", "PYTHONHASHSEED": "0"}
        done = subprocess.run(  # noqa: S603  our own scripts
            [*before, sys.executable, "-S", "-P", "-B", str(HERE / script), *arguments],
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            raise click.ClickException(f"{script} did not come through: {done.stderr[-2000:]}")
        return done.stdout


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    ratio: float
    spread: str
    must: float | None
    aim: float | None = None

    @property
    def is_missed(self) -> bool:
        return self.must is not None and self.ratio > self.must

    def __str__(self) -> str:
        measured = f"{self.what}: {self.ratio:.3f} {self.spread}".rstrip()
        if self.must is None:
            return f"{measured}, no target"
        aim = f", aim {self.aim:g}" if self.aim else ""
        return f"{measured} {'FAIL' if self.is_missed else 'PASS'}: at most {self.must:g}{aim}"


@click.command()
@click.option("--starts", default=30, show_default=True, help="Of each kind.")
@click.option("--instructions", is_flag=True, help="Counts them too, by valgrind.")
def main(starts: int, *, instructions: bool) -> None:
    os.environ |= {name: value for name, value in ENVIRONMENT.items() if name not in os.environ}
    if not BUNDLE.is_dir():
        raise click.ClickException("There is no bundle: make build")
    with _engine() as endpoint:
        setting = Setting(secret=secrets.token_hex(32), endpoint=endpoint)
        findings = [_size(), *_timed(setting, starts), _warm(setting, starts)]
        if instructions:
            findings += _counted(setting)
    for finding in findings:
        click.echo(finding)
    sys.exit(1 if any(finding.is_missed for finding in findings) else 0)


@contextmanager
def _engine() -> Iterator[str | None]:
    if not DYNOXIDE.exists():
        click.echo("No engine is installed (make engines): starts that read the table are left out.")
    with running() if DYNOXIDE.exists() else nullcontext() as endpoint:
        if endpoint:
            asyncio.run(create_table(patient_transport_to(endpoint), TABLE))
        yield endpoint


def _size() -> Finding:
    size = sum(path.stat().st_size for path in BUNDLE.rglob("*") if path.is_file())
    return Finding("bundle unzipped, MB", size / 1e6, "", BYTES_MAX / 1e6, BYTES_AIM / 1e6)


def _timed(setting: Setting, rounds: int) -> list[Finding]:
    taken: dict[str, list[int]] = {start.name: [] for start in setting.starts}
    order, random = list(setting.starts), Random(7)
    for number in range(rounds + 1):
        random.shuffle(order)
        for start in order:
            took = int(setting.run(start.command))
            if number:  # the first round warms the machine's own caches
                taken[start.name].append(took)
    for name, times in taken.items():
        low, median, high = _spread(times)
        click.echo(f"{name}: {median / 1e6:.0f} ms ({low / 1e6:.0f} … {high / 1e6:.0f})")
    return [
        _held(start, _ratio(taken[start.name], taken[start.against]), "import + first request")
        for start in setting.starts
        if start.name != start.against
    ]


def _warm(setting: Setting, rounds: int) -> Finding:
    handler, directly = msgspec.json.decode(
        setting.run(("coldstart_warm.py", str(BUNDLE), str(rounds))), type=tuple[list[int], list[int]]
    )
    click.echo(
        f"warm messageIngest: {statistics.median(handler) / 1e3:.0f} µs by the handler, "
        f"{statistics.median(directly) / 1e3:.0f} µs directly"
    )
    ratio, spread = _ratio(handler, directly)
    return Finding("warm, handler / app called directly", ratio, spread, WARM_MAX)


def _counted(setting: Setting) -> Iterator[Finding]:
    if shutil.which("valgrind") is None:
        click.echo("valgrind is not installed: no instructions were counted.")
        return
    nothing = _instructions(setting, ("coldstart_nothing.py",))
    counts = {start.name: _instructions(setting, start.command) - nothing for start in setting.starts}
    for name, count in counts.items():
        click.echo(f"{name}: {count / 1e6:,.0f} million instructions")
    for start in setting.starts:
        if start.name != start.against:
            yield _held(start, (counts[start.name] / counts[start.against], ""), "instructions")


def _instructions(setting: Setting, command: Sequence[str]) -> int:
    with tempfile.NamedTemporaryFile(mode="r", encoding="utf-8") as told:
        valgrind = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
        setting.run(command, *valgrind, f"--log-file={told.name}")
        found = COUNTED.search(told.read())
    if not found:
        raise click.ClickException("valgrind did not say what it counted.")
    return int(found[1].replace(",", ""))


def _held(start: Start, measured: tuple[float, str], what: str) -> Finding:
    ratio, spread = measured
    return Finding(f"{what}, {start.name} / {start.against}", ratio, spread, start.must, COLD_AIM)


def _ratio(these: Sequence[int], those: Sequence[int]) -> tuple[float, str]:
    """Of the medians; and how the ratios of each round are spread."""
    low, _, high = _spread([this / that for this, that in zip(these, those, strict=True)])
    return statistics.median(these) / statistics.median(those), f"({low:.3f} … {high:.3f})"


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    """First decile, median, last decile."""
    deciles = statistics.quantiles(values, n=10)
    return deciles[0], statistics.median(values), deciles[-1]


if __name__ == "__main__":
    main()
