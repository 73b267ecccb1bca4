"""The driver of a socket where a real network gives no hold: time-outs, slow readers, sudden ends, faults."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
import strawberry
from asgi_peer import talking
from conversation import INIT, PING, complete, subscribe
from strawberry.scalars import JSON

from kefu.api.schema import KefuSchema
from kefu.domain.refusals import Declined, RefusalCode
from kefu.store.port import Throttled


class Source:
    """What a subscription pulls from."""

    def __init__(self) -> None:
        self.pulled = 0
        self.opened = asyncio.Event()
        self.ended = asyncio.Event()

    async def numbers(self) -> AsyncGenerator[int, None]:
        self.opened.set()
        try:
            while True:
                self.pulled += 1
                yield self.pulled
                await asyncio.sleep(0)  # as a store does, it lets others go on
        finally:
            self.ended.set()

    async def silence(self) -> AsyncGenerator[int, None]:
        self.opened.set()
        try:
            await asyncio.Event().wait()
            yield 0
        finally:
            self.ended.set()


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def schema(source: Source) -> KefuSchema:
    @strawberry.type
    class News:
        number: int

        @strawberry.field
        def broken(self) -> int:
            raise RuntimeError("a field's fault")

    async def numbers() -> AsyncGenerator[News, None]:
        async for number in source.numbers():
            yield News(number=number)

    async def silence() -> AsyncGenerator[News, None]:
        async for number in source.silence():
            yield News(number=number)

    async def breaks_off() -> AsyncGenerator[News, None]:
        yield News(number=1)
        raise RuntimeError("the source's fault")

    @strawberry.type
    class Query:
        @strawberry.field
        def unspeakable(self) -> JSON:
            return JSON(object())

        @strawberry.field
        def one(self) -> int:
            return 1

    @strawberry.type
    class Subscription:
        numbers_come: AsyncGenerator[News, None] = strawberry.subscription(resolver=numbers)
        nothing_comes: AsyncGenerator[News, None] = strawberry.subscription(resolver=silence)
        it_breaks_off: AsyncGenerator[News, None] = strawberry.subscription(resolver=breaks_off)

    return KefuSchema(query=Query, subscription=Subscription)


NUMBERS = "subscription { numbersCome { number } }"
SILENCE = "subscription { nothingComes { number } }"
MASKED = "Something went wrong on our side. Quote request R when you report it."


async def within(happening: asyncio.Event) -> None:
    async with asyncio.timeout(20):
        await happening.wait()


async def test_who_says_nothing_in_time_is_closed(schema: KefuSchema) -> None:
    async with talking(schema, init_within_s=0) as peer:
        await peer.hears()
        close = await peer.hears()
    assert (close["type"], close["code"]) == ("websocket.close", 4408)


@pytest.mark.parametrize("trouble", [Throttled(), Declined(RefusalCode.BUSY, "Send it again.")], ids=repr)
async def test_a_store_that_does_not_know_who_it_is_has_the_client_come_back(
    schema: KefuSchema, trouble: Exception
) -> None:
    async with talking(schema, trouble=trouble) as peer:
        peer.says(INIT)
        await peer.hears()
        close = await peer.hears()
    assert (close["type"], close["code"]) == ("websocket.close", 1013)


async def test_a_socket_that_closes_ends_its_source(schema: KefuSchema, source: Source) -> None:
    async with talking(schema) as peer:
        await peer.starts(SILENCE)
        await within(source.opened)
    assert source.ended.is_set()


async def test_a_socket_that_the_server_closes_ends_its_source(schema: KefuSchema, source: Source) -> None:
    async with talking(schema) as peer:
        await peer.starts(SILENCE)
        await within(source.opened)
        peer.says("{nope")
        close = await peer.hears()
        await within(source.ended)
    assert close["code"] == 4400


async def test_a_close_that_nobody_reads_ends_its_source_all_the_same(schema: KefuSchema, source: Source) -> None:
    async with talking(schema) as peer:
        await peer.starts(NUMBERS)
        peer.reads.clear()
        await within(source.opened)
        peer.says("{nope")
        await within(source.ended)
        peer.reads.set()


async def test_a_complete_ends_the_source_alone(schema: KefuSchema, source: Source) -> None:
    async with talking(schema) as peer:
        await peer.starts(SILENCE)
        await within(source.opened)
        peer.says(complete("1"))
        await within(source.ended)
        peer.says(PING)
        assert await peer.frame() == {"type": "pong"}


async def test_who_does_not_read_is_not_pulled_for(schema: KefuSchema, source: Source) -> None:
    async with talking(schema) as peer:
        await peer.starts(NUMBERS)
        peer.reads.clear()
        await within(source.opened)
        for _ in range(1_000):
            await asyncio.sleep(0)
        pulled = source.pulled
        peer.reads.set()
    assert pulled == 1


async def test_who_reads_again_gets_what_comes_next(schema: KefuSchema, source: Source) -> None:
    async with talking(schema) as peer:
        await peer.starts(NUMBERS)
        peer.reads.clear()
        await within(source.opened)
        peer.reads.set()
        numbers = [(await peer.frame())["payload"]["data"]["numbersCome"]["number"] for _ in range(3)]
    assert numbers == [1, 2, 3]


async def test_a_stream_that_breaks_off_ends_with_a_masked_error(schema: KefuSchema) -> None:
    async with talking(schema) as peer:
        await peer.starts("subscription { itBreaksOff { number } }")
        await peer.frame()
        frame = await peer.frame()
    assert (frame["type"], frame["payload"][0]["message"]) == ("error", MASKED)


async def test_an_event_with_a_broken_field_is_a_result_like_others(schema: KefuSchema) -> None:
    async with talking(schema) as peer:
        await peer.starts("subscription { itBreaksOff { broken } }")
        frame = await peer.frame()
    assert (frame["type"], frame["payload"]["errors"][0]["message"]) == ("next", MASKED)


async def test_a_result_that_cannot_be_said_is_a_masked_error(schema: KefuSchema) -> None:
    async with talking(schema) as peer:
        await peer.starts("{ unspeakable }")
        frame = await peer.frame()
    assert (frame["type"], frame["payload"][0]["message"]) == ("error", MASKED)


async def test_a_result_that_cannot_be_said_leaves_the_socket_to_others(schema: KefuSchema) -> None:
    async with talking(schema) as peer:
        await peer.starts("{ unspeakable }")
        await peer.frame()
        peer.says(subscribe("2", "{ one }"))
        assert (await peer.frame())["payload"] == {"data": {"one": 1}}


@pytest.mark.parametrize("gone", [OSError("broken pipe"), RuntimeError("after sending 'websocket.close'")], ids=str)
async def test_sending_to_nobody_ends_the_operation_in_silence(
    schema: KefuSchema, source: Source, gone: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async with talking(schema) as peer:
        await peer.starts(NUMBERS)
        peer.refuses = gone
        await within(source.ended)
        peer.says(complete("1"))
    assert caplog.messages == []


async def test_a_binary_frame_closes_the_socket(schema: KefuSchema) -> None:
    async with talking(schema) as peer:
        await peer.starts(SILENCE)
        peer.says(b"\x00")
        assert (await peer.hears())["code"] == 4400
