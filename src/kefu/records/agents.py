"""Agents: each lies in the partition of its routing profile, ranked while free; a seat leads there by name."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from kefu.dataclass import dataclass
from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.bounds import CANDIDATES_MAX, MEMBERS_SOUGHT_MAX
from kefu.domain.directory import Directory, Ranking
from kefu.domain.instants import Instant
from kefu.records import keys
from kefu.records.codec import Codec, Loaded
from kefu.store.port import Check, Conflict, Delete, Expect, Expectation, Key, Order, Put, Record, Span, Store, Write

LoadedAgent = Loaded[Agent]


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """Which routing profile's partition holds the agent."""

    profile: str
    placed_at: Instant = 0


_MOVES_MAX = 8
_PAGE = 1_000

_agents = Codec(Agent)
_seats = Codec(Seat)


async def load(store: Store, tenant: str, logins: Sequence[str]) -> list[LoadedAgent | None]:
    """Agents by login, strongly consistent, None where there is none.

    An agent who changes groups moves between the two reads now and then: then his seat is read again.
    """
    found: dict[str, LoadedAgent] = {}
    missing = list(logins)
    for _ in range(_MOVES_MAX):
        seats = await load_seats(store, tenant, missing)
        placed = [(login, seat.value) for login, seat in zip(missing, seats, strict=True) if seat]
        records = await store.get([keys.agent(tenant, seat.profile, login, seat.placed_at) for login, seat in placed])
        for (login, _), record in zip(placed, records, strict=True):
            if record is not None:
                found[login] = _agents.load(record)
        missing = [login for login, _ in placed if login not in found]
        if not missing:
            return [found.get(login) for login in logins]
    raise Conflict([keys.seat(tenant, login) for login in missing])


async def load_one(store: Store, tenant: str, login: str) -> LoadedAgent | None:
    [agent] = await load(store, tenant, [login])
    return agent


async def load_seats(store: Store, tenant: str, logins: Sequence[str]) -> list[Loaded[Seat] | None]:
    records = await store.get([keys.seat(tenant, login) for login in logins])
    return [_seats.load_if(record) for record in records]


async def weighed_for(
    store: Store, tenant: str, directory: Directory, group_id: str, now: Instant
) -> list[LoadedAgent]:
    """The group's members to weigh: the best free ones up to a bound, and others up to that bound for their reasons."""
    profiles = directory.profiles.get(group_id, ())
    lanes = await asyncio.gather(*(_of_profile(store, tenant, profile, now) for profile in profiles))
    return list({loaded.value.login: loaded for lane in lanes for loaded in lane}.values())


async def of_group(store: Store, tenant: str, directory: Directory, group_id: str, limit: int) -> list[Agent]:
    """Members of a group, for screens: at most `limit` of each routing profile."""
    profiles = directory.profiles.get(group_id, ())
    pages = await asyncio.gather(*(_page(store, tenant, profile, Order.SORT, limit) for profile in profiles))
    return [loaded.value for page in pages for loaded in page]


async def is_anyone_online(
    store: Store,
    tenant: str,
    directory: Directory,
    group_id: str,
    now: Instant,
    *,
    members_max: int = MEMBERS_SOUGHT_MAX,
) -> bool:
    """Whether any member is ONLINE, where those weighed were not; beyond so many somebody is taken to be."""
    read = 0
    for profile in directory.profiles.get(group_id, ()):
        span, has_more = Span(_PAGE, *keys.AGENTS), True
        while has_more:
            if read >= members_max:
                return True
            page = await store.scan(keys.profile_partition(tenant, profile), span)
            read += max(1, len(page.records))
            found = map(_agents.load, page.records)
            if any(each.value.status_at(now) is AgentStatus.ONLINE for each in found):
                return True
            has_more, span = page.has_more, span.beyond(page.records[-1].key.sort) if page.records else span
    return False


async def is_profile_empty(store: Store, tenant: str, profile: str, *, but_for: str) -> bool:
    members = await _page(store, tenant, profile, Order.SORT, 2)
    return all(member.value.login == but_for for member in members)


async def listed(store: Store, tenant: str, span: Span) -> tuple[list[Agent], bool]:
    """A page of the tenant's agents by login, eventually consistent."""
    index = keys.agent_listing(tenant, "").index
    page = await store.listing(index, span)
    return [_agents.decode(record.value) for record in page.records], page.has_more


def listing_order(login: str) -> str:
    """Where the agent stands in the listing: the end of a page that he closes."""
    return keys.agent_listing("", login).order


def write(tenant: str, agent: Agent, expect: Expectation, ranking: Ranking) -> Write:
    is_free = agent.status is AgentStatus.ONLINE and agent.room > 0 and not agent.is_disabled
    record = Record(
        key=key_of(tenant, agent),
        value=_agents.encode(agent),
        rank=keys.agent_rank(agent, ranking) if is_free else None,
        listing=keys.agent_listing(tenant, agent.login),
    )
    return Put(record, expect)


def delete(tenant: str, loaded: LoadedAgent) -> Write:
    return Delete(key_of(tenant, loaded.value), loaded.version)


def check_seat(tenant: str, login: str) -> Write:
    """That there is such an agent."""
    return Check(keys.seat(tenant, login), Expect.PRESENT)


def delete_seat(tenant: str, login: str) -> Write:
    return Delete(keys.seat(tenant, login), Expect.PRESENT)


def write_seat(tenant: str, agent: Agent, expect: Expectation) -> Write:
    seat = Seat(profile=keys.profile_of(agent.groups), placed_at=agent.placed_at)
    return Put(Record(key=keys.seat(tenant, agent.login), value=_seats.encode(seat)), expect)


def key_of(tenant: str, agent: Agent) -> Key:
    return keys.agent(tenant, keys.profile_of(agent.groups), agent.login, agent.placed_at)


def decode(text: str) -> Agent:
    return _agents.decode(text)


async def _of_profile(store: Store, tenant: str, profile: str, now: Instant) -> Iterable[LoadedAgent]:
    best, some = await asyncio.gather(
        _page(store, tenant, profile, Order.RANK, CANDIDATES_MAX, wanted=lambda agent: agent.is_free_at(now)),
        _page(store, tenant, profile, Order.SORT, CANDIDATES_MAX),
    )
    return (*some, *best)


async def _page(
    store: Store,
    tenant: str,
    profile: str,
    order: Order,
    limit: int,
    *,
    wanted: Callable[[Agent], bool] = lambda _: True,
) -> list[LoadedAgent]:
    """Up to `limit` wanted agents, following short pages: a free agent must never be overlooked."""
    found: list[LoadedAgent] = []
    after, before = keys.AGENTS if order is Order.SORT else ("", None)
    span, has_more = Span(limit, after, before), True
    while has_more and len(found) < limit:
        page = await store.scan(keys.profile_partition(tenant, profile), span, order)
        has_more = page.has_more
        found.extend(each for each in map(_agents.load, page.records) if wanted(each.value))
        if page.records:
            last = page.records[-1]
            span = span.beyond(last.key.sort if order is Order.SORT else last.rank or "")
    return found[:limit]
