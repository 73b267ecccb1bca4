"""What a step reads: once, together where it can be, and no more when the step is over."""

import asyncio
from collections.abc import Sequence

import pytest

from kefu.desk.reading_once import ReadingOnce
from kefu.store.memory import MemoryStore
from kefu.store.port import GET_KEYS_MAX, Expect, Key, Order, Page, Put, Record, Span, Throttled
from kefu.store.wrapper import StoreWrapper

A, B, C = (Key("p", sort) for sort in "abc")


class Told(StoreWrapper):
    """Writes down what it is asked, and holds its answers back while it is told to."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.asked: list[object] = []
        self.was_asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()
        self.is_throttled = False

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        self.asked.append(tuple(keys))
        self.was_asked.set()
        await self.may_answer.wait()
        if self.is_throttled:
            raise Throttled
        return await self.inner.get(keys)

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        self.asked.append(partition)
        self.was_asked.set()
        await self.may_answer.wait()
        return await self.inner.scan(partition, span, order)


@pytest.fixture
def told() -> Told:
    return Told()


async def put(store: ReadingOnce, key: Key, value: str) -> None:
    await store.commit([Put(Record(key=key, value=value), Expect.ANY)], token=None)


async def test_a_record_is_read_once(told: Told) -> None:
    reading = ReadingOnce(told)
    await reading.get([A, B])
    await reading.get([B, C])
    await reading.get([A])
    assert told.asked == [(A, B), (C,)]


async def test_what_is_asked_for_side_by_side_goes_out_together(told: Told) -> None:
    reading = ReadingOnce(told)

    async def two_of_them() -> None:
        await asyncio.gather(reading.get([B]), reading.get([C]))

    await asyncio.gather(reading.get([A]), two_of_them())
    assert told.asked == [(A, B, C)]


async def test_a_page_is_read_once_and_another_page_anew(told: Told) -> None:
    reading = ReadingOnce(told)
    await asyncio.gather(*(reading.scan("p", Span(limit=limit)) for limit in (1, 1, 2)))
    assert told.asked == ["p", "p"]


async def test_a_commit_forgets_what_was_read_before_it(told: Told) -> None:
    reading = ReadingOnce(told)
    await reading.get([A])
    await put(reading, A, "new")
    [found] = await reading.get([A])
    assert found is not None
    assert found.value == "new"


async def test_a_failure_reaches_all_who_wait_for_the_same(told: Told) -> None:
    reading = ReadingOnce(told)
    told.is_throttled = True
    results = await asyncio.gather(reading.get([A]), reading.get([A, B]), return_exceptions=True)
    assert [type(result) for result in results] == [Throttled, Throttled]


async def test_a_step_that_is_over_reads_no_more(told: Told) -> None:
    reading = ReadingOnce(told)
    told.may_answer.clear()
    left_over = [asyncio.create_task(reading.get([A])), asyncio.create_task(reading.get([A]))]
    await told.was_asked.wait()
    reading.end()
    await asyncio.wait(left_over)
    assert all(task.cancelled() for task in left_over)
    with pytest.raises(asyncio.CancelledError):
        await reading.get([B])
    assert told.asked == [(A,)]


async def test_a_commit_forgets_pages_too(told: Told) -> None:
    reading = ReadingOnce(told)
    await reading.scan("p", Span(limit=1))
    await put(reading, A, "new")
    page = await reading.scan("p", Span(limit=1))
    assert [record.value for record in page.records] == ["new"]


async def test_more_keys_than_one_request_takes_go_out_in_several(told: Told) -> None:
    many = [Key("p", f"{number:03d}") for number in range(GET_KEYS_MAX + 1)]
    reading = ReadingOnce(told)
    await put(reading, many[-1], "last")
    found = await reading.get(many)
    assert [len(keys) for keys in told.asked if isinstance(keys, tuple)] == [GET_KEYS_MAX, 1]
    assert [record.value for record in found if record] == ["last"]


async def test_who_gives_up_waiting_takes_the_answer_from_nobody_else(told: Told) -> None:
    reading = ReadingOnce(told)
    told.may_answer.clear()
    waiting = [asyncio.create_task(reading.get([A])) for _ in range(3)]
    await told.was_asked.wait()
    waiting[1].cancel()
    await asyncio.wait([waiting[1]])
    told.may_answer.set()
    assert [waiting[1].cancelled(), await waiting[0], await waiting[2]] == [True, [None], [None]]


async def test_who_gives_up_waiting_for_a_page_takes_it_from_nobody_else(told: Told) -> None:
    reading = ReadingOnce(told)
    told.may_answer.clear()
    waiting = [asyncio.create_task(reading.scan("p", Span(limit=1))) for _ in range(3)]
    await told.was_asked.wait()
    waiting[1].cancel()
    await asyncio.wait([waiting[1]])
    told.may_answer.set()
    pages = [await waiting[0], await waiting[2]]
    assert [page.records for page in pages] == [(), ()]


async def test_keys_that_nobody_sent_can_be_asked_for_again(told: Told) -> None:
    reading = ReadingOnce(told)
    first, second = (asyncio.create_task(reading.get([key])) for key in (A, B))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first, second], timeout=5)
    assert await asyncio.wait_for(reading.get([A, C]), 5) == [None, None]
