"""What the verbs say to SQLite. Each function runs on one connection, on a thread of the store."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from kefu.store.commit_rules import holds, refuse_malformed
from kefu.store.port import (
    CHANGES_KEPT_MS,
    TOKEN_KEPT_MS,
    Change,
    Conflict,
    Delete,
    Expect,
    Key,
    Listing,
    Order,
    Page,
    PositionExpired,
    Put,
    Record,
    Span,
    TokenReused,
    Write,
)
from kefu.store.sqlite_file import snapshot, transaction
from kefu.store.sqlite_positions import Position

CHANGES_PAGE = 50

# One commit cleans away at most so much; each is more than a commit commonly adds.
EXPIRED_PER_COMMIT = 20
TOKENS_PER_COMMIT = 20
CHANGES_PER_COMMIT = 200

_COLUMNS = "partition, sort, value, version, rank, listing_index, listing_order, expires_at"
_BEYOND_ALL_TEXT = b""  # SQLite sorts every blob behind every text


def _page_query(place: str, column: str, direction: str) -> str:
    return (
        f"SELECT {_COLUMNS} FROM records WHERE {place} = ? AND {column} > ? AND {column} < ?"  # noqa: S608  # constants of this file
        f" ORDER BY {column} {direction} LIMIT ?"
    )


SCAN = {
    (Order.SORT, False): _page_query("partition", "sort", "ASC"),
    (Order.SORT, True): _page_query("partition", "sort", "DESC"),
    (Order.RANK, False): _page_query("partition", "rank", "ASC"),
    (Order.RANK, True): _page_query("partition", "rank", "DESC"),
}
"""By order and newest first."""
LISTING = {
    False: _page_query("listing_index", "listing_order", "ASC"),
    True: _page_query("listing_index", "listing_order", "DESC"),
}
"""By newest first."""

_FIND = f"SELECT {_COLUMNS} FROM records WHERE partition = ? AND sort = ?"  # noqa: S608  # constants of this file
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM records WHERE partition = ? AND sort > ? AND sort < ? LIMIT ?)"
_EXPIRED = f"SELECT {_COLUMNS} FROM records WHERE expires_at < ? ORDER BY expires_at LIMIT ?"  # noqa: S608  # constants of this file
_PUT = f"INSERT OR REPLACE INTO records ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # constants of this file
_DELETE = "DELETE FROM records WHERE partition = ? AND sort = ?"

_TELL = "INSERT INTO changes (at, partition, sort, before, after) VALUES (?, ?, ?, ?, ?)"
_CHANGES = "SELECT position, partition, sort, before, after FROM changes WHERE position > ? ORDER BY position LIMIT ?"
_POSITION = "SELECT epoch, (SELECT seq FROM sqlite_sequence WHERE name = 'changes') FROM stream"
_RENEW_EPOCH = "UPDATE stream SET epoch = lower(hex(randomblob(8)))"
_OLDEST_CHANGES = "SELECT position, at FROM changes ORDER BY position LIMIT ?"
_TRIM_CHANGES = "DELETE FROM changes WHERE position <= ?"

_REMEMBERED = "SELECT fingerprint FROM tokens WHERE token = ? AND at >= ?"
_REMEMBER = "INSERT OR REPLACE INTO tokens (token, at, fingerprint) VALUES (?, ?, ?)"
_FORGET = "DELETE FROM tokens WHERE token IN (SELECT token FROM tokens WHERE at < ? ORDER BY at LIMIT ?)"


def get(connection: sqlite3.Connection, *, keys: Sequence[Key]) -> list[Record | None]:
    with snapshot(connection):
        return [_find(connection, key) for key in keys]


def page(connection: sqlite3.Connection, *, query: str, place: str, span: Span) -> Page:
    rows = connection.execute(query, (place, span.after, _end(span.before), span.limit + 1)).fetchall()
    return Page(tuple(_record(row) for row in rows[: span.limit]), has_more=len(rows) > span.limit)


def count(connection: sqlite3.Connection, *, partition: str, span: Span) -> int:
    [counted] = connection.execute(_COUNT, (partition, span.after, _end(span.before), span.limit)).fetchone()
    return int(counted)


def position(connection: sqlite3.Connection) -> Position:
    """Behind the last change."""
    epoch, last = connection.execute(_POSITION).fetchone()
    return Position(epoch, last or 0)


def changes_behind(connection: sqlite3.Connection, *, seen: Position) -> list[Change]:
    """A page of them, empty at the end; raises `PositionExpired`."""
    with snapshot(connection):
        last = position(connection)
        if last == seen:
            return []
        rows = connection.execute(_CHANGES, (seen.number, CHANGES_PAGE)).fetchall()
    # Numbers have no gaps: where the next one is not there, it was trimmed or `seen` is yet to come.
    if seen.epoch != last.epoch or not rows or rows[0][0] != seen.number + 1:
        raise PositionExpired
    return [_change(last.epoch, row) for row in rows]


def renew_epoch(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        connection.execute(_RENEW_EPOCH)


def commit(
    connection: sqlite3.Connection, *, writes: Sequence[Write], token: str | None, now: Callable[[], int]
) -> None:
    refuse_malformed(writes)
    fingerprint = _fingerprint(writes)
    with transaction(connection):
        at = now()
        if token is not None and _is_repeated(connection, token, fingerprint, at):
            return
        found = {write.key: _find(connection, write.key) for write in writes}
        failed = [write.key for write in writes if not holds(write.expect, found[write.key])]
        if failed:
            raise Conflict(failed)
        for write in writes:
            _apply(connection, write, found[write.key], at)
        if token is not None:
            connection.execute(_REMEMBER, (token, at, fingerprint))
        _clean(connection, at)


def _find(connection: sqlite3.Connection, key: Key) -> Record | None:
    row = connection.execute(_FIND, key).fetchone()
    return None if row is None else _record(row)


def _end(before: str | None) -> str | bytes:
    return _BEYOND_ALL_TEXT if before is None else before


def _fingerprint(writes: Sequence[Write]) -> bytes:
    spelt = json.dumps([_spelt(write) for write in writes])
    return hashlib.sha256(spelt.encode()).digest()


def _spelt(write: Write) -> tuple[Any, ...]:
    expect = write.expect.value if isinstance(write.expect, Expect) else write.expect
    if isinstance(write, Put):
        # Its own version is ignored in a put, so it makes no other put.
        return (type(write).__name__, expect, _row(replace(write.record, version=0)))
    return (type(write).__name__, expect, write.key)


def _is_repeated(connection: sqlite3.Connection, token: str, fingerprint: bytes, at: int) -> bool:
    row = connection.execute(_REMEMBERED, (token, at - TOKEN_KEPT_MS)).fetchone()
    if row is not None and row[0] != fingerprint:
        raise TokenReused
    return row is not None


def _apply(connection: sqlite3.Connection, write: Write, before: Record | None, at: int) -> None:
    if isinstance(write, Put):
        after = replace(write.record, version=(before.version if before else 0) + 1)
        connection.execute(_PUT, _row(after))
        _tell(connection, at, write.key, before, after)
    elif isinstance(write, Delete) and before is not None:
        _delete(connection, before, at)


def _delete(connection: sqlite3.Connection, record: Record, at: int) -> None:
    connection.execute(_DELETE, record.key)
    _tell(connection, at, record.key, record, None)


def _tell(connection: sqlite3.Connection, at: int, key: Key, before: Record | None, after: Record | None) -> None:
    connection.execute(_TELL, (at, *key, _image(before), _image(after)))


def _clean(connection: sqlite3.Connection, at: int) -> None:
    for row in connection.execute(_EXPIRED, (at, EXPIRED_PER_COMMIT)).fetchall():
        _delete(connection, _record(row), at)
    connection.execute(_FORGET, (at - TOKEN_KEPT_MS, TOKENS_PER_COMMIT))
    _trim_changes(connection, kept_from=at - CHANGES_KEPT_MS)


def _trim_changes(connection: sqlite3.Connection, *, kept_from: int) -> None:
    # From the front and no further than the first that is kept, whatever the clock did: no gaps.
    trimmed = 0
    for position, at in connection.execute(_OLDEST_CHANGES, (CHANGES_PER_COMMIT,)):
        if at >= kept_from:
            break
        trimmed = position
    if trimmed:
        connection.execute(_TRIM_CHANGES, (trimmed,))


def _row(record: Record) -> tuple[Any, ...]:
    listing = (record.listing.index, record.listing.order) if record.listing else (None, None)
    return (*record.key, record.value, record.version, record.rank, *listing, record.expires_at)


def _record(row: Sequence[Any]) -> Record:
    partition, sort, value, version, rank, index, order, expires_at = row
    return Record(
        key=Key(partition, sort),
        value=value,
        version=version,
        rank=rank,
        listing=None if index is None else Listing(index, order),
        expires_at=expires_at,
    )


def _image(record: Record | None) -> str | None:
    return None if record is None else json.dumps(_row(record)[len(record.key) :], ensure_ascii=False)


def _change(epoch: str, row: Sequence[Any]) -> Change:
    number, partition, sort, *images = row
    key = Key(partition, sort)
    before, after = (None if image is None else _record((*key, *json.loads(image))) for image in images)
    return Change(Position(epoch, number).encode(), key, before, after)
