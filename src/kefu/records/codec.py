from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec

from kefu.dataclass import dataclass
from kefu.records.lean import lean_type
from kefu.records.packing import pack, unpack
from kefu.store.port import Record

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T_co]):
    """A value as it was read, and the version that a write of its successor must expect."""

    value: T_co
    version: int


class Codec(Generic[T]):
    """A domain value as text: JSON, packed where it is long.

    Fields at their defaults are left out, and those a value lacks take them: so old records stay readable.
    """

    def __init__(self, type_: type[T]) -> None:
        self._type = type_

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[T]:
        """Made when it is first needed, like `_lean`: a start on Lambda defines fifty codecs, and a request needs few."""
        return msgspec.json.Decoder(self._type)

    @cached_property
    def _lean(self) -> Any:
        return lean_type(self._type)

    def encode(self, value: T) -> str:
        return pack(msgspec.json.encode(msgspec.convert(value, self._lean, from_attributes=True)))

    def decode(self, text: str) -> T:
        return self._decoder.decode(unpack(text))

    def load(self, record: Record) -> Loaded[T]:
        return Loaded(self.decode(record.value), record.version)

    def load_if(self, record: Record | None) -> Loaded[T] | None:
        return self.load(record) if record else None
