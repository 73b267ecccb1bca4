"""A shop whose webhooks are told by a clock that a test turns, and the receivers at their other ends."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from shop import TENANT, Shop

from kefu.desk.webhooks import WebhookChange, save_webhook
from kefu.domain.delivery import WebhookDelivery
from kefu.domain.instants import SECOND, Instant
from kefu.domain.log import EventKind
from kefu.domain.webhook import Dialect, Webhook
from kefu.feed.outgoing import NotTaken, Outgoing
from kefu.feed.webhook_claims import Claimed
from kefu.feed.webhooks import Courier, take, tell, tell_due
from kefu.records import deliveries, webhooks
from kefu.store.contract.shorthand import put
from kefu.store.port import Change, Store
from kefu.testing.clocks import ManualClock
from kefu.wire.outwards import DIALECTS

URL = "https://shop.example/hooks"
HTTP_500 = "HTTP 500"


@dataclass(frozen=True, slots=True)
class Got:
    """A request as it came."""

    at: Instant
    outgoing: Outgoing
    is_taken: bool

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.outgoing.body)
        return found

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.outgoing.url).query).items()}

    @property
    def message_id(self) -> str:
        return self.outgoing.headers.get("webhook-id") or self.query.get("RequestID") or self.body["eventId"]


@dataclass(slots=True)
class Receivers:
    """The other ends of all webhooks."""

    clock: ManualClock
    got: list[Got] = field(default_factory=list)
    takes: Callable[[Outgoing], bool] = lambda _: True
    between: Callable[[], Awaitable[None]] | None = None
    """Happens once, before the next answer."""

    async def __call__(self, outgoing: Outgoing, /) -> None:
        got = Got(self.clock.now(), outgoing, self.takes(outgoing))
        self.got.append(got)
        between, self.between = self.between, None
        if between:
            await between()
        if not got.is_taken:
            raise NotTaken(HTTP_500)

    @property
    def taken(self) -> list[Got]:
        return [each for each in self.got if each.is_taken]


@dataclass(slots=True)
class Outlet:
    """A shop with one agent, `a`, in no group, and room for one session."""

    shop: Shop
    receivers: Receivers
    courier: Courier
    position: str = ""

    @classmethod
    async def open(cls, store: Store | None = None, clock: ManualClock | None = None) -> "Outlet":
        shop = Shop(clock=clock or ManualClock(), store=store)
        receivers = Receivers(shop.clock)
        await shop.agent("a")
        courier = Courier(desk=shop.desk, dialects=DIALECTS, post=receivers)
        return cls(shop, receivers, courier, await shop.desk.store.position())

    async def hook(self, **given: Any) -> str:
        """Id of a new webhook; what happened before it is not told."""
        self.shop.clock.advance(10 * SECOND)
        change = WebhookChange(**({"url": URL, "dialect": Dialect.KEFU} | given))
        return (await save_webhook(self.shop.desk, self.shop.call(), change)).id

    async def change(self, hook: str, **given: Any) -> None:
        await save_webhook(self.shop.desk, self.shop.call(), WebhookChange(id=hook, **given))

    async def webhook(self, hook: str) -> Webhook:
        loaded = await webhooks.load(self.shop.desk.store, TENANT, hook)
        assert loaded is not None
        return loaded.value

    async def changes(self) -> list[Change]:
        """What was committed since it was asked last: up to a mark, since not every store says where its end is."""
        store, mark = self.shop.desk.store, put("marks", self.position)
        await store.commit([mark], token=None)
        found: list[Change] = []
        async with aclosing(store.changes(self.position)) as changes:
            async for change in changes:
                self.position = change.position
                if change.key == mark.key:
                    break
                found.append(change)
        return found

    async def take(self) -> list[Claimed]:
        return [claimed for change in await self.changes() for claimed in await take(self.courier, change)]

    async def publish(self) -> None:
        """What happened is told."""
        for claimed in await self.take():
            await tell(self.courier, claimed)

    async def tick(self, milliseconds: int = 0) -> int:
        """Time goes by, and what is due then is told."""
        self.shop.clock.advance(milliseconds)
        return await tell_due(self.courier, lambda: True)

    def told(self) -> list[str]:
        """Kinds of what was taken, in the order it came."""
        return [each.body["type"] for each in self.receivers.taken]

    def tried_at(self) -> list[Instant]:
        return [each.at for each in self.receivers.got]

    async def deliveries(self) -> list[WebhookDelivery]:
        """Those in trouble, the latest event first."""
        listed, _ = await deliveries.listed(self.shop.desk.store, TENANT, limit=100)
        return listed


MESSAGES = (EventKind.USER_MESSAGE, EventKind.AGENT_MESSAGE)
