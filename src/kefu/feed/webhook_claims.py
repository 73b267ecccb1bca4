"""Who tells a lane: whoever claims it by a conditional write, until a time that the write says."""

from kefu.dataclass import dataclass
from kefu.desk.attempts import attempt, commit_alone
from kefu.desk.desk import Desk
from kefu.domain.delivery import Lane
from kefu.domain.instants import SECOND, Instant
from kefu.domain.log import LogEntry
from kefu.records import deliveries
from kefu.records.codec import Loaded
from kefu.records.deliveries import LaneKey
from kefu.store.port import Expect

LEASE_MS = 60 * SECOND
"""A claim ends then, whoever has it."""
TELLS_FOR_MS = 40 * SECOND
"""Of its lease, how long a claim begins another event: the last may hang, and has to be written down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A lane that is ours, as we wrote it."""

    lane: LaneKey
    value: Lane
    version: int
    ahead: tuple[LogEntry, ...] = ()
    """Entries of the log that are known already."""

    @property
    def tells_until(self) -> Instant:
        return (self.value.due_at or 0) - LEASE_MS + TELLS_FOR_MS


async def wake(
    desk: Desk, lane: LaneKey, last: int, ahead: tuple[LogEntry, ...] = (), *, claims: bool
) -> Claimed | None:
    """Lets a lane know that its log goes up to entry `last`."""
    name = _new_name(desk)

    async def step(desk: Desk, _lost: int) -> Claimed | None:
        loaded = await deliveries.load_lane(desk.store, lane)
        before = loaded.value if loaded else Lane()
        if before.known_seq >= last:
            return _ours(lane, loaded, name, ahead)
        after = before.knowing(last)
        if before.due_at is None:
            now = desk.clock.now()
            after = after.claimed(name, now + LEASE_MS) if claims else after.resting(now)
        await commit_alone(desk, deliveries.write_lane(lane, after, loaded.version if loaded else Expect.ABSENT))
        return _ours(lane, Loaded(after, (loaded.version if loaded else 0) + 1), name, ahead)

    return await attempt(desk, step)


async def claim(desk: Desk, lane: LaneKey) -> Claimed | None:
    """None if somebody else has it, or nothing is due any more."""
    name = _new_name(desk)

    async def step(desk: Desk, _lost: int) -> Claimed | None:
        loaded, now = await deliveries.load_lane(desk.store, lane), desk.clock.now()
        if loaded is None or loaded.value.due_at is None or loaded.value.due_at > now:
            return _ours(lane, loaded, name)
        after = loaded.value.claimed(name, now + LEASE_MS)
        await commit_alone(desk, deliveries.write_lane(lane, after, loaded.version))
        return _ours(lane, Loaded(after, loaded.version + 1), name)

    return await attempt(desk, step)


def _ours(lane: LaneKey, loaded: Loaded[Lane] | None, name: str, ahead: tuple[LogEntry, ...] = ()) -> Claimed | None:
    """Also when only the answer to the claim was lost."""
    if loaded is None or loaded.value.claim != name:
        return None
    return Claimed(lane=lane, value=loaded.value, version=loaded.version, ahead=ahead)


def _new_name(desk: Desk) -> str:
    return desk.new_id(desk.clock.now())
