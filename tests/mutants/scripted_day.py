"""A short day step by step, the laws held after every step: what needs no race to be noticed."""

from collections.abc import Collection
from dataclasses import replace
from random import Random

from kefu.desk.binding_rules import save_binding_rule
from kefu.desk.bindings import BindingName, create_binding, delete_binding
from kefu.desk.business_events import IncomingEvent, record_business_event
from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import close_session
from kefu.desk.deadlines import look_at_each_due
from kefu.desk.desk import Desk
from kefu.desk.directory import GroupChange, save_group
from kefu.desk.ingest_message import IncomingMessage, Ingested, ingest_message
from kefu.desk.left_messages import MessageToLeave, leave_message
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.sweep import sweep
from kefu.desk.tenant_settings import update_settings
from kefu.domain.agent import AgentStatus
from kefu.domain.binding_rules import BindingRule, BindingRuleAct, BindingRuleEvent
from kefu.domain.bounds import OVERFLOW_HOPS_MAX
from kefu.domain.channel import Channel
from kefu.domain.instants import MINUTE, SECOND
from kefu.domain.session_ref import SessionRef
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.domain.timeouts import Timeouts
from kefu.store.memory import MemoryStore
from kefu.testing.clocks import NEW_YEAR_2026
from kefu.testing.interleaving import Interleaver, TurnClock, TurnStore, by_priority
from kefu.testing.laws import check_laws
from kefu.testing.watched_store import WatchedStore

TENANT = "1"
CALL = Call(by=Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm"))
RACES = 60


class Day:
    def __init__(self, off: Collection[str], seed: int = 0) -> None:
        random = Random(seed)
        self.turns = Interleaver(by_priority(random))
        self.clock = TurnClock(self.turns, NEW_YEAR_2026)
        self.off = ("L7 order", *off)
        self.watched = WatchedStore(
            MemoryStore(self.clock.now), TENANT, request=self.turns.request, now=self.clock.now, off=off
        )
        self.desk = Desk(store=TurnStore(self.watched, self.turns), clock=self.clock, random=random)

    async def open(self) -> None:
        group = (await save_group(self.desk, CALL, GroupChange(name="G"))).name
        for name, groups in (("a", (group,)), ("b", ())):
            await save_agent(self.desk, CALL, AgentChange(user_name=name, groups=groups, max_sessions=1))
            await self.turn(name, AgentStatus.ONLINE)
        await create_binding(self.desk, CALL, BindingName(business_flag="F", visitor="V"), "a")

    async def arrive(self, visitor: str, **keys: object) -> SessionRef:
        self.clock.advance(1)
        message = IncomingMessage(visitor=visitor, ext={"weichat": {"queueName": "G", **keys}})
        ref = (await ingest_message(self.desk, CALL, message)).session
        await self.hold()
        return ref

    async def turn(self, name: str, status: AgentStatus) -> None:
        self.clock.advance(1)
        await set_agent_status(self.desk, CALL, name, status)
        await self.hold()

    async def hold(self) -> None:
        await check_laws(self.watched, TENANT, self.clock.now(), off=self.off)


async def bound_and_left(off: Collection[str]) -> None:
    """A bound visitor waits for a busy agent, who goes offline; another whose binding ends."""
    for ending in ("offline", "unbound"):
        day = Day(off)
        await day.open()
        await day.turn("a", AgentStatus.BUSY)
        await day.arrive("V", businessFlag="F")
        if ending == "offline":
            await day.turn("a", AgentStatus.OFFLINE)
        else:
            await delete_binding(day.desk, CALL, BindingName(business_flag="F", visitor="V"))
        await day.hold()


async def room_for_two(off: Collection[str]) -> None:
    """Two wait; the agent comes back with room for two."""
    day = Day(off)
    await day.open()
    await day.turn("a", AgentStatus.BUSY)
    for visitor in ("x", "y"):
        await day.arrive(visitor)
    await save_agent(day.desk, CALL, AgentChange(user_name="a", max_sessions=2))
    await day.turn("a", AgentStatus.ONLINE)


async def arrival_and_close(off: Collection[str]) -> None:
    """One arrives at the very moment when the only agent's slot is freed."""
    for seed in range(RACES):
        day = Day(off, seed)
        await day.open()
        busy = await day.arrive("busy")
        message = IncomingMessage(visitor="V2", ext={"weichat": {"queueName": "G"}})
        await day.turns.run(
            {"arrives": ingest_message(day.desk, CALL, message), "closes": close_session(day.desk, CALL, busy)}
        )
        await day.hold()


async def down_a_long_chain(off: Collection[str]) -> None:
    """More groups in a row than a visitor is handed on over; whoever is in the last would serve him."""
    day = Day(off)
    await day.open()
    groups = list[str]()
    for number in range(OVERFLOW_HOPS_MAX + 3):
        name = f"C{OVERFLOW_HOPS_MAX + 2 - number}"
        change = GroupChange(name=name, overflow_groups=tuple(groups[-1:]))
        groups.append((await save_group(day.desk, CALL, change)).name)
    await day.arrive("far", queueName="C0")


async def the_last_one_goes(off: Collection[str]) -> None:
    """He who was ONLINE alone in his group turns away from it while somebody waits there."""
    for status in (AgentStatus.BUSY, AgentStatus.OFFLINE):
        day = Day(off)
        await day.open()
        [group] = day.watched.live.groups
        await save_group(day.desk, CALL, GroupChange(id=group, name="G", overflow_groups=(DEFAULT_GROUP,)))
        for visitor in ("x", "y", "z"):
            await day.arrive(visitor)
        await day.turn("a", status)


async def silence(off: Collection[str]) -> None:
    """A visitor writes again before his agent's time is over, and then nobody says anything any more."""
    day = Day(off)
    await day.open()
    await update_settings(day.desk, CALL, lambda known: replace(known, timeouts=Timeouts(agent_ms=MINUTE)))
    for wait in (MINUTE - SECOND, 2 * SECOND):
        await day.arrive("x")
        day.clock.advance(wait)
    for _ in range(2):
        await look_at_each_due(day.desk)
        await day.hold()
        day.clock.advance(MINUTE)


async def a_message_left(off: Collection[str]) -> None:
    """It waits while nobody is free, and its visitor is away for longer than one who waits may be."""
    day = Day(off)
    await day.open()
    await update_settings(day.desk, CALL, lambda known: replace(known, timeouts=Timeouts(pending_ms=MINUTE)))
    await day.turn("b", AgentStatus.BUSY)
    await leave_message(day.desk, CALL, MessageToLeave(visitor="x", channel=Channel.APP, text="call me"))
    await sweep(day.desk, TENANT)
    await day.hold()
    for _ in range(2):
        day.clock.advance(MINUTE)
        await look_at_each_due(day.desk)
        await day.hold()


RULES = (
    BindingRule(name="first", event=BindingRuleEvent.FIRST_RECEPTION),
    BindingRule(name="closed", event=BindingRuleEvent.EFFECTIVE_RECEPTION, business_flag="care"),
    BindingRule(name="regular", event=BindingRuleEvent.REGULAR_CUSTOMER, business_flag="loyal"),
    BindingRule(name="gone", event=BindingRuleEvent.BUSINESS_EVENT, event_name="gone", act=BindingRuleAct.UNBIND),
)


async def open_with_rules(off: Collection[str], seed: int = 0) -> Day:
    day = Day(off, seed)
    await day.open()
    for rule in RULES:
        await save_binding_rule(day.desk, CALL, rule.name, lambda _, rule=rule: rule)  # type: ignore[misc]
    return day


def message_to(agent: str, channel: Channel) -> IncomingMessage:
    ext = {"weichat": {"agentUsername": agent, "businessFlag": channel.value}}
    return IncomingMessage(visitor="W", channel=channel, ext=ext)


async def rules_in_races(off: Collection[str]) -> None:
    """Two sessions of one visitor begin at once and end at once, while a partner binds him."""
    for seed in range(RACES // 3):
        day = await open_with_rules(off, seed)
        messages = {"one": message_to("a", Channel.APP), "two": message_to("b", Channel.WEB)}
        begun = await day.turns.run({name: ingest_message(day.desk, CALL, each) for name, each in messages.items()})
        await day.hold()
        refs = {name: each.session for name, each in begun.items() if isinstance(each, Ingested)}
        for ref in refs.values():
            await send_message(day.desk, CALL, OutgoingMessage(session=ref, text="hello"))
        closing = {name: close_session(day.desk, CALL, ref) for name, ref in refs.items()}
        bound = create_binding(day.desk, CALL, BindingName(business_flag="care", visitor="W"), "b")
        await day.turns.run({**closing, "binds": bound})
        await day.hold()


async def unbound_by_a_rule(off: Collection[str]) -> None:
    """A bound visitor waits for a busy agent, and a business event ends the binding."""
    day = await open_with_rules(off)
    await day.turn("a", AgentStatus.BUSY)
    await day.arrive("V", businessFlag="F")
    await record_business_event(day.desk, CALL, IncomingEvent(name="gone", visitor="V", business_flag="F"))
    await day.hold()


async def play_day(off: Collection[str]) -> None:
    """Raises `LawBroken` for the first law that does not hold."""
    await bound_and_left(off)
    await room_for_two(off)
    await arrival_and_close(off)
    await the_last_one_goes(off)
    await down_a_long_chain(off)
    await silence(off)
    await a_message_left(off)
    await unbound_by_a_rule(off)
    await rules_in_races(off)
