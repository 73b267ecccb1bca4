"""The WebSocket API: its three routes, its limits, and the endpoint where functions post to sockets."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
import pytest_asyncio
import websockets
from botocore.config import Config
from botocore.exceptions import ClientError

from gateway.stage import PATIENCE_S, Stage, eventually, function, staged
from kefu.local_aws.options import Disorder
from kefu.testing.engines import REGION

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROTOCOL = "graphql-transport-ws"
KIB = 1024


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """For all tests that need no options of their own. One of them after the other: the last socket is its own."""
    async with staged(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@functools.cache
def management(url: str) -> Any:
    """The client that a function would use."""
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=1)
    return boto3.session.Session("test", "test").client(
        "apigatewaymanagementapi", region_name=REGION, endpoint_url=url, config=config
    )


async def manage(stage: Stage, operation: str, connection_id: str, **given: Any) -> Any:
    client = management(stage.gateway.management_url)
    return await asyncio.to_thread(getattr(client, operation), ConnectionId=connection_id, **given)


async def refusal(stage: Stage, operation: str, connection_id: str, **given: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as refused:
        await manage(stage, operation, connection_id, **given)
    answer = refused.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


async def closed(socket: websockets.ClientConnection) -> int:
    async with asyncio.timeout(20):
        await socket.wait_closed()
    return socket.close_code or 0


async def bodies(stage: Stage, count: int) -> list[str]:
    return [event["body"] for event in await stage.events("$default", count)]


class TestConnect:
    async def test_is_told_the_headers_as_the_client_wrote_them(self, stage: Stage) -> None:
        async with stage.socket("?protocol=" + PROTOCOL, subprotocols=[PROTOCOL], origin="https://shop.example"):
            headers = (await stage.events("$connect"))[-1]["headers"]
        assert (headers["Sec-WebSocket-Protocol"], headers["Origin"]) == (PROTOCOL, "https://shop.example")

    async def test_a_subprotocol_that_is_returned_is_spoken(self, stage: Stage) -> None:
        async with stage.socket("?protocol=" + PROTOCOL, subprotocols=[PROTOCOL]) as socket:
            assert socket.subprotocol == PROTOCOL

    async def test_a_subprotocol_that_is_not_returned_is_not_spoken(self, stage: Stage) -> None:
        async with stage.socket(subprotocols=[PROTOCOL]) as socket:
            assert socket.subprotocol is None

    @pytest.mark.parametrize(("query", "due"), [("?status=403", 403), ("?status=401", 401), ("?raises", 502)])
    async def test_who_is_refused_gets_no_socket(self, stage: Stage, query: str, due: int) -> None:
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with stage.socket(query):
                pass
        assert refused.value.response.status_code == due

    async def test_nothing_can_be_posted_before_it_is_through(self, tmp_path: Path) -> None:
        async with staged(tmp_path, websocket=function("websocket_that_waits")) as stage:
            opening = asyncio.create_task(opened(stage))
            connection_id = await stage.connection_id()
            due = await refusal(stage, "post_to_connection", connection_id, Data=b"early")
            stage.allow("go")
            await opening
        assert due == (410, "GoneException")


async def opened(stage: Stage) -> None:
    async with stage.socket():
        pass


class TestFrames:
    async def test_a_frame_comes_with_an_id_of_its_own(self, tmp_path: Path) -> None:
        async with staged(tmp_path) as stage, stage.socket() as socket:
            await socket.send("one")
            await socket.send("two")
            contexts = [event["requestContext"] for event in await stage.events("$default", 2)]
            connected = (await stage.events("$connect"))[0]["requestContext"]
        assert len({context["messageId"] for context in contexts}) == 2
        assert {context["connectionId"] for context in contexts} == {connected["connectionId"]}

    async def test_frames_of_one_socket_are_handled_at_the_same_time(self, tmp_path: Path) -> None:
        async with staged(tmp_path) as stage, stage.socket() as socket:
            await socket.send("wait first")
            await socket.send("second")
            assert set(await bodies(stage, 2)) == {"wait first", "second"}
            assert {"done": "wait first"} not in stage.notes()
            stage.allow("first")

    async def test_what_the_function_returns_is_told_to_nobody(self, stage: Stage) -> None:
        async with stage.socket() as socket:
            await socket.send("hello")
            connection_id = await stage.connection_id()
            await manage(stage, "post_to_connection", connection_id, Data=b"posted")
            assert await socket.recv() == "posted"

    async def test_a_function_that_fails_is_told_to_the_client(self, stage: Stage) -> None:
        async with stage.socket() as socket:
            await socket.send("raise")
            told = json.loads(await socket.recv())
            assert (told["message"], told["connectionId"]) == ("Internal server error", await stage.connection_id())

    async def test_a_function_that_takes_too_long_is_told_to_the_client(self, tmp_path: Path) -> None:
        async with staged(tmp_path, frame_limit_s=5) as stage:
            await stage.gateway.websocket.invoke({"requestContext": {"routeKey": "$default"}})  # its cold start
            async with stage.socket() as socket:
                await socket.send("wait for-ever")
                assert json.loads(await socket.recv())["message"] == "Endpoint request timed out"

    async def test_a_binary_frame_closes(self, stage: Stage) -> None:
        async with stage.socket() as socket:
            await socket.send(b"bytes")
            assert await closed(socket) == 1003

    async def test_a_frame_over_32_kilobytes_closes(self, stage: Stage) -> None:
        async with stage.socket() as socket:
            await socket.send("x" * (32 * KIB + 1))
            assert await closed(socket) == 1009

    async def test_a_message_of_128_kilobytes_in_frames_is_taken(self, tmp_path: Path) -> None:
        async with staged(tmp_path) as stage, stage.socket() as socket:
            await socket.send(["x" * 32 * KIB] * 4)
            assert [len(body) for body in await bodies(stage, 1)] == [128 * KIB]

    async def test_a_message_over_128_kilobytes_closes(self, stage: Stage) -> None:
        async with stage.socket() as socket:
            await socket.send(["x" * 32 * KIB] * 4 + ["x"])
            assert await closed(socket) == 1009


class TestDisconnect:
    async def test_is_told_how_the_client_closed(self, tmp_path: Path) -> None:
        async with staged(tmp_path) as stage:
            async with stage.socket() as socket:
                await socket.close(4000, "enough")
            context = (await stage.events("$disconnect"))[0]["requestContext"]
            connection_id = await stage.connection_id()
        assert (context["disconnectStatusCode"], context["disconnectReason"]) == (4000, "enough")
        assert context["connectionId"] == connection_id

    async def test_an_idle_socket_is_closed(self, tmp_path: Path) -> None:
        async with staged(tmp_path, idle_limit_s=0.3) as stage, stage.socket() as socket:
            assert await closed(socket) == 1001

    async def test_pings_do_not_keep_a_socket(self, tmp_path: Path) -> None:
        async with staged(tmp_path, idle_limit_s=0.5) as stage, stage.socket(ping_interval=0.05) as socket:
            assert await closed(socket) == 1001

    async def test_a_message_from_the_function_keeps_a_socket(self, stage: Stage) -> None:
        """What a socket is closed for is the time since it was last active."""
        async with stage.socket() as socket, asyncio.timeout(PATIENCE_S):
            connection_id = await stage.connection_id()
            begun = active = (await manage(stage, "get_connection", connection_id))["LastActiveAt"]
            while active - begun < timedelta(milliseconds=100):
                await manage(stage, "post_to_connection", connection_id, Data=b"still here")
                assert await socket.recv() == "still here"
                active = (await manage(stage, "get_connection", connection_id))["LastActiveAt"]

    async def test_a_socket_that_is_busy_is_closed_at_the_hard_limit(self, tmp_path: Path) -> None:
        async with staged(tmp_path, connection_limit_s=0.5, idle_limit_s=20) as stage, stage.socket() as socket:
            with suppress(websockets.ConnectionClosed):
                await chatter(socket)
            await asyncio.wait_for(socket.wait_closed(), 20)
            [ended] = await stage.events("$disconnect")
        # What the client sees depends on what it was sending: the close, or a broken connection.
        assert ended["requestContext"]["disconnectStatusCode"] == 1001


async def chatter(socket: websockets.ClientConnection) -> None:
    """Not without end: the function must be through with it before it hears that the socket is gone."""
    for _ in range(20):
        await socket.send("busy")
        await asyncio.wait_for(await socket.ping(), 20)


class TestManagement:
    async def test_a_post_is_one_message(self, stage: Stage) -> None:
        async with stage.socket() as socket:
            text = "客" * (128 * KIB // 3)
            await manage(stage, "post_to_connection", await stage.connection_id(), Data=text.encode())
            assert await socket.recv() == text

    async def test_a_long_post_comes_in_frames_of_32_kilobytes(self, stage: Stage) -> None:
        async with stage.socket(max_size=(None, 32 * KIB)) as socket:
            await manage(stage, "post_to_connection", await stage.connection_id(), Data=b"x" * 128 * KIB)
            assert [len(piece) async for piece in socket.recv_streaming()] == [32 * KIB] * 4

    async def test_a_post_over_128_kilobytes_is_refused(self, stage: Stage) -> None:
        async with stage.socket():
            due = await refusal(stage, "post_to_connection", await stage.connection_id(), Data=b"x" * (128 * KIB + 1))
        assert due == (413, "PayloadTooLargeException")

    @pytest.mark.parametrize("operation", ["post_to_connection", "get_connection", "delete_connection"])
    async def test_a_socket_that_went_is_gone(self, stage: Stage, operation: str) -> None:
        await opened(stage)
        connection_id = await stage.connection_id()
        await eventually(lambda: connection_id in ids(stage, "$disconnect"))
        given = {"Data": b"late"} if operation == "post_to_connection" else {}
        assert await refusal(stage, operation, connection_id, **given) == (410, "GoneException")

    async def test_a_socket_can_be_described(self, stage: Stage) -> None:
        async with stage.socket(user_agent_header="tests"):
            described = await manage(stage, "get_connection", await stage.connection_id())
        assert described["ConnectedAt"] <= described["LastActiveAt"]
        assert described["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "tests"}

    async def test_a_socket_can_be_closed(self, stage: Stage) -> None:
        async with stage.socket() as socket:
            await manage(stage, "delete_connection", await stage.connection_id())
            assert await closed(socket) == 1000

    async def test_a_request_that_is_not_signed_is_refused(self, stage: Stage) -> None:
        async with stage.socket(), httpx.AsyncClient() as nobody:
            url = f"{stage.gateway.management_url}/@connections/{await stage.connection_id()}"
            assert (await nobody.post(url, content=b"hello")).status_code == 403

    async def test_a_client_that_does_not_read_is_not_waited_for(self, stage: Stage) -> None:
        async with stage.socket(max_queue=1) as socket:
            connection_id = await stage.connection_id()
            with pytest.raises(ClientError) as refused:
                await flood(stage, connection_id)
            socket.transport.abort()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


async def flood(stage: Stage, connection_id: str) -> None:
    for _ in range(1_000):
        await manage(stage, "post_to_connection", connection_id, Data=b"x" * 128 * KIB)


class TestDisorder:
    async def test_shuffled_frames_come_in_any_order(self, tmp_path: Path) -> None:
        sent = [str(number) for number in range(20)]
        async with staged(tmp_path, disorder=Disorder(is_shuffled=True)) as stage:
            came = await all_come(stage, sent)
        assert (came != sent, sorted(came, key=int)) == (True, sent)

    async def test_duplicated_frames_come_twice_with_one_id(self, tmp_path: Path) -> None:
        async with staged(tmp_path, disorder=Disorder(duplicate=1.0)) as stage, stage.socket() as socket:
            await socket.send("once")
            contexts = [event["requestContext"] for event in await stage.events("$default", 2)]
        assert len({context["messageId"] for context in contexts}) == 1
        assert len({context["requestId"] for context in contexts}) == 2

    async def test_a_dropped_socket_is_cut_without_a_word(self, tmp_path: Path) -> None:
        async with staged(tmp_path, disorder=Disorder(drop=1.0)) as stage, stage.socket() as socket:
            await socket.send("the last")
            assert await closed(socket) == 1006

    async def test_a_drop_loses_a_post_that_was_taken(self, tmp_path: Path) -> None:
        async with staged(tmp_path, disorder=Disorder(drop=1.0)) as stage, stage.socket() as socket:
            connection_id = await stage.connection_id()
            await manage(stage, "post_to_connection", connection_id, Data=b"lost")
            with pytest.raises(websockets.ConnectionClosedError):
                await socket.recv()
            assert await refusal(stage, "get_connection", connection_id) == (410, "GoneException")

    async def test_the_same_seed_drops_the_same(self, tmp_path: Path) -> None:
        scratches = [tmp_path / name for name in ("first", "again", "other")]
        for scratch in scratches:
            scratch.mkdir()
        survived = [await posts_survived(scratch, seed) for scratch, seed in zip(scratches, [7, 7, 8], strict=True)]
        assert survived[0] == survived[1] != survived[2]


async def all_come(stage: Stage, sent: Sequence[str]) -> list[str]:
    async with stage.socket() as socket:
        for text in sent:
            await socket.send(text)
        return await bodies(stage, len(sent))


async def posts_survived(scratch: Path, seed: int) -> list[int]:
    """How many posts each of four sockets, one after the other, takes before it is cut."""
    counts: list[int] = []
    async with staged(scratch, disorder=Disorder(seed=seed, drop=0.2)) as stage:
        for _ in range(4):
            async with stage.socket():
                counts.append(await posts_taken(stage, await stage.connection_id()))
    return counts


def ids(stage: Stage, route: str) -> list[str]:
    contexts = [note["requestContext"] for note in stage.notes() if "requestContext" in note]
    return [context["connectionId"] for context in contexts if context["routeKey"] == route]


async def posts_taken(stage: Stage, connection_id: str) -> int:
    for count in range(1_000):
        try:
            await manage(stage, "post_to_connection", connection_id, Data=b"x")
        except ClientError:
            return count
    raise AssertionError("never cut")
