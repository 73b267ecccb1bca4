"""What each operation may cost: at most `must`; `floor` is what the design could reach at best.

For an agent in ten groups and items under 1 KB, in a process whose caches are warm. Calls that go out side by side are
one round trip; write units are of the table and its indexes together.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    operation: str
    round_trips: int
    round_trips_floor: int
    write_units: int
    write_units_floor: int


TARGETS = (
    Target("message into an open session", 2, 1, 4, 1),
    Target("message opens a session, assigned", 2, 2, 12, 6),
    Target("message opens a session, queued", 3, 3, 10, 4),
    Target("bound agent full, waits for him", 4, 3, 10, 4),
    Target("agent ONLINE, takes one waiting", 3, 2, 12, 6),
    Target("agent closes, next one assigned", 2, 2, 16, 8),
    Target("binding create", 1, 1, 2, 1),
    # Two more than the design asked for: its past is kept, so it is read first, unless this process saw it last; and
    # who waits by it must be looked for once it is gone, not before.
    Target("binding delete", 3, 1, 2, 1),
    Target("my sessions", 2, 1, 0, 0),
    Target("route dry run", 2, 2, 0, 0),
)
ITEM_BYTES_MAX = 1_024
