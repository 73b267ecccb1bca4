"""The file: what lies in it, how an older one becomes a new one, how a connection is set up, what its errors mean.

The version stands in the file's header (`user_version`), beside a mark that tells a Kefu file from any other
(`application_id`): both belong to the transaction that changes the tables.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from kefu.store.port import OutcomeUnknown, StoreError, Throttled

APPLICATION_ID = int.from_bytes(b"Kefu", "big")

WAL_RETRY_S = 0.01

Step: TypeAlias = Sequence[str]
"""The statements that lead from one version to the next. A step that has shipped is never edited."""

STEPS: Sequence[Step] = (
    (
        # Text compares as UTF-8 bytes, which is the order of code points.
        """
        CREATE TABLE records (
            partition TEXT NOT NULL,
            sort TEXT NOT NULL,
            value TEXT NOT NULL,
            version INTEGER NOT NULL,
            rank TEXT,
            listing_index TEXT,
            listing_order TEXT,
            expires_at INTEGER,
            PRIMARY KEY (partition, sort)
        ) WITHOUT ROWID
        """,
        # Not UNIQUE: in the middle of a commit two records may stand at one rank.
        "CREATE INDEX records_by_rank ON records (partition, rank) WHERE rank IS NOT NULL",
        "CREATE INDEX records_by_listing ON records (listing_index, listing_order) WHERE listing_index IS NOT NULL",
        "CREATE INDEX records_by_expiry ON records (expires_at) WHERE expires_at IS NOT NULL",
        "CREATE TABLE tokens (token TEXT PRIMARY KEY, at INTEGER NOT NULL, fingerprint BLOB NOT NULL) WITHOUT ROWID",
        "CREATE INDEX tokens_by_age ON tokens (at)",
        # AUTOINCREMENT: a position is never given twice, even after all changes up to it were trimmed.
        """
        CREATE TABLE changes (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            partition TEXT NOT NULL,
            sort TEXT NOT NULL,
            before TEXT,
            after TEXT
        )
        """,
    ),
    (
        # One row. A position names the epoch it was given in: one of another file, or of before a renewal, is refused.
        "CREATE TABLE stream (epoch TEXT NOT NULL)",
        "INSERT INTO stream VALUES (lower(hex(randomblob(8))))",
    ),
)


class StoreFileTooNew(StoreError):
    """The file was written by a newer Kefu. It was left as it is."""

    def __init__(self, path: Path, version: int, known: int) -> None:
        super().__init__(
            f"{path} has format {version}, this Kefu knows formats up to {known}: use a newer Kefu or another file"
        )
        self.path = path
        self.version = version
        self.known = known


class NotAStoreFile(StoreError):
    """The file is something else than a Kefu store. It was left as it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not a Kefu store: use another file, or the name of a new one")
        self.path = path


def open_file(path: Path, *, busy_timeout_ms: int, steps: Sequence[Step] = STEPS) -> sqlite3.Connection:
    """Makes the file if it is missing and brings it up to date."""
    connection = connect(path, busy_timeout_ms=busy_timeout_ms, mode="rwc")
    with _closed_on_error(connection):
        with snapshot(connection):  # another process may be making the file just now
            is_current = _version(connection, path, known=len(steps)) == len(steps)
        _keep_write_ahead_log(connection, path, patience_s=busy_timeout_ms / 1_000)
        if not is_current:
            _upgrade(connection, path, steps)
    return connection


def connect(path: Path, *, busy_timeout_ms: int, mode: str) -> sqlite3.Connection:
    """Mode `rwc` makes a missing file; `rw` does not: one that is deleted under a running store stays missing."""
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_timeout_ms / 1_000,
        isolation_level=None,  # transactions begin where we say so
        check_same_thread=False,  # closed by another thread, after its own has ended
    )
    with _closed_on_error(connection):
        connection.execute("PRAGMA synchronous = FULL")  # an answered commit is on the disk
        connection.execute("PRAGMA fullfsync = ON")  # and, on macOS, not only in the drive's cache
    return connection


@contextmanager
def errors_translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if _is_busy(error):
            raise Throttled(f"{path} is locked by another process") from error
        if _code(error) == sqlite3.SQLITE_NOTADB:
            raise NotAStoreFile(path) from error
        raise StoreError(f"{path}: {error}") from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block or nothing, and no other writer meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        connection.rollback()
        if _is_busy(error):
            raise
        # The log may hold it all the same; then whoever next recovers the file brings it to light.
        raise OutcomeUnknown(f"the commit may be lost: {error}") from error


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """All reads of the block see the same moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.rollback()


def _version(connection: sqlite3.Connection, path: Path, *, known: int) -> int:
    [application_id] = connection.execute("PRAGMA application_id").fetchone()
    [version] = connection.execute("PRAGMA user_version").fetchone()
    [tables] = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    is_new = (application_id, version, tables) == (0, 0, 0)
    if application_id != APPLICATION_ID and not is_new:
        raise NotAStoreFile(path)
    if version > known:
        raise StoreFileTooNew(path, version, known)
    return int(version)


def _keep_write_ahead_log(connection: sqlite3.Connection, path: Path, *, patience_s: float) -> None:
    # The one lock for which SQLite's busy timeout does not hold: processes that make a file together meet here.
    deadline = time.monotonic() + patience_s
    while (mode := _try_write_ahead_log(connection)) is None and time.monotonic() < deadline:
        time.sleep(WAL_RETRY_S)
    if mode is None:
        raise Throttled(f"{path} is locked by another process")
    if mode != "wal":
        raise StoreError(f"{path}: SQLite can keep no write-ahead log there; choose a local disk")


def _try_write_ahead_log(connection: sqlite3.Connection) -> str | None:
    try:
        [mode] = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    except sqlite3.OperationalError as error:
        if _is_busy(error):
            return None
        raise
    return str(mode)


def _upgrade(connection: sqlite3.Connection, path: Path, steps: Sequence[Step]) -> None:
    with transaction(connection):
        version = _version(connection, path, known=len(steps))  # asked again: another process may have been faster
        for step in steps[version:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _is_busy(error: sqlite3.Error) -> bool:
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _code(error: sqlite3.Error) -> int | None:
    """Without the extension in the upper bits; None where the module itself complains."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
