"""Positions in the changes of a SQLite file: a number, and the epoch of the file in which it was given."""

from typing import NamedTuple

from kefu.store.port import PositionExpired

NUMBER_DIGITS_MAX = 18


class Position(NamedTuple):
    epoch: str
    number: int

    def encode(self) -> str:
        return f"{self.epoch}-{self.number}"


def decode_position(text: str) -> Position:
    """Raises `PositionExpired` for what is no position."""
    epoch, _, number = text.rpartition("-")
    if not (number.isascii() and number.isdecimal() and len(number) <= NUMBER_DIGITS_MAX):
        raise PositionExpired
    return Position(epoch, int(number))
