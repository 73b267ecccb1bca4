"""An agent is made or changed. Another set of groups moves the agent to another routing profile."""

from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.access import require_staff
from kefu.desk.attempts import commit
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.input import at_most, named
from kefu.desk.looking import look_at_groups_left
from kefu.desk.once import attempt_once, mark
from kefu.desk.serving import fill
from kefu.domain.agent import Agent, AgentRole
from kefu.domain.bounds import GROUPS_PER_AGENT_MAX, MAX_SESSIONS_MAX, NICKNAME_LENGTH_MAX, URL_LENGTH_MAX
from kefu.domain.decision import DispatchTrigger
from kefu.domain.directory import Directory
from kefu.domain.ids import login_of
from kefu.domain.refusals import Invalid, NotFound, RefusalCode
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.records import agents, directories, keys
from kefu.records.agents import LoadedAgent
from kefu.records.codec import Codec
from kefu.records.directories import LoadedDirectory
from kefu.store.port import Expect, Write


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentChange:
    """What is None stays as it is."""

    user_name: str
    nickname: str | None = None
    avatar_url: str | None = None
    max_sessions: int | None = None
    groups: tuple[str, ...] | None = None
    role: AgentRole | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentSaved:
    agent: str
    left: tuple[str, ...] = ()
    """Ids of the groups that he serves no longer."""


_results = Codec(AgentSaved)


async def save_agent(desk: Desk, call: Call, change: AgentChange) -> AgentSaved:
    """Raises `Invalid`, or `NotFound` for a group. Room or a group gained takes waiting sessions at once."""
    require_staff(call.by)
    _check(change)
    saved, _ = await attempt_once(desk, call, _results, lambda desk, _: _save(desk, call, change))
    await fill(desk, call.tenant, saved.agent, DispatchTrigger.AGENT_GAINED_ROOM)
    if saved.left:
        await look_at_groups_left(desk, call.tenant, saved.left, DispatchTrigger.AGENT_REMOVED)
    return saved


def _check(change: AgentChange) -> None:
    named(change.user_name, "userName")
    at_most(change.nickname or "", "nickname", NICKNAME_LENGTH_MAX)
    at_most(change.avatar_url or "", "avatarUrl", URL_LENGTH_MAX)
    if change.max_sessions is not None and not 0 <= change.max_sessions <= MAX_SESSIONS_MAX:
        raise Invalid(f"maxSessions must lie between 0 and {MAX_SESSIONS_MAX}.", "maxSessions")
    if len(change.groups or ()) > GROUPS_PER_AGENT_MAX:
        raise Invalid(f"An agent serves at most {GROUPS_PER_AGENT_MAX} groups.", "skillGroupIds")


async def _save(desk: Desk, call: Call, change: AgentChange) -> AgentSaved:
    login, now = login_of(change.user_name), desk.clock.now()
    loaded = await agents.load_one(desk.store, call.tenant, login)
    directory = await desk.directories.load(desk.store, call.tenant)
    known = (
        loaded.value
        if loaded
        else Agent(user_name=change.user_name, status_changed_at=now, idle_since=now, placed_at=now)
    )
    agent = _changed(known, change, directory.directory)
    if agent.groups != known.groups:
        agent = replace(agent, placed_at=max(now, known.placed_at + 1))
    left = tuple(group for group in known.serves if loaded and group not in agent.serves)
    saved = AgentSaved(agent=login, left=left)
    writes = await _writes(desk, call.tenant, directory, loaded, agent)
    await commit(desk, [*writes, *mark(call, _results, saved, now)])
    return saved


def _changed(agent: Agent, change: AgentChange, directory: Directory) -> Agent:
    groups = agent.groups
    if change.groups is not None:
        groups = tuple(sorted(set(change.groups) - {DEFAULT_GROUP}))
        for group in groups:
            if directory.group(group) is None:
                raise NotFound(
                    RefusalCode.SKILL_GROUP_NOT_FOUND,
                    "There is no such skill group. Use an id as skillGroups gives it.",
                    "skillGroupIds",
                )
    return replace(
        agent,
        nickname=agent.nickname if change.nickname is None else change.nickname,
        avatar_url=agent.avatar_url if change.avatar_url is None else change.avatar_url,
        max_sessions=agent.max_sessions if change.max_sessions is None else change.max_sessions,
        role=change.role or agent.role,
        is_disabled=False,
        groups=groups,
    )


async def _writes(
    desk: Desk, tenant: str, directory: LoadedDirectory, loaded: LoadedAgent | None, agent: Agent
) -> list[Write]:
    ranking = directory.directory.settings.ranking
    if loaded and loaded.value.groups == agent.groups:
        return [agents.write(tenant, agent, loaded.version, ranking)]
    made = [
        agents.write(tenant, agent, Expect.ABSENT, ranking),
        agents.write_seat(tenant, agent, Expect.PRESENT if loaded else Expect.ABSENT),
        *await profile_writes(desk, tenant, directory.directory, left=loaded.value if loaded else None, joined=agent),
        directories.write_head(tenant, directory),
    ]
    return [*made, agents.delete(tenant, loaded)] if loaded else made


async def profile_writes(
    desk: Desk, tenant: str, directory: Directory, *, left: Agent | None, joined: Agent | None
) -> list[Write]:
    """Which routing profiles serve which groups, after an agent left one and joined another.

    The groups forget a profile when its last agent leaves it.
    """
    serving: dict[str, tuple[str, ...]] = {}

    def of(group: str) -> tuple[str, ...]:
        return serving.get(group, directory.profiles.get(group, ()))

    if left:
        profile = keys.profile_of(left.groups)
        if await agents.is_profile_empty(desk.store, tenant, profile, but_for=left.login):
            for group in left.groups or (DEFAULT_GROUP,):
                serving[group] = tuple(each for each in of(group) if each != profile)
    if joined:
        profile = keys.profile_of(joined.groups)
        for group in joined.groups or (DEFAULT_GROUP,):
            if profile not in of(group):
                serving[group] = (*of(group), profile)
    return [directories.write_profiles(tenant, group, profiles) for group, profiles in serving.items()]
