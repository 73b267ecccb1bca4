"""What a committed change tells, and under which topics."""

from kefu.dataclass import dataclass
from kefu.domain.agent import Agent
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.records import agents, keys
from kefu.records.journal import Published
from kefu.records.sessions import LOG_RECORDS, LogRecord
from kefu.store.port import Change

EVERY_SESSION = "tenant"
EVERY_QUEUE = "queues"
EVERY_AGENT = "presences"


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionsOf:
    """Whose sessions are followed; what is None does not matter."""

    session: str | None = None
    visitor: str | None = None
    agent: str | None = None
    group: str | None = None

    @property
    def topic(self) -> str:
        """The narrowest one under which everything of them is told."""
        narrow = (("session", self.session), ("visitor", self.visitor), ("agent", self.agent), ("group", self.group))
        return next((f"{kind}:{name}" for kind, name in narrow if name is not None), EVERY_SESSION)


def topic_of_queue(group: str | None) -> str:
    return EVERY_QUEUE if group is None else f"queue:{group}"


def topic_of_agent(login: str | None) -> str:
    return EVERY_AGENT if login is None else f"presence:{login}"


def topics_of(published: Published) -> list[str]:
    """Each topic that what was published belongs to, once."""
    topics: list[str] = []
    if record := published.record:
        topics += [SessionsOf(session=record.ref.id).topic, SessionsOf(visitor=record.ref.visitor).topic]
        topics += [SessionsOf(agent=agent).topic for agent in record.agents]
        topics += [SessionsOf(group=group).topic for group in record.groups]
        topics.append(EVERY_SESSION)
    if published.queues:
        topics += [*(topic_of_queue(group) for group in published.queues), EVERY_QUEUE]
    if published.agent is not None:
        topics += [topic_of_agent(published.agent), EVERY_AGENT]
    return topics


def published_in(change: Change, tenant: str) -> Published | None:
    """What followers of the tenant are told of the change; None if nothing."""
    published = Published(
        record=log_record_in(change, tenant),
        queues=tuple(sorted(queues_in(change, tenant))),
        agent=agent_told_in(change, tenant),
    )
    return None if published == Published() else published


def agent_told_in(change: Change, tenant: str) -> str | None:
    """Login of the agent who changed."""
    return next((each.login for each in reversed(agent_in(change, tenant)) if each), None)


def log_record_in(change: Change, tenant: str) -> LogRecord | None:
    """The log record that was written, if one of this tenant was."""
    is_log = change.key.sort.startswith(keys.LOG[0]) and change.key.partition.startswith(keys.log_partition(tenant, ""))
    return LOG_RECORDS.decode(change.after.value) if is_log and change.after else None


def queues_in(change: Change, tenant: str) -> set[str]:
    """Ids of the skill groups whose queue, or whose agents' readiness, changed."""
    if change.key.sort.startswith(keys.WAITING[0]):
        owner = keys.group_of_line(tenant, change.key.partition)
        return {owner} if owner is not None else set()
    before, after = agent_in(change, tenant)
    readiness = [
        (agent.status, agent.room, agent.groups, agent.lease_expires_at is None) if agent else None
        for agent in (before, after)
    ]
    if readiness[0] == readiness[1]:
        return set()
    return {group for agent in (before, after) if agent for group in agent.groups or (DEFAULT_GROUP,)}


def agent_in(change: Change, tenant: str) -> tuple[Agent | None, Agent | None]:
    """An agent's record before and after, if one of this tenant changed."""
    is_agent = change.key.partition.startswith(keys.profile_partition(tenant, "")) and change.key.sort.startswith(
        keys.AGENTS[0]
    )
    if not is_agent:
        return None, None
    before, after = (agents.decode(record.value) if record else None for record in (change.before, change.after))
    return before, after
