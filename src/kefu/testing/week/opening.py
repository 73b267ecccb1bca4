"""The desk of the week: groups with hours in two zones, a chain between them, time-outs, a bot, rules, bindings."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from kefu.desk.binding_rules import save_binding_rule
from kefu.desk.bindings import BindingName, create_binding
from kefu.desk.bot_setup import save_faq_entry
from kefu.desk.directory import GroupChange, save_group
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.tenant_settings import update_settings
from kefu.domain.binding_rules import BindingRule, BindingRuleEvent
from kefu.domain.bot import FaqEntry
from kefu.domain.channel import Channel
from kefu.domain.directory import ChannelSettings
from kefu.domain.hours_notation import read_working_hours
from kefu.domain.instants import DAY, MINUTE
from kefu.domain.queueing import Queueing
from kefu.domain.timeouts import Timeouts
from kefu.testing.week.plan import BERLIN, BERLIN_HOURS, NEW_YORK, NEW_YORK_HOURS, POSTS
from kefu.testing.week.world import World

BOT_CHANNEL = Channel.WEB
BOUND_FLAG = "care"
CUSTOMER_EVENT = "became a customer"
TIMEOUTS = Timeouts(visitor_ms=8 * MINUTE, agent_ms=7 * MINUTE, pending_ms=5 * MINUTE, warning_ms=MINUTE)
VISITS_PER_SLOT = 4_000
"""An agent has one slot for so many visits in the week: few enough that visitors wait at busy hours."""
VISITS_PER_PLACE = 1_000
VISITS_PER_BINDING = 50
RULES = (
    BindingRule(name="first", event=BindingRuleEvent.FIRST_RECEPTION, expires_after_ms=2 * DAY),
    BindingRule(name="rated", event=BindingRuleEvent.RATED, stars_min=5, replaces_others=True),
    BindingRule(
        name="regular", event=BindingRuleEvent.REGULAR_CUSTOMER, business_flag=BOUND_FLAG, closed_sessions_min=3
    ),
    BindingRule(
        name="customer", event=BindingRuleEvent.BUSINESS_EVENT, event_name=CUSTOMER_EVENT, replaces_others=True
    ),
)


async def open_desk(world: World) -> dict[str, str]:
    """Returns the groups' ids by name."""
    groups = await _groups(world)
    for post in POSTS:
        served = (groups[post.group],) if post.group else ()
        room = max(1, world.visits // VISITS_PER_SLOT)
        await save_agent(world.desk, world.call(), AgentChange(user_name=post.name, groups=served, max_sessions=room))
    await update_settings(
        world.desk,
        world.call(),
        partial(
            replace,
            channels=(ChannelSettings(channel=BOT_CHANNEL, has_bot=True),),
            invites_rating_at_close=True,
            timeouts=TIMEOUTS,
            presence_lease_ms=5 * MINUTE,
            queueing=Queueing(directed_wait_max_ms=10 * MINUTE),
        ),
    )
    faq = FaqEntry(question="opening hours?", answer="from eight to six")
    await save_faq_entry(world.desk, world.call(), faq)
    for rule in RULES:
        await save_binding_rule(world.desk, world.call(), rule.name, _always(rule))
    for number in range(world.visits // VISITS_PER_BINDING):
        name = BindingName(business_flag=BOUND_FLAG, visitor=f"visitor-{number}")
        await create_binding(world.desk, world.call(), name, world.random.choice(POSTS).name)
    return groups


async def _groups(world: World) -> dict[str, str]:
    """Berlin leads to New York and both to the backup; whoever is still left waits with those in no group."""
    room = max(1, world.visits // VISITS_PER_PLACE)
    changes = (
        GroupChange(name="backup", queue_length_max=2 * room),
        GroupChange(
            name="new york",
            working_hours=read_working_hours(NEW_YORK, NEW_YORK_HOURS, ()),
            overflow_after_ms=3 * MINUTE,
            queue_length_max=room,
        ),
        GroupChange(
            name="berlin",
            working_hours=read_working_hours(BERLIN, BERLIN_HOURS, ()),
            overflow_after_ms=2 * MINUTE,
            queue_length_max=room,
        ),
    )
    groups: dict[str, str] = {}
    for change in changes:
        chain = replace(change, overflow_groups=tuple(reversed(groups.values())))
        groups[change.name] = (await save_group(world.desk, world.call(), chain)).name
    return groups


async def open_for_good(world: World, groups: dict[str, str]) -> None:
    """From now on always open, so that every message that was left comes in."""
    for name, group in groups.items():
        await save_group(world.desk, world.call(), GroupChange(id=group, name=name, has_tenants_hours=True))


def _always(rule: BindingRule) -> Callable[[BindingRule | None], BindingRule]:
    return lambda _known: rule
