"""What happened, line by line in a file of each process; a line is there before what it tells of goes out.

All times are of the machine's monotonic clock, which its processes share: nanoseconds.
"""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self, TypeAlias

import msgspec

from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef
from kefu.testing.contention.requests import Request, Result

DONE, CONFLICT, THROTTLED, UNKNOWN = "done", "conflict", "throttled", "unknown"
FAULT = "fault"
NOBODY = -1
"""The worker who opens the tenant, and who sweeps."""
SWEEP = "Sweeps"
"""The kind of the sweep's request."""


class JournalLine(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    at: int = msgspec.field(default_factory=time.monotonic_ns)
    worker: int
    number: int
    """Of the worker's requests, from 0."""


class Asked(JournalLine, frozen=True, kw_only=True):
    request: Request


class SetBack(JournalLine, frozen=True, kw_only=True):
    """The request was not carried out, or nobody knows: the worker asks again."""

    why: str


class Answered(JournalLine, frozen=True, kw_only=True):
    outcome: str
    """`done`, the code of a refusal, or `fault`."""
    result: Result | None = None
    trouble: str = ""


class Begun(JournalLine, frozen=True, kw_only=True):
    """A commit is about to be sent."""

    token: str
    kind: str
    since: int
    """When the request was first asked."""
    replaces: tuple[tuple[str, str, int], ...]
    """Partition, sort key and expected version of each record that must not have moved."""
    logs: tuple[tuple[str, int, int], ...]
    """Session, first and last number of the log entries."""
    reads: dict[str, int]
    """By partition of a line: when the request last began to read it."""


class Ended(JournalLine, frozen=True, kw_only=True):
    token: str
    kind: str
    outcome: str


class Seen(JournalLine, frozen=True, kw_only=True):
    """A session as a worker read it."""

    session: SessionRef
    state: SessionState
    agent: str | None
    last_seq: int


class Warned(JournalLine, frozen=True, kw_only=True):
    """A look of the desk gave up and left what it was to do to the next one."""

    say: str


Entry: TypeAlias = Asked | SetBack | Answered | Begun | Ended | Seen | Warned


class Journal:
    """Unbuffered: a killed process has told all that it did."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("ab", buffering=0)
        self._encoder = msgspec.json.Encoder()

    def write(self, entry: Entry) -> None:
        self._file.write(self._encoder.encode(entry) + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def read_journals(files: Iterable[Path]) -> Iterator[Entry]:
    decoder = msgspec.json.Decoder(Entry)
    for file in files:
        with file.open("rb") as lines:
            yield from map(decoder.decode, lines)
