"""A subscriber loses his socket behind every event, at the idle limit, at the hard limit: he misses nothing."""

from itertools import count

import pytest

from e2e.sockets.cut_histories import check_told, cut_all, described
from e2e.sockets.follower import Follower
from e2e.sockets.following import following, until, until_begun
from e2e.sockets.graphql_ws import graphql_ws
from e2e.sockets.kefu_served import LAMBDA, KefuServed, Shop, shop_at
from e2e.sockets.test_graphql_ws import follow, is_whole, numbers, until_told, without_repetitions

HISTORIES = 6
"""In `make proof` there are a hundred of them; those in process are in tests/lambda_/test_resume.py."""
IDLE = (*LAMBDA, "--idle-limit", "3")
HARD = ("--lambda", "--processes", "2", "--tick-every", "1", "--connection-limit", "12")
"""The server completes in the last twelfth of it, when it tells something or at a tick."""
CUTS = 2


async def test_cut_behind_every_event_nothing_is_lost_or_out_of_order(
    kefu_served: KefuServed, capsys: pytest.CaptureFixture[str]
) -> None:
    played = await cut_all(kefu_served.with_options(*LAMBDA), range(HISTORIES))
    with capsys.disabled():
        print(f"\n{described(played)}")  # noqa: T201  what was measured


async def test_cut_at_the_idle_limit_he_is_told_what_happened_meanwhile(kefu_served: KefuServed) -> None:
    async with shop_at(kefu_served.with_options(*IDLE)) as shop:

        async def write() -> None:
            if follower.cursor is not None:
                await shop.write("V", "while he is away")

        follower = Follower(shop.served.url, shop.token, at_loss=write)
        async with following(follower):
            await until_begun(shop, follower)
            begun = follower.sockets
            await until(lambda: follower.sockets >= begun + CUTS)
            await check_told(shop, follower)


async def test_cut_at_the_hard_limit_in_a_stream_of_events_he_is_told_them_all(kefu_served: KefuServed) -> None:
    async with shop_at(kefu_served.with_options(*HARD)) as shop:
        follower = Follower(shop.served.url, shop.token)
        async with following(follower):
            await until_begun(shop, follower)
            begun = follower.sockets
            for number in count():
                await write_and_hear(shop, follower, f"V{number % 3}", f"message {number}")
                if follower.sockets >= begun + CUTS and follower.was_completed:
                    break
            await check_told(shop, follower)


async def write_and_hear(shop: Shop, follower: Follower, visitor: str, text: str) -> None:
    """Who writes faster than is told finds no end on a slow machine."""
    await shop.write(visitor, text)
    await until(lambda: any(each.text == text for each in reversed(follower.known.values())))


async def test_the_graphql_ws_client_moves_over_at_the_hard_limit(kefu_served: KefuServed) -> None:
    async with shop_at(kefu_served.with_options(*HARD)) as shop, graphql_ws(shop.served.url, shop.token) as node:
        await follow(node, shop, "V")
        for number in count():
            await shop.write("V", f"message {number}")
            await until_told(node, "V", f"message {number}")
            if node.count("connected") > CUTS:
                break
        assert is_whole(numbers(without_repetitions(node.told("V"))))
