"""Where the sweep of many tenants stopped, for whoever goes on."""

from enum import StrEnum

from kefu.dataclass import dataclass
from kefu.domain.instants import DAY, Instant
from kefu.records import keys
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Delete, Expect, Put, Record, Store, Write


class Part(StrEnum):
    """What of a tenant is swept, in this order."""

    AGENTS = "AGENTS"
    WAITING = "WAITING"
    BOT = "BOT"
    LEFT = "LEFT"
    DEADLINES = "DEADLINES"


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepPlace:
    """Everything up to here was looked at in this round."""

    tenant: str = ""
    part: Part = Part.AGENTS
    behind: str = ""
    """The last one's place in the listing of agents, of waiting sessions, of those with a bot, or of left messages; at last
    state and place of an open session."""
    is_tenant_done: bool = False


START = SweepPlace()

_places = Codec(SweepPlace)


async def load(store: Store, name: str) -> Loaded[SweepPlace]:
    """Where the sweep of that name stopped; the start, as version 0, if it came to its end."""
    [record] = await store.get([keys.sweep_place(name)])
    return _places.load_if(record) or Loaded(START, 0)


def write(name: str, place: SweepPlace, version: int, now: Instant) -> Write:
    record = Record(key=keys.sweep_place(name), value=_places.encode(place), expires_at=now + DAY)
    return Put(record, version or Expect.ABSENT)


def delete(name: str, version: int) -> Write:
    return Delete(keys.sweep_place(name), version)
