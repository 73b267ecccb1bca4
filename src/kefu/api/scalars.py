from datetime import datetime, timedelta
from typing import Any, NewType

import msgspec
import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from kefu.domain.instants import Instant

Duration = NewType("Duration", int)
"""Milliseconds inside; ISO 8601 outside."""

Url = NewType("Url", str)


def _format_duration(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1_000)
    return f"PT{seconds}.{rest:03d}S" if rest else f"PT{seconds}S"


def _parse_duration(text: Any) -> Duration:

    try:
        parsed = msgspec.convert(text, timedelta)
    except msgspec.ValidationError as invalid:
        raise ValueError("A duration is written in ISO 8601, for example PT90S or PT1H30M.") from invalid
    return Duration(round(parsed.total_seconds() * 1_000))


def _format_datetime(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _parse_datetime(text: Any) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except (TypeError, ValueError) as invalid:
        raise ValueError("A time is written in ISO 8601, for example 2026-01-31T09:30:00Z.") from invalid
    if parsed.tzinfo is None:
        raise ValueError("A time needs its zone: end it with Z for UTC.")
    return parsed


def _parse_url(text: Any) -> Url:
    if not isinstance(text, str) or (text and not text.startswith(("https://", "http://"))):
        raise ValueError("A URL starts with https:// or http://.")
    return Url(text)


def to_instant(at: datetime) -> Instant:
    return round(at.timestamp() * 1_000)


SCALARS: dict[object, ScalarDefinition] = {
    Duration: strawberry.scalar(
        name="Duration",
        description="A span of time in ISO 8601, for example PT90S.",
        serialize=_format_duration,
        parse_value=_parse_duration,
    ),
    Url: strawberry.scalar(name="Url", description="An absolute address.", serialize=str, parse_value=_parse_url),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in ISO 8601, in UTC, for example 2026-01-31T09:30:00.000Z.",
        serialize=_format_datetime,
        parse_value=_parse_datetime,
    ),
}


def config() -> StrawberryConfig:
    return StrawberryConfig(scalar_map=SCALARS)
