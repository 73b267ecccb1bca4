"""The only place a key is spelt. The tenant is first in every partition; `#` never occurs inside a part.

| record                      | partition      | sort                          | rank              |
|-----------------------------|----------------|-------------------------------|-------------------|
| directory and its head      | t              | CONFIG#…                      |                   |
| agent                       | t#PROFILE#p    | AGENT#a#since                 | while free        |
| agent's seat: which profile | t#AGENT#a      | SEAT                          |                   |
| directed line               | t#AGENT#a      | WAIT#class#start#session      |                   |
| group's queue               | t#GROUP#g      | WAIT#class#start#session      |                   |
| binding                     | t#VISITOR#v    | BINDING#flag                  |                   |
| what binding rules count by | t#VISITOR#v    | SERVED, TALLY#a               |                   |
| business event              | t#VISITOR#v    | BUSINESSEVENT#instant#id      |                   |
| session                     | t#VISITOR#v    | SESSION#channel#ordinal       |                   |
| visitor's card              | t#VISITOR#v    | CARD                          |                   |
| older client message ids    | t#VISITOR#v    | MARK#channel#instant#ordinal#n |                   |
| log record, one per commit  | t#SESSION#s    | LOG#last-entry-number         |                   |
| idempotent result           | t#KEY#key      | RESULT                        |                   |
| what was published          | t#JOURNAL#hour | instant#writer#number         |                   |
| who is told of a topic      | t#TOPIC#topic  | connection#operation#frame    |                   |
| socket behind a gateway     | *SOCKET#connection | STATE                     |                   |
| what a web client was told  | t#VISITOR#v    | WEBCLIENT#channel             |                   |
| message left                | t#VISITOR#v    | LEFT#instant#id               |                   |
| rating, opinions of a bot   | t#SESSION#s    | RATING, OPINION#message       |                   |
| rating that does not count  | t#SESSION#s    | INVALIDRATING#instant#id      |                   |
| bot's set-up, its answers   | t#BOT          | SETUP, FAQ#question           |                   |
| phrases                     | t#PHRASES      | LIST                          |                   |
| when to look at a session   | t#SESSION#s    | DEADLINE                      |                   |
| when a visitor was there    | t#VISITOR#v    | SEEN                          |                   |
| webhook                     | t#WEBHOOKS     | id                            |                   |
| webhook's lane, a replay    | t#SESSION#s    | LANE#webhook, REPLAY#webhook  |                   |
| event not taken at once     | t#WEBHOOK#w    | session#number                |                   |
| how far changes were read   | *FOLLOWER      | name                          |                   |
| tenant, access token        | *TENANT, *TOKEN | id, hash of the token        |                   |
| whose client id             | *CLIENT        | hash of the client id         |                   |
| where a sweep stopped       | *SWEEP         | shard                         |                   |
"""

import hashlib
from collections.abc import Sequence

from kefu.domain.agent import Agent
from kefu.domain.channel import Channel
from kefu.domain.directory import Ranking
from kefu.domain.instants import HOUR, Instant
from kefu.domain.line import Line, LineKind, Place
from kefu.domain.ranking import rank_key
from kefu.domain.session_ref import SessionRef
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.store.port import Key, Listing

TENANTS = "*TENANT"
SOCKETS = "*SOCKET"
ACCESS_TOKENS = "*TOKEN"
CLIENTS = "*CLIENT"
SWEEPS = "*SWEEP"

WAITING = ("WAIT#", "WAIT$")
"""The range of a line's entries; `$` is the character behind `#`."""
WAITING_OTHERS = "WAIT#1"
"""Before it stand the VIPs, behind it everybody else."""
BINDINGS = ("BINDING#", "BINDING$")
AGENTS = ("AGENT#", "AGENT$")
CONFIG = ("CONFIG#", "CONFIG$")
GROUPS = ("CONFIG#GROUP#", "CONFIG#GROUP$")
LOG = ("LOG#", "LOG$")


def part(text: str) -> str:
    """`text` as one part of a key: the separator and the escape character escaped."""
    return text if text.isalnum() else text.replace("%", "%25").replace("#", "%23").replace("*", "%2A")


def unpart(text: str) -> str:
    return text.replace("%2A", "*").replace("%23", "#").replace("%25", "%")


def instant(at: Instant) -> str:
    return f"{at:015d}"


def tenant_record(tenant: str) -> Key:
    return Key(TENANTS, part(tenant))


def sweep_place(name: str) -> Key:
    return Key(SWEEPS, name)


def access_token(token_hash: str) -> Key:
    return Key(ACCESS_TOKENS, token_hash)


def client(client_hash: str) -> Key:
    return Key(CLIENTS, client_hash)


def config_partition(tenant: str) -> str:
    return part(tenant)


def config_head(tenant: str) -> Key:
    return Key(part(tenant), "CONFIG#HEAD")


def settings(tenant: str) -> Key:
    return Key(part(tenant), "CONFIG#SETTINGS")


def group(tenant: str, group_id: str) -> Key:
    return Key(part(tenant), f"CONFIG#GROUP#{part(group_id)}")


def rule(tenant: str, flag: str) -> Key:
    return Key(part(tenant), f"CONFIG#RULE#{part(flag)}")


def source(tenant: str, flag: str | None, channel: Channel | None) -> Key:
    name = f"FLAG#{part(flag)}" if flag is not None else f"CHANNEL#{channel or ''}"
    return Key(part(tenant), f"CONFIG#SOURCE#{name}")


def binding_rule(tenant: str, name: str) -> Key:
    return Key(part(tenant), f"CONFIG#BINDINGRULE#{part(name)}")


def iframe(tenant: str, iframe_id: str) -> Key:
    return Key(part(tenant), f"CONFIG#IFRAME#{part(iframe_id)}")


def profiles(tenant: str, group_id: str) -> Key:
    return Key(part(tenant), f"CONFIG#PROFILES#{part(group_id)}")


def profile_of(groups: Sequence[str]) -> str:
    """The name of a routing profile, one distinct set of skill groups; no group means the default group."""
    if not groups:
        return DEFAULT_GROUP
    return hashlib.sha256("+".join(sorted(groups)).encode()).hexdigest()[:16]


def profile_partition(tenant: str, profile: str) -> str:
    return f"{part(tenant)}#PROFILE#{part(profile)}"


def agent(tenant: str, profile: str, login: str, placed_at: Instant) -> Key:
    """No two stays of an agent in a profile share a key, so a version read in one is never taken for another's."""
    return Key(profile_partition(tenant, profile), f"AGENT#{part(login)}#{instant(placed_at)}")


def agent_rank(value: Agent, ranking: Ranking) -> str:
    first, second, login = rank_key(value, ranking)
    return f"{first:015d}#{second:015d}#{part(login)}"


def agent_listing(tenant: str, login: str) -> Listing:
    return Listing(f"{part(tenant)}#AGENTS", part(login))


def seat(tenant: str, login: str) -> Key:
    return Key(f"{part(tenant)}#AGENT#{part(login)}", "SEAT")


def is_agent(key: Key) -> bool:
    """His record, or his seat."""
    return key.sort == "SEAT" or key.sort.startswith(AGENTS[0])


def line_partition(tenant: str, line: Line) -> str:
    kind = "GROUP" if line.kind is LineKind.GROUP else "AGENT"
    return f"{part(tenant)}#{kind}#{part(line.owner)}"


def line_of(tenant: str, partition: str) -> Line:
    """The line that a partition of waiting sessions is."""
    kind, _, owner = partition.removeprefix(f"{part(tenant)}#").partition("#")
    return Line(LineKind.GROUP if kind == "GROUP" else LineKind.AGENT, unpart(owner))


def group_of_line(tenant: str, partition: str) -> str | None:
    """The skill group whose queue a partition is; None if it is another's."""
    prefix = f"{part(tenant)}#GROUP#"
    return unpart(partition.removeprefix(prefix)) if partition.startswith(prefix) else None


def waiting(tenant: str, line: Line, place: Place) -> Key:
    return Key(line_partition(tenant, line), waiting_sort(place))


def waiting_sort(place: Place) -> str:
    return f"WAIT#{int(place.is_not_vip)}#{instant(place.started_at)}#{place.session_id}"


def visitor_partition(tenant: str, visitor: str) -> str:
    return f"{part(tenant)}#VISITOR#{part(visitor)}"


def visitor_card(tenant: str, visitor: str) -> Key:
    return Key(visitor_partition(tenant, visitor), "CARD")


def binding(tenant: str, flag: str, visitor: str) -> Key:
    return Key(visitor_partition(tenant, visitor), f"BINDING#{part(flag)}")


def binding_listing(tenant: str, login: str, flag: str, visitor: str) -> Listing:
    return Listing(f"{part(tenant)}#BINDINGS", f"{part(login)}#{part(flag)}#{part(visitor)}")


SERVED = "SERVED"
TALLIES = ("TALLY#", "TALLY$")
SESSIONS = ("SESSION#", "SESSION$")
BUSINESS_EVENTS = ("BUSINESSEVENT#", "BUSINESSEVENT$")


def served_mark(tenant: str, visitor: str) -> Key:
    return Key(visitor_partition(tenant, visitor), SERVED)


def closed_tally(tenant: str, visitor: str, login: str) -> Key:
    return Key(visitor_partition(tenant, visitor), f"TALLY#{part(login)}")


def business_event(tenant: str, visitor: str, at: Instant, event_id: str) -> Key:
    return Key(visitor_partition(tenant, visitor), f"BUSINESSEVENT#{instant(at)}#{event_id}")


def session(tenant: str, ref: SessionRef) -> Key:
    return Key(visitor_partition(tenant, ref.visitor), f"SESSION#{ref.channel}#{ref.ordinal:010d}")


def sessions_on(channel: Channel) -> tuple[str, str]:
    """The range of a visitor's sessions on one channel."""
    return f"SESSION#{channel}#", f"SESSION#{channel}$"


def session_listing(tenant: str, state: str, started_at: Instant, session_id: str) -> Listing:
    return Listing(f"{part(tenant)}#SESSIONS#{state}", f"{instant(started_at)}#{session_id}")


def seen(tenant: str, ref: SessionRef, at: Instant, seq: int) -> Key:
    place = f"{instant(at)}#{ref.ordinal:010d}#{seq:010d}"
    return Key(visitor_partition(tenant, ref.visitor), f"MARK#{ref.channel}#{place}")


def seen_on(channel: Channel, since: Instant) -> tuple[str, str]:
    return f"MARK#{channel}#{instant(since)}", f"MARK#{channel}$"


def log_partition(tenant: str, session_id: str) -> str:
    return f"{part(tenant)}#SESSION#{part(session_id)}"


def log(tenant: str, session_id: str, last_seq: int) -> Key:
    return Key(log_partition(tenant, session_id), log_sort(last_seq))


def log_sort(last_seq: int) -> str:
    return f"LOG#{last_seq:010d}"


def idempotent_result(tenant: str, key: str) -> Key:
    return Key(f"{part(tenant)}#KEY#{part(key)}", "RESULT")


def journal_partition(tenant: str, at: Instant) -> str:
    return f"{part(tenant)}#JOURNAL#{at // HOUR:08d}"


def journal(tenant: str, at: Instant, sort: str) -> Key:
    return Key(journal_partition(tenant, at), sort)


def journal_sort(at: Instant, writer: str, number: int) -> str:
    return f"{instant(at)}#{part(writer)}#{number:010d}"


def topic_partition(tenant: str, topic: str) -> str:
    return f"{part(tenant)}#TOPIC#{part(topic)}"


def subscription(tenant: str, topic: str, connection_id: str, operation_id: str, frame_id: str) -> Key:
    """No two subscriptions of one operation id share a key: a version of one is never taken for the other's."""
    sort = f"{part(connection_id)}#{part(operation_id)}#{part(frame_id)}"
    return Key(topic_partition(tenant, topic), sort)


def socket(connection_id: str) -> Key:
    return Key(f"{SOCKETS}#{part(connection_id)}", "STATE")


def connection_of(key: Key) -> str:
    return unpart(key.partition.removeprefix(f"{SOCKETS}#"))


def socket_listing(due_at: Instant, connection_id: str) -> Listing:
    return Listing(SOCKETS, f"{instant(due_at)}#{part(connection_id)}")


def tenant_of(partition: str) -> str | None:
    """Whose partition it is; None if it is nobody's."""
    return None if partition.startswith("*") else unpart(partition.partition("#")[0])


def web_client(tenant: str, visitor: str, channel: Channel) -> Key:
    return Key(visitor_partition(tenant, visitor), f"WEBCLIENT#{channel}")


def sessions_numbered(channel: Channel, first: int, behind: int | None) -> tuple[str, str]:
    """The range of a visitor's sessions on one channel from number `first`, at least 1, up to before `behind`."""
    _, end = sessions_on(channel)
    return f"SESSION#{channel}#{first - 1:010d}", end if behind is None else f"SESSION#{channel}#{behind:010d}"


def left_message(tenant: str, visitor: str, left_at: Instant, message_id: str) -> Key:
    return Key(visitor_partition(tenant, visitor), f"LEFT#{instant(left_at)}#{message_id}")


def left_message_listing(tenant: str, left_at: Instant, message_id: str) -> Listing:
    return Listing(f"{part(tenant)}#LEFT", f"{instant(left_at)}#{message_id}")


RATING = "RATING"
INVALID_RATINGS = ("INVALIDRATING#", "INVALIDRATING$")
FAQ = ("FAQ#", "FAQ$")


def rating(tenant: str, session_id: str) -> Key:
    return Key(log_partition(tenant, session_id), RATING)


def rating_listing(tenant: str, rated_at: Instant, session_id: str) -> Listing:
    return Listing(f"{part(tenant)}#RATINGS", f"{instant(rated_at)}#{session_id}")


def invalid_rating(tenant: str, session_id: str, at: Instant, rating_id: str) -> Key:
    return Key(log_partition(tenant, session_id), f"INVALIDRATING#{instant(at)}#{rating_id}")


def invalid_rating_listing(tenant: str, at: Instant, rating_id: str) -> Listing:
    return Listing(f"{part(tenant)}#INVALIDRATINGS", f"{instant(at)}#{rating_id}")


def bot_partition(tenant: str) -> str:
    return f"{part(tenant)}#BOT"


def bot(tenant: str) -> Key:
    return Key(bot_partition(tenant), "SETUP")


def faq_entry(tenant: str, question: str) -> Key:
    return Key(bot_partition(tenant), f"FAQ#{part(question)}")


def bot_opinion(tenant: str, session_id: str, message: str) -> Key:
    return Key(log_partition(tenant, session_id), f"OPINION#{part(message)}")


def phrases(tenant: str) -> Key:
    return Key(f"{part(tenant)}#PHRASES", "LIST")


DEADLINES = "*DEADLINES"
DEADLINE = "DEADLINE"


def deadline(tenant: str, session_id: str) -> Key:
    return Key(log_partition(tenant, session_id), DEADLINE)


def deadline_listing(tenant: str, due_at: Instant, session_id: str) -> Listing:
    return Listing(DEADLINES, f"{instant(due_at)}#{part(tenant)}#{part(session_id)}")


def visitor_seen(tenant: str, visitor: str) -> Key:
    return Key(visitor_partition(tenant, visitor), "SEEN")


DUE_LANES = "*LANES"


def webhook(tenant: str, webhook_id: str) -> Key:
    return Key(webhook_partition(tenant), part(webhook_id))


def webhook_partition(tenant: str) -> str:
    return f"{part(tenant)}#WEBHOOKS"


def lane(tenant: str, session_id: str, webhook_id: str, *, is_replay: bool) -> Key:
    return Key(log_partition(tenant, session_id), f"{'REPLAY' if is_replay else 'LANE'}#{part(webhook_id)}")


def lane_listing(due_at: Instant, key: Key) -> Listing:
    return Listing(DUE_LANES, f"{instant(due_at)}#{key.partition}#{key.sort}")


def lane_of(key: Key) -> tuple[str, str, str, bool]:
    """Tenant, session, webhook, and whether it is a replay."""
    tenant, _, session_id = key.partition.split("#")
    kind, webhook_id = key.sort.split("#")
    return unpart(tenant), unpart(session_id), unpart(webhook_id), kind == "REPLAY"


def delivery(tenant: str, webhook_id: str, session_id: str, seq: int) -> Key:
    return Key(f"{part(tenant)}#WEBHOOK#{part(webhook_id)}", f"{part(session_id)}#{seq:010d}")


def delivery_listing(tenant: str, at: Instant, webhook_id: str, session_id: str, seq: int) -> Listing:
    return Listing(f"{part(tenant)}#DELIVERIES", f"{instant(at)}#{part(session_id)}#{seq:010d}#{part(webhook_id)}")


def follower(name: str) -> Key:
    return Key("*FOLLOWER", name)
