"""From a change to everybody who is to be told: journaled first, executed once, then sent to each socket."""

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import field
from functools import partial
from itertools import chain

import msgspec

from kefu.dataclass import dataclass
from kefu.desk.attempts import commit_alone
from kefu.domain.bounds import BUMPS_MAX
from kefu.feed.journal import JournalWriter
from kefu.feed.topics import published_in, topics_of
from kefu.gateway import registry
from kefu.gateway.deliveries import Deliveries
from kefu.gateway.due import leaves_at
from kefu.gateway.gateway import Gateway
from kefu.gateway.registry import LoadedSubscription, SocketSubscription
from kefu.gateway.rolling_over import roll_over
from kefu.gateway.saying import SocketLost, close
from kefu.gateway.telling import Same, Telling, render_in_time, same_of, tell, token_ended
from kefu.records import keys
from kefu.records.journal import Published
from kefu.store.port import Change, Conflict, Key


class Unreadable(Exception):
    """What was committed makes no sense to anybody, now or later."""


@dataclass(slots=True)
class FanOut:
    """Of one batch of changes: one change after the other is taken up, and all are told when `finished` is."""

    gateway: Gateway
    writer: JournalWriter
    _deliveries: Deliveries = field(default_factory=Deliveries)
    _tasks: list[list[asyncio.Task[None]]] = field(default_factory=list)

    async def take(self, change: Change) -> None:
        """Returns when it is journaled and on its way. Raises `Unreadable`."""
        tasks: list[asyncio.Task[None]] = []
        self._tasks.append(tasks)
        tenant = keys.tenant_of(change.key.partition)
        published = _published(change, tenant) if tenant is not None else None
        if tenant is None or published is None:
            return
        journaled = await self.writer.write(tenant, published)
        store = self.gateway.desk.store
        found = await asyncio.gather(*(registry.subscribed(store, tenant, topic) for topic in topics_of(published)))
        live = await asyncio.gather(*(self._live(key, loaded) for key, loaded in chain.from_iterable(found)))
        wanted = _by_what_they_want([each for each in live if each])
        # Side by side: however many ask for more than can be read in time, others wait for it once.
        async with asyncio.TaskGroup() as renderings:
            rendered = [renderings.create_task(render_in_time(self.gateway, same, journaled)) for same in wanted]
        for members, tellings in zip(wanted.values(), rendered, strict=True):
            await self._tell(members, tellings.result(), tasks)

    async def finished(self) -> int | None:
        """When everybody was told: the number of the first change, counted from 0, of which somebody could not be."""
        first: int | None = None
        for number, tasks in enumerate(self._tasks):
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            if first is None and any(
                isinstance(end, BaseException) and not isinstance(end, SocketLost) for end in ends
            ):
                first = number
        return first

    async def _live(self, key: Key, loaded: LoadedSubscription) -> tuple[Key, SocketSubscription] | None:
        """The subscription, if it is told as things happen; if it is replayed, the replay will read on."""
        now = self.gateway.desk.clock.now()
        current: LoadedSubscription | None = loaded
        for _ in range(BUMPS_MAX):
            if current is None:
                return None
            subscription = current.value
            if subscription.replayed_until is None:
                return key, subscription
            if subscription.replayed_until < now:
                break
            try:
                await commit_alone(self.gateway.desk, registry.write_subscription(key, subscription, current.version))
            except Conflict:
                current = await registry.load_subscription(self.gateway.desk.store, key)
            else:
                return None
        await close(self.gateway, loaded.value.connection_id)  # its replay is dead: let the client come back
        return None

    async def _tell(
        self,
        members: Sequence[tuple[Key, SocketSubscription]],
        tellings: Sequence[Telling],
        tasks: list[asyncio.Task[None]],
    ) -> None:
        if not tellings:
            return
        for key, subscription in members:
            work = partial(self._deliver, key, subscription, tellings)
            tasks.append(await self._deliveries.add(subscription.connection_id, work))

    async def _deliver(self, key: Key, subscription: SocketSubscription, tellings: Sequence[Telling]) -> None:
        gateway, now = self.gateway, self.gateway.desk.clock.now()
        has_ended = subscription.token_ends_at is not None and subscription.token_ends_at <= now
        await tell(gateway, key, subscription, [token_ended()] if has_ended else tellings)
        if leaves_at(gateway.life, subscription.ends_at) <= now:
            await roll_over(gateway, subscription.connection_id)


def _published(change: Change, tenant: str) -> Published | None:
    try:
        return published_in(change, tenant)
    except (msgspec.MsgspecError, zlib.error, ValueError) as nonsense:
        raise Unreadable from nonsense


def _by_what_they_want(
    live: Sequence[tuple[Key, SocketSubscription]],
) -> dict[Same, list[tuple[Key, SocketSubscription]]]:
    wanted: dict[Same, list[tuple[Key, SocketSubscription]]] = {}
    for key, subscription in live:
        wanted.setdefault(same_of(subscription), []).append((key, subscription))
    return wanted
