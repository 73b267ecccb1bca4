from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from random import Random, SystemRandom

from kefu.bots.built_in import BuiltInBot
from kefu.bots.port import Bot
from kefu.bots.webhook import WebhookBot
from kefu.dataclass import dataclass
from kefu.desk.clock import Clock, SystemClock
from kefu.desk.last_seen import LastSeen
from kefu.desk.reading_once import ReadingOnce
from kefu.domain.ids import RANDOM_BITS, time_ordered_id
from kefu.domain.instants import Instant
from kefu.records.bots import BotSetups
from kefu.records.directories import Directories
from kefu.store.port import Key, Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What every use case works with: where things lie, what time it is, and dice."""

    store: Store
    clock: Clock = field(default_factory=SystemClock)
    random: Random = field(default_factory=SystemRandom)
    directories: Directories = field(default_factory=Directories)
    last_seen: LastSeen = field(default_factory=LastSeen)
    allows_private_webhooks: bool = False
    """Whether a webhook may lead to an address that is not of the public internet, and go unencrypted."""
    bot_setups: BotSetups = field(default_factory=BotSetups)
    built_in_bot: Bot = field(default_factory=BuiltInBot)
    webhook_bot: Bot = field(default_factory=WebhookBot)

    @contextmanager
    def one_step(self) -> Iterator["Desk"]:
        """The same desk, whose store reads no record and no page twice, and none at all once the step is over."""
        reading = ReadingOnce(self.plain_store)
        try:
            yield replace(self, store=reading)
        finally:
            reading.end()

    def for_one_query(self) -> "Desk":
        """The same desk, whose store reads no record and no page twice."""
        return replace(self, store=ReadingOnce(self.plain_store))

    @property
    def plain_store(self) -> Store:
        """For who must read again what this step has read."""
        return self.store.inner if isinstance(self.store, ReadingOnce) else self.store

    async def read_ahead(self, keys: Sequence[Key]) -> None:
        """Records that this step is likely to ask for; nothing where nobody keeps what was read."""
        if isinstance(self.store, ReadingOnce):
            await self.store.get(keys)

    def new_id(self, now: Instant) -> str:
        return time_ordered_id(now, self.random.getrandbits(RANDOM_BITS))

    def new_seed(self) -> int:
        return self.random.getrandbits(32)
