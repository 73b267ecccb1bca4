"""A store whose commits are written down before they go out and when their answer is in."""

import time
import uuid
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

from kefu.records import keys
from kefu.records.sessions import LOG_RECORDS
from kefu.store.port import (
    Conflict,
    Order,
    OutcomeUnknown,
    Page,
    Put,
    Span,
    Store,
    Throttled,
    Write,
)
from kefu.store.wrapper import StoreWrapper
from kefu.testing.contention.journal import CONFLICT, DONE, FAULT, NOBODY, THROTTLED, UNKNOWN, Begun, Ended, Journal


@dataclass(slots=True)
class Doing:
    """The request that runs."""

    worker: int
    number: int
    kind: str
    since: int = field(default_factory=time.monotonic_ns)
    reads: dict[str, int] = field(default_factory=dict)


doing: ContextVar[Doing | None] = ContextVar("doing", default=None)


class RecordedStore(StoreWrapper):
    """Each commit is told of the request in `doing`."""

    def __init__(self, inner: Store, journal: Journal) -> None:
        super().__init__(inner)
        self._journal = journal
        self._nobody = Doing(NOBODY, 0, "Opens")

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        if span.after == keys.WAITING[0]:
            (doing.get() or self._nobody).reads[partition] = time.monotonic_ns()
        return await self.inner.scan(partition, span, order)

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        request, name = doing.get() or self._nobody, token or uuid.uuid4().hex
        begun = Begun(
            worker=request.worker,
            number=request.number,
            token=name,
            kind=request.kind,
            since=request.since,
            replaces=tuple((*write.key, write.expect) for write in writes if isinstance(write.expect, int)),
            logs=tuple(_numbers(write) for write in writes if _is_log(write)),
            reads=request.reads,
        )
        self._journal.write(begun)
        outcome = FAULT
        try:
            await self.inner.commit(writes, token=token)
            outcome = DONE
        except Conflict:
            outcome = CONFLICT
            raise
        except Throttled:
            outcome = THROTTLED
            raise
        except OutcomeUnknown:
            outcome = UNKNOWN
            raise
        finally:
            ended = Ended(worker=request.worker, number=request.number, token=name, kind=request.kind, outcome=outcome)
            self._journal.write(ended)


def _is_log(write: Write) -> bool:
    return isinstance(write, Put) and write.key.sort.startswith(keys.LOG[0])


def _numbers(write: Write) -> tuple[str, int, int]:
    assert isinstance(write, Put)
    record = LOG_RECORDS.decode(write.record.value)
    return record.ref.id, record.entries[0].seq, record.entries[-1].seq
