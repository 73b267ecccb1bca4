"""Who lives in the simulation, and which seed has what in it."""

from kefu.desk.call import Caller, Role
from kefu.domain.agent import AgentStatus
from kefu.domain.channel import Channel
from kefu.domain.working_hours import WorkingHours
from kefu.testing.rule_play import (
    RULE_SEEDS,
)

TENANT = "1"
PARTNER = Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm")
ROUNDS = 5
SILENT_ROUNDS = 8
"""Of three minutes each: a warning, an end, and once more for who was returned to a line between."""
REQUESTS_AT_ONCE = (3, 4, 6)
CLIENT_TRIES = 12
CRASH_RATE = 0.01
VISITORS = tuple(f"v{number}" for number in range(1, 13))
AGENTS = ("a", "b", "c")
FLAGS = ("F", "G")
BOT_CHANNEL = Channel.WEB
BOT_SEEDS = 1_000_000
"""From this seed on there is a bot."""
CHAIN_SEEDS = 2_000_000
"""From this seed on, without a bot, groups overflow: when nobody is online, by time, and when they are full."""
HOURS_SEEDS = 4_000_000
"""From this seed on the desk opens and closes, and visitors leave messages; there is a bot as well."""
SHIFTS = WorkingHours(zone="Etc/UTC", weekly=(tuple((start, start + 2) for start in range(0, 90, 4)),) * 7)
CLOSED = WorkingHours(zone="Etc/UTC", special=(("2001-01-01", ((0, 60),)),))
DEADLINE_SEEDS = 5_000_000
"""From this seed on there are time-outs as well."""
FEATURES: tuple[tuple[int, frozenset[str]], ...] = (
    (BOT_SEEDS, frozenset({"bot"})),
    (CHAIN_SEEDS, frozenset({"chains"})),
    (HOURS_SEEDS, frozenset({"bot", "hours"})),
    (DEADLINE_SEEDS, frozenset({"bot", "timeouts"})),
    (RULE_SEEDS, frozenset({"bot", "rules"})),
)
"""From which seed on the desk has what."""
STATUSES = (AgentStatus.ONLINE, AgentStatus.ONLINE, AgentStatus.BUSY, AgentStatus.OFFLINE)


def features_of(seed: int) -> frozenset[str]:
    return next((features for first, features in reversed(FEATURES) if seed >= first), frozenset())
