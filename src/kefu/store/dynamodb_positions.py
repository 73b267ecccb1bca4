"""Positions in the table's stream: how far a reader is in each of its shards."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from kefu.dataclass import dataclass
from kefu.store.port import PositionExpired

SHARDS_MAX = 2_000
_SEQUENCE = re.compile(r"\d{1,40}")


@dataclass(frozen=True, slots=True)
class Reached:
    """How far one shard was told."""

    sequence: str | None
    """Of the last record told; None before the first."""
    since_ms: int
    """All older records were told."""


@dataclass(frozen=True, slots=True)
class Position:
    stream: str
    """Its label: a stream that is switched off and on again begins anew."""
    at_ms: int
    """Where to begin in shards that have nothing to do with those named here."""
    shards: Mapping[str, Reached]

    def encode(self) -> str:
        shards = {shard: [reached.sequence, reached.since_ms] for shard, reached in self.shards.items()}
        raw = json.dumps([self.stream, self.at_ms, shards], separators=(",", ":"))
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode_position(text: str) -> Position:
    """Raises `PositionExpired` for what is no position."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        stream, at_ms, shards = json.loads(raw)
        return Position(_text(stream), _number(at_ms), {shard: _reached(*told) for shard, told in shards.items()})
    except (binascii.Error, ValueError, TypeError, AttributeError, RecursionError) as invalid:
        raise PositionExpired from invalid


def _reached(sequence: Any, since_ms: Any) -> Reached:
    if sequence is not None and not _SEQUENCE.fullmatch(sequence):
        raise ValueError
    return Reached(sequence, _number(since_ms))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> int:
    if type(value) is not int:
        raise TypeError
    return value


@dataclass(frozen=True, slots=True)
class Shard:
    name: str
    parent: str | None


def strangers(shards: Iterable[Shard], known: Iterable[str]) -> list[str]:
    """Shards that are neither known nor before or behind a known one, without those behind another stranger.

    What is before a known shard was told; what is behind it comes when it is at its end.
    """
    parents = {shard.name: shard.parent for shard in shards}
    lines = {name: _ancestors(name, parents) for name in parents}
    known = set(known)
    before = {ancestor for name in known for ancestor in lines.get(name, ())}
    strange = [name for name in parents if name not in known | before and not known & lines[name]]
    return [name for name in strange if parents[name] not in strange]


def _ancestors(name: str, parents: Mapping[str, str | None]) -> set[str]:
    found: set[str] = set()
    parent = parents.get(name)
    while parent is not None and parent not in found:
        found.add(parent)
        parent = parents.get(parent)
    return found
