"""Which committed changes concern whom."""

from kefu.domain.agent import Agent
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.records import agents, keys
from kefu.records.sessions import LOG_RECORDS, LogRecord
from kefu.store.port import Change


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
