"""A service desk of any size, written straight into the store: through the use cases the largest would take hours.

Its skill groups come in areas of ten (or of one), each served by agents of one routing profile. In areas of an even
number everybody has room and nobody waits; in the others everybody is full and visitors wait, half of all of them in
one queue.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from random import Random
from typing import TypeVar

from kefu.desk.changeset import Changeset
from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.channel import Channel
from kefu.domain.decision import (
    Decision,
    DispatchOutcome,
    DispatchReason,
    DispatchRule,
    DispatchStep,
    DispatchTrigger,
)
from kefu.domain.directory import Directory, Ranking
from kefu.domain.ids import RANDOM_BITS, time_ordered_id
from kefu.domain.instants import HOUR, Instant
from kefu.domain.line import group_line
from kefu.domain.log_writer import LogWriter
from kefu.domain.message import Message, MessageSender
from kefu.domain.routing_keys import RoutingKeys
from kefu.domain.session_ref import SessionRef
from kefu.domain.skill_group import SkillGroup
from kefu.records import agents, directories, keys
from kefu.records.codec import Loaded
from kefu.records.directories import LoadedDirectory
from kefu.store.port import COMMIT_WRITES_MAX, Expect, Store, Write
from kefu.testing.clocks import NEW_YEAR_2026

TENANT = "20080"
GROUPS_PER_AGENT = 10
MAX_SESSIONS = 5
HELD_WITH_ROOM = 2
STAGE_AGENTS = 4
HEAD_START = 8
"""At least so many wait in the hot queue: the operations measured take some of them."""
BUILT_AT = NEW_YEAR_2026
OPENED_AT = NEW_YEAR_2026 + HOUR
SESSIONS_PER_COMMIT = 33
"""Each is three records: itself, its copy in the line, its log."""
COMMITS_AT_ONCE = 4
RANKING = Ranking.LEAST_LOADED

Progress = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    agents: int = 10
    groups: int = 10
    """At least; both kinds of area are always there."""
    waiting: int = 10

    def __str__(self) -> str:
        return f"{self.agents:,} agents, {self.groups:,} groups, {self.waiting:,} waiting"


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Of its agents, four are known by what they are there for; the others are many."""

    size: Size
    areas: tuple[tuple[SkillGroup, ...], ...]

    holder: str = "holder@shop.example"
    """Has room, holds two sessions."""
    closer: str = "closer@shop.example"
    """Full; visitors wait in the first of his groups."""
    comer: str = "comer@shop.example"
    """BUSY; with room for one more in the same groups."""
    bound: str = "bound@shop.example"
    """Full, in the same groups."""

    @property
    def calm_group(self) -> SkillGroup:
        return self.areas[0][0]

    @property
    def hot_group(self) -> SkillGroup:
        return self.areas[1][0]


async def build(store: Store, size: Size, progress: Progress) -> World:
    per_area = min(GROUPS_PER_AGENT, size.groups)
    random = Random(20_261_121)
    groups = [_group(number, random) for number in range(max(size.groups, 2 * per_area))]
    areas = tuple(tuple(groups[start : start + per_area]) for start in range(0, len(groups), per_area))
    world = World(size=size, areas=areas)
    builder = _Builder(store, random, progress)
    await builder.commit_all("directory", _chunks(_directory(areas), COMMIT_WRITES_MAX))
    await builder.commit_all("agents", _chunks(_fillers(world, random), COMMIT_WRITES_MAX))
    await builder.people_stage(world)
    await builder.commit_all("waiting", builder.waiting(world))
    return world


def _group(number: int, random: Random) -> SkillGroup:
    return SkillGroup(id=time_ordered_id(BUILT_AT + number, random.getrandbits(RANDOM_BITS)), name=f"group {number}")


def _ids(area: Sequence[SkillGroup]) -> tuple[str, ...]:
    return tuple(sorted(group.id for group in area))


def _directory(areas: Iterable[Sequence[SkillGroup]]) -> Iterator[Write]:
    yield directories.write_head(TENANT, LoadedDirectory(Directory(), 0))
    for area in areas:
        profile = keys.profile_of(_ids(area))
        for group in area:
            yield directories.write_group(TENANT, group)
            yield directories.write_profiles(TENANT, group.id, (profile,))


def _agent(login: str, groups: Sequence[SkillGroup]) -> Agent:
    return Agent(
        user_name=login,
        nickname=login.partition("@")[0].title(),
        status=AgentStatus.ONLINE,
        status_changed_at=BUILT_AT,
        max_sessions=MAX_SESSIONS,
        groups=_ids(groups),
        placed_at=BUILT_AT,
        idle_since=BUILT_AT,
    )


def _agent_writes(agent: Agent) -> tuple[Write, Write]:
    return agents.write(TENANT, agent, Expect.ABSENT, RANKING), agents.write_seat(TENANT, agent, Expect.ABSENT)


def _fillers(world: World, random: Random) -> Iterator[Write]:
    """Everybody else. The sessions they hold are named in their records alone: nothing measured reads them."""
    for number in range(world.size.agents - STAGE_AGENTS):
        area = number % len(world.areas)
        held = tuple(
            SessionRef(f"customer-{number}-{each}", Channel.APP, 1, _session_id(random, OPENED_AT))
            for each in range(MAX_SESSIONS if area % 2 else HELD_WITH_ROOM)
        )
        agent = _agent(f"agent-{number:05}@shop.example", world.areas[area])
        yield from _agent_writes(replace(agent, held=held, idle_since=OPENED_AT))


class _Builder:
    def __init__(self, store: Store, random: Random, progress: Progress) -> None:
        self._store = store
        self._random = random
        self._progress = progress

    async def commit_all(self, what: str, commits: Iterable[Sequence[Write]]) -> None:
        """Many side by side: no two of them touch the same record."""
        under_way: set[asyncio.Task[None]] = set()
        written = 0
        for writes in commits:
            under_way.add(asyncio.create_task(self._commit(writes)))
            if len(under_way) >= COMMITS_AT_ONCE:
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    each.result()
            written += len(writes)
            self._progress(f"{what}: {written:,} records")
        await asyncio.gather(*under_way)

    async def people_stage(self, world: World) -> None:
        calm, hot = world.areas[0], world.areas[1]
        await self._stage(_agent(world.holder, calm), HELD_WITH_ROOM)
        await self._stage(_agent(world.closer, hot), MAX_SESSIONS)
        await self._stage(replace(_agent(world.comer, hot), status=AgentStatus.BUSY), MAX_SESSIONS - 1)
        await self._stage(_agent(world.bound, hot), MAX_SESSIONS)

    def waiting(self, world: World) -> Iterator[Sequence[Write]]:
        """The hot queue first, so that whoever stands in it is at the head of all the lines."""
        busy = [group for area in world.areas[1::2] for group in area]
        hot = max(world.size.waiting // 2, min(world.size.waiting, HEAD_START))
        lines = [world.hot_group if number < hot else busy[number % len(busy)] for number in range(world.size.waiting)]
        for chunk in _chunks(enumerate(lines), SESSIONS_PER_COMMIT):
            changes = Changeset(TENANT, OPENED_AT, RANKING)
            for number, group in chunk:
                changes.step(None, self._opened(f"waiter-{number:06}", group, OPENED_AT + number, None))
            yield changes.writes()

    async def _stage(self, agent: Agent, sessions: int) -> None:
        """An agent with sessions that can be read, written to and closed."""
        await self._commit(_agent_writes(agent))
        changes = Changeset(TENANT, OPENED_AT, RANKING)
        changes.know(Loaded(agent, 1))
        group = SkillGroup(id=agent.groups[0], name="")
        for number in range(sessions):
            visitor = f"customer-{agent.login.partition('@')[0]}-{number}"
            changes.step(None, self._opened(visitor, group, OPENED_AT + number, agent.login))
        await self._commit(changes.writes())

    def _opened(self, visitor: str, group: SkillGroup, at: Instant, agent: str | None) -> LogWriter:
        writer, named = LogWriter(at), RoutingKeys(queue_name=group.name or None)
        writer.begin(SessionRef(visitor, Channel.APP, 1, _session_id(self._random, at)), named)
        message = Message(id=_session_id(self._random, at), sender=MessageSender.VISITOR, text="hello", sent_at=at)
        writer.visitor_message(message, to_bot=False)
        writer.dispatched(named, _decision(group, at, agent))
        return writer

    async def _commit(self, writes: Sequence[Write]) -> None:
        await self._store.commit(writes, token=f"{self._random.getrandbits(64):x}")


def _decision(group: SkillGroup, at: Instant, agent: str | None) -> Decision:
    outcome = DispatchOutcome.ASSIGN if agent else DispatchOutcome.QUEUE
    reason = DispatchReason.BEST_FREE_AGENT if agent else DispatchReason.NO_FREE_AGENT
    return Decision(
        outcome=outcome,
        agent=agent,
        skill_group=group.id,
        line=None if agent else group_line(group.id),
        trigger=DispatchTrigger.MESSAGE,
        decided_at=at,
        steps=(DispatchStep(rule=DispatchRule.GROUP_QUEUE, reason=reason, outcome=outcome),),
    )


def _session_id(random: Random, at: Instant) -> str:
    return time_ordered_id(at, random.getrandbits(RANDOM_BITS))


def _chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk
