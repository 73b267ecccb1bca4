"""Cursors of subscriptions: a position in the store's changes, and how much of the change there was told."""

import base64
import binascii

import msgspec

from kefu.dataclass import dataclass


class CursorUnknown(Exception):
    """The cursor is too old to resume from, or was never one."""


@dataclass(frozen=True, slots=True)
class Cursor:
    position: str
    """Go on behind this change."""
    session: str = ""
    told: int = 0
    """Of this session, entries up to this number were told already."""

    def encode(self) -> str:
        raw = msgspec.json.encode([self.position, self.session, self.told])
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """Raises `CursorUnknown`."""
    try:
        raw = base64.urlsafe_b64decode((text + "=" * (-len(text) % 4)).encode())
        return Cursor(*msgspec.json.decode(raw, type=tuple[str, str, int]))
    except (binascii.Error, ValueError) as invalid:
        raise CursorUnknown from invalid
