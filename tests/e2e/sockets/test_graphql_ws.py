"""The client that others use, against both ways to serve: they must behave alike."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from e2e.sockets.graphql_ws import GraphqlWs, graphql_ws
from e2e.sockets.kefu_served import DISORDERLY, LAMBDA, PLAIN, KefuServed, Shop, shop_at

EVENTS = """subscription($filter: SessionEventFilter, $after: String) {
  sessionEvents(filter: $filter, after: $after) { cursor event { id seq message { text } } } }"""
BEGUN_WITHIN_S = 3
TRIES = 60
IDLE_LIMIT_S = 20
PONGS = 23
"""At one a second they come to more than the idle limit."""
PONGS_OF_PLAIN = 3
"""It has no such limit."""
MESSAGES = 20
SUBSCRIPTIONS = 20


@pytest.fixture(
    params=[PLAIN, (*LAMBDA, "--idle-limit", str(IDLE_LIMIT_S)), (*DISORDERLY, "--idle-limit", str(IDLE_LIMIT_S))],
    ids=["plain", "lambda", "lambda in disorder"],
)
async def shop(request: pytest.FixtureRequest, kefu_served: KefuServed) -> AsyncIterator[Shop]:
    async with shop_at(kefu_served.with_options(*request.param)) as shop:
        yield shop


@pytest.fixture
async def node(shop: Shop) -> AsyncIterator[GraphqlWs]:
    async with graphql_ws(shop.served.url, shop.token) as node:
        yield node


async def follow(node: GraphqlWs, shop: Shop, *visitors: str) -> None:
    """Follows each of them under his name, and returns when the first event of each was told.

    Nobody tells a client that a subscription has begun; what he is told behind its first event has no gap.
    """
    for visitor in visitors:
        variables = {"filter": {"visitorUserName": visitor}}
        await node.does("subscribe", name=visitor, query=EVENTS, variables=variables)
    for _ in range(TRIES):
        for visitor in visitors:
            if not node.told(visitor):
                await shop.write(visitor, "hello")
        with suppress(TimeoutError):
            return await node.until(lambda: all(map(node.told, visitors)), BEGUN_WITHIN_S)
    raise AssertionError("a subscription never began")


async def until_told(node: GraphqlWs, visitor: str, text: str) -> None:
    await node.until(lambda: text in texts(node.told(visitor)))


async def cut(node: GraphqlWs) -> None:
    """Returns when it has noticed."""
    closed = node.count("closed")
    await node.until(lambda: node.count("connected") > closed)
    await node.does("drop")
    await node.until(lambda: node.count("closed") > closed)


def texts(told: list[dict[str, Any]]) -> list[str]:
    return [(each["event"]["message"] or {}).get("text", "") for each in told]


def numbers(told: list[dict[str, Any]]) -> list[int]:
    return [each["event"]["seq"] for each in told]


def without_repetitions(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({each["event"]["id"]: each for each in reversed(told)}.values())[::-1]


def is_whole(seqs: list[int]) -> bool:
    """In order, each once, and none left out."""
    return seqs == list(range(seqs[0], seqs[0] + len(seqs)))


async def test_events_come_in_order_and_once(node: GraphqlWs, shop: Shop) -> None:
    await follow(node, shop, "V")
    for number in range(MESSAGES):
        await shop.write("V", f"message {number}")
    await until_told(node, "V", f"message {MESSAGES - 1}")
    assert is_whole(numbers(node.told("V")))


async def test_a_client_that_keeps_alive_is_not_cut(node: GraphqlWs, shop: Shop) -> None:
    await follow(node, shop, "V")
    awaited = node.count("pong") + (PONGS if shop.served.is_lambda else PONGS_OF_PLAIN)
    await node.until(lambda: node.count("pong") >= awaited or node.count("closed") > 0)
    assert (node.count("connected"), node.count("closed")) == (1, 0)


async def test_a_client_that_was_cut_goes_on_at_its_cursor(node: GraphqlWs, shop: Shop) -> None:
    await follow(node, shop, "V")
    for number in range(MESSAGES):
        await shop.write("V", f"message {number}")
        if number % 5 == 2:
            await cut(node)
            await shop.write("V", f"while away {number}")
    await until_told(node, "V", f"message {MESSAGES - 1}")
    assert is_whole(numbers(without_repetitions(node.told("V"))))


async def test_twenty_subscriptions_share_a_socket_and_each_is_told_its_own(node: GraphqlWs, shop: Shop) -> None:
    visitors = [f"V{number}" for number in range(SUBSCRIPTIONS)]
    await follow(node, shop, *visitors)
    stopped, followed = visitors[: SUBSCRIPTIONS // 2], visitors[SUBSCRIPTIONS // 2 :]
    for visitor in stopped:
        await node.does("stop", name=visitor)
    for visitor in visitors:
        await shop.write(visitor, f"for {visitor}")
    for visitor in followed:
        await until_told(node, visitor, f"for {visitor}")
    assert node.count("connected") == 1
    for visitor in followed:
        assert is_whole(numbers(node.told(visitor)))
        assert texts(node.told(visitor))[-1] == f"for {visitor}"
