"""A deadline, a new message and a close that arrive together: on every engine, in every order and at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import permutations
from pathlib import Path

import pytest
from shop import TENANT, Shop

from engines import Engines, table_of_its_own
from kefu.desk.close_session import close_session
from kefu.desk.deadlines import look_at_deadline
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.domain.instants import MINUTE
from kefu.domain.log import ENDS, VISITOR_MESSAGES
from kefu.domain.log import EventKind as Kind
from kefu.domain.refusals import Declined, RefusalCode
from kefu.domain.session_ref import SessionRef
from kefu.domain.timeouts import Timeouts
from kefu.records import sessions
from kefu.store.memory import MemoryStore
from kefu.store.port import Store
from kefu.store.sqlite import SqliteStore
from kefu.testing.clocks import ManualClock
from kefu.testing.engines import quickest

AT_ONCE = 6
"""Times that all three set out together."""

Outcome = tuple[Kind, int, int]
"""How V's first session ended, how many messages are in it, and how many sessions V has."""

BY_CLOSE, BY_CLOSE_WITH_MESSAGE = (Kind.AGENT_END, 1, 2), (Kind.AGENT_END, 2, 1)
BY_DEADLINE = (Kind.AGENT_TIMEOUT_END, 1, 2)
OUTCOMES: dict[tuple[str, ...], Outcome] = {
    ("deadline", "message", "close"): BY_DEADLINE,
    ("deadline", "close", "message"): BY_DEADLINE,
    ("message", "deadline", "close"): BY_CLOSE_WITH_MESSAGE,
    ("message", "close", "deadline"): BY_CLOSE_WITH_MESSAGE,
    ("close", "deadline", "message"): BY_CLOSE,
    ("close", "message", "deadline"): BY_CLOSE,
}


@pytest.fixture(params=["memory", "sqlite", "dynamodb"])
async def store(request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "dynamodb":
        engines: Engines = request.getfixturevalue("engines")
        async with table_of_its_own(engines.endpoint(quickest())) as table:
            yield table
        return
    opened: Store = (
        MemoryStore(clock.now) if request.param == "memory" else await SqliteStore.open(tmp_path / "kefu.db", clock.now)
    )
    yield opened
    await opened.close()


def arriving(shop: Shop, visitor: str, ref: SessionRef) -> dict[str, Callable[[], Awaitable[object]]]:
    return {
        "deadline": lambda: look_at_deadline(shop.desk, TENANT, ref),
        "message": lambda: ingest_message(shop.desk, shop.call(), IncomingMessage(visitor=visitor, text="还在")),
        "close": lambda: close_session(shop.desk, shop.call(), ref),
    }


async def comes(arrival: Callable[[], Awaitable[object]]) -> None:
    """Who comes too late is told so."""
    try:
        await arrival()
    except Declined as declined:
        assert declined.code is RefusalCode.SESSION_CLOSED  # noqa: PT017  anything else is a fault


async def due(shop: Shop, visitor: str) -> SessionRef:
    """The visitor's session with c, whose time is over."""
    ref = await shop.write(visitor)
    shop.clock.advance(MINUTE)
    return ref


async def outcome(shop: Shop, ref: SessionRef) -> Outcome:
    kinds = await shop.kinds(ref)
    [end] = [kind for kind in kinds if kind in ENDS]
    assert kinds.count(Kind.SESSION_END) == 1
    of_visitor = await sessions.of_visitor(shop.desk.store, TENANT, ref.visitor, 10)
    return end, len([kind for kind in kinds if kind in VISITOR_MESSAGES]), len(of_visitor)


@pytest.fixture
async def shop(store: Store, clock: ManualClock) -> Shop:
    shop = Shop(clock=clock, store=store)
    await shop.settings(timeouts=Timeouts(agent_ms=MINUTE))
    await shop.agent("c", max_sessions=50)
    return shop


async def test_in_every_order_the_outcome_is_the_same_on_every_engine(shop: Shop) -> None:
    found: dict[tuple[str, ...], Outcome] = {}
    for number, order in enumerate(permutations(("deadline", "message", "close"))):
        ref = await due(shop, f"V{number}")
        arrivals = arriving(shop, ref.visitor, ref)
        for name in order:
            await shop.step(comes(arrivals[name]))
        found[order] = await outcome(shop, ref)
    assert found == OUTCOMES


async def test_at_once_the_outcome_is_one_of_the_legal_on_every_engine(shop: Shop) -> None:
    for number in range(AT_ONCE):
        ref = await due(shop, f"V{number}")
        arrivals = arriving(shop, ref.visitor, ref)
        await shop.step(asyncio.gather(*(comes(each) for each in arrivals.values())))
        assert await outcome(shop, ref) in {BY_CLOSE, BY_CLOSE_WITH_MESSAGE, BY_DEADLINE}
