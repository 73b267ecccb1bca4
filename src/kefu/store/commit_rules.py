"""What the port says of commits, once for the backends that check it themselves."""

from collections.abc import Sequence

from kefu.store.port import (
    COMMIT_WRITES_MAX,
    VALUE_BYTES_MAX,
    Expect,
    Expectation,
    Put,
    Record,
    TooLarge,
    Write,
)


def refuse_malformed(writes: Sequence[Write]) -> None:
    """Raises `TooLarge`, or `ValueError` for two writes to one key."""
    if len(writes) > COMMIT_WRITES_MAX:
        raise TooLarge
    if any(isinstance(write, Put) and len(write.record.value.encode()) > VALUE_BYTES_MAX for write in writes):
        raise TooLarge
    if len({write.key for write in writes}) != len(writes):
        raise ValueError("each write of a commit has a key of its own")


def holds(expect: Expectation, record: Record | None) -> bool:
    """Whether what a write expects of its key is so."""
    match expect:
        case Expect.ANY:
            return True
        case Expect.ABSENT:
            return record is None
        case Expect.PRESENT:
            return record is not None
        case version:
            return record is not None and record.version == version
