"""The end of a token ends what is followed with it, and is told for nobody else's trouble."""

from collections.abc import AsyncGenerator

from asgi_peer import talking

from kefu.api.context import Context
from kefu.api.schema import build_schema
from kefu.desk.call import Caller, Role
from kefu.desk.desk import Desk
from kefu.domain.instants import HOUR, Instant
from kefu.store.memory import MemoryStore
from kefu.store.port import Change, Store
from kefu.store.wrapper import StoreWrapper
from kefu.testing.clocks import ManualClock

SCHEMA = build_schema()
PARTNER = Caller(tenant="20080", role=Role.PARTNER, user_name="crm")
FOLLOW = "subscription { sessionEvents { cursor } }"


class Late(StoreWrapper):
    """Takes too long to tell its changes, and says so itself."""

    async def changes(self, after: str) -> AsyncGenerator[Change, None]:
        del after
        for late in (TimeoutError(), None):
            if late:
                raise late
            yield Change("", next(iter(())), None, None)


def followed_until(store: Store, clock: ManualClock, expires_at: Instant) -> Context:
    return Context(
        desk=Desk(store=store, clock=clock), secret="", request_id="R", caller=PARTNER, expires_at=expires_at
    )


async def test_a_token_that_ends_ends_its_subscription() -> None:
    """The clock stands still: it is let in, and its time runs out while it follows."""
    clock = ManualClock()
    async with talking(SCHEMA, context=followed_until(MemoryStore(), clock, clock.now() + 1)) as peer:
        await peer.starts(FOLLOW)
        frame = await peer.frame()
    assert (frame["type"], frame["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
    assert frame["payload"][0]["message"].startswith("The token has expired. Connect again")


async def test_a_store_that_takes_too_long_is_no_token_that_ended() -> None:
    clock = ManualClock()
    async with talking(SCHEMA, context=followed_until(Late(MemoryStore()), clock, clock.now() + HOUR)) as peer:
        await peer.starts(FOLLOW)
        frame = await peer.frame()
    assert (frame["type"], frame["payload"][0]["extensions"]["code"]) == ("error", "INTERNAL_SERVER_ERROR")
