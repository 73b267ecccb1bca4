"""The files of an import: the list, line by line; how far it came; and what was refused."""

import csv
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from kefu.domain.bounds import IMPORT_LINE_LENGTH_MAX
from kefu.domain.refusals import Refusal

COLUMNS = ("businessFlag", "visitorUserName", "agentUserName", "expiresAt")
REQUIRED = COLUMNS[:3]
REPORTED = ("line", "code", "message")
"""Columns of the report before those of the list: a report, mended, can be imported as it is."""
_BLOCK = 1 << 20


class UnreadableList(Exception):
    """Says what is wrong with the file as a whole, and where."""


class Row(NamedTuple):
    line: int
    """Where it begins in the file."""
    cells: dict[str, str]
    is_whole: bool
    """Whether it has as many fields as the header."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far an import came, kept beside its file until it is through."""

    tenant: str
    store: str
    digest: str
    """Of the file: another list begins anew."""
    rows: int = 0
    line: int = 0
    """Where the last row that is done begins."""
    made: int = 0
    stood: int = 0
    refused: int = 0
    report_bytes: int = 0
    """Of the report as it was then: what was written behind that is written again."""

    def is_of(self, other: "Progress") -> bool:
        return (self.tenant, self.store, self.digest) == (other.tenant, other.store, other.digest)


def beside(file: Path, ending: str) -> Path:
    return file.with_name(f"{file.stem}{ending}")


def digest_of(file: Path) -> str:
    known = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            known.update(block)
    return known.hexdigest()


def load_progress(place: Path) -> Progress | None:
    """None where there is none, or none that can be read: then the import begins anew, which harms nobody."""
    try:
        return msgspec.json.decode(place.read_bytes(), type=Progress)
    except (OSError, msgspec.DecodeError):
        return None


def save_progress(place: Path, progress: Progress) -> None:
    """Whole or not at all, whenever the process is killed."""
    written = place.with_name(f"{place.name}.new")
    written.write_bytes(msgspec.json.encode(progress))
    os.replace(written, place)  # noqa: PTH105  a Path's replace is the same, this one says atomic


def rows_of(opened: IO[str]) -> Iterator[Row]:
    """Raises `UnreadableList`. Blank lines are passed over."""
    reader = csv.reader(_lines(opened), strict=True)
    header: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error as wrong:
            raise UnreadableList(f"Line {line} cannot be read as CSV: {wrong}. Mend it and import again.") from wrong
        if header is None:
            header = _checked(fields)
        elif fields:
            yield Row(line, dict(zip(header, fields, strict=False)), len(fields) == len(header))
    if header is None:
        raise UnreadableList(f"The file is empty. Its first line must name the columns {','.join(COLUMNS)}.")


def _checked(fields: list[str]) -> list[str]:
    header = [field.strip() for field in fields]
    lacking = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in {*COLUMNS, *REPORTED}]
    if lacking or unknown or len(set(header)) != len(header):
        raise UnreadableList(
            f"The first line must name the columns {','.join(COLUMNS)}, each once; expiresAt may be left out. "
            f"It names {','.join(header)}."
        )
    return header


def _lines(opened: IO[str]) -> Iterator[str]:
    number = 0
    while line := opened.readline(IMPORT_LINE_LENGTH_MAX + 1):
        number += 1
        if len(line) > IMPORT_LINE_LENGTH_MAX:
            raise UnreadableList(
                f"Line {number} is longer than {IMPORT_LINE_LENGTH_MAX} characters. Is this a CSV file?"
            )
        yield line


class Report:
    """What was refused, as a file; none where nothing was."""

    def __init__(self, place: Path, size: int) -> None:
        """Goes on with a report of `size` bytes; 0 begins anew."""
        self.place = place
        if size and place.exists():
            os.truncate(place, size)
        else:
            place.unlink(missing_ok=True)

    def add(self, refused: list[tuple[Row, Refusal]]) -> int:
        """How many bytes the report has now, safely."""
        if refused:
            is_new = not self.place.exists()
            with self.place.open("a", encoding="utf-8", errors="surrogateescape", newline="") as opened:
                writer = csv.writer(opened)
                if is_new:
                    writer.writerow((*REPORTED, *COLUMNS))
                for row, refusal in refused:
                    cells = (row.cells.get(name, "") for name in COLUMNS)
                    writer.writerow((row.line, refusal.code.value, refusal.message, *cells))
                opened.flush()
                os.fsync(opened.fileno())
        return self.place.stat().st_size if self.place.exists() else 0


def counted(progress: Progress, page: list[Row], *, made: int, refused: int) -> Progress:
    return replace(
        progress,
        rows=progress.rows + len(page),
        line=page[-1].line,
        made=progress.made + made,
        stood=progress.stood + len(page) - made - refused,
        refused=progress.refused + refused,
    )
