"""The watch itself: it may not cry where nothing is wrong."""

from interrupted import Interrupted
from shop import BUSY, ONLINE, TENANT, Shop, weichat

from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.set_agent_status import set_agent_status
from kefu.testing.clocks import ManualClock
from kefu.testing.watched_store import WatchedStore


async def test_a_later_page_of_a_line_is_no_new_look_at_it() -> None:
    """Who comes behind the first page with an earlier turn is not passed: his taker had looked."""
    acting, clock, inner = ["others"], ManualClock(), Interrupted()
    shop = Shop(clock=clock, store=WatchedStore(inner, TENANT, request=lambda: acting[0], now=clock.now))
    await shop.agent("a", status=BUSY)
    await shop.bind("F", "V", "a", lasts=1_000)
    await shop.write("V", businessFlag="F")
    second = await shop.write("W", agentUsername="a")
    clock.advance(2_000)

    async def a_vip_comes() -> None:
        acting[0] = "others"
        message = IncomingMessage(visitor="X", ext=weichat(agentUsername="a", tags=["VIP"]))
        await ingest_message(shop.desk, shop.call(), message)
        acting[0] = "taker"

    inner.before(lambda call: "BINDING#F" in call, a_vip_comes)  # between the first page and the next
    acting[0] = "taker"
    await set_agent_status(shop.desk, shop.call(), "a", ONLINE)
    assert await shop.where(second) == "with a"
