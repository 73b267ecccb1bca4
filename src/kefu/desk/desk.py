from dataclasses import dataclass, field
from random import Random, SystemRandom

from kefu.desk.clock import Clock, SystemClock
from kefu.domain.ids import RANDOM_BITS, time_ordered_id
from kefu.domain.instants import Instant
from kefu.records.directories import Directories
from kefu.store.port import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What every use case works with: where things lie, what time it is, and dice."""

    store: Store
    clock: Clock = field(default_factory=SystemClock)
    random: Random = field(default_factory=SystemRandom)
    directories: Directories = field(default_factory=Directories)

    def new_id(self, now: Instant) -> str:
        return time_ordered_id(now, self.random.getrandbits(RANDOM_BITS))

    def new_seed(self) -> int:
        return self.random.getrandbits(32)
