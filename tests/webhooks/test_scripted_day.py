"""One day in which every kind of event happens, and what a receiver written for Tencent is told of it, whole and in order."""

from collections.abc import Awaitable
from dataclasses import dataclass, field, replace

import pytest
from shop import OFFLINE, ONLINE, PARTNER, TENANT

from kefu.desk.bot_setup import save_faq_entry
from kefu.desk.call import Call, Role
from kefu.desk.close_session import close_session
from kefu.desk.deadlines import look_at_each_due
from kefu.desk.directory import GroupChange, save_group
from kefu.desk.ratings import invite_rating, submit_rating
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.sweep import sweep
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.bot import FaqEntry
from kefu.domain.channel import Channel
from kefu.domain.directory import ChannelSettings
from kefu.domain.instants import HOUR, MINUTE, SECOND
from kefu.domain.log import EventKind as Kind
from kefu.domain.rating import RatingAnswers
from kefu.domain.session_ref import SessionRef
from kefu.domain.timeouts import Timeouts
from kefu.domain.webhook import Dialect
from kefu.domain.working_hours import WorkingHours
from kefu.wire.tencent.session_events import EVENT_NAMES
from webhooks.stage import Outlet

PRESALES, AFTER_SALES = "售前", "售后"
VISITOR_MS, AGENT_MS, PENDING_MS, WARNING_MS = 10 * MINUTE, 5 * MINUTE, 3 * MINUTE, MINUTE
NINE_TO_SIX = WorkingHours(zone="Etc/UTC", weekly=(((9 * 60, 18 * 60),),) * 7)
TENCENTS_EVENTS = 17
GREETED = [("SessionBegin", ""), ("Human.UserSendMsg", ""), ("TransferringToHuman", "")]
ASKED_THE_BOT = [
    ("SessionBegin", ""),
    ("ChatBot.UserSendMsg", ""),
    ("ChatBot.RobotSendMsg", ""),
    ("ChatBot.RobotSendMsg", ""),
]
"""It greets, and answers."""


@dataclass(slots=True)
class Day:
    """Who is played has his own session, by his name."""

    outlet: Outlet
    sessions: dict[str, SessionRef] = field(default_factory=dict)

    async def writes(self, visitor: str, text: str = "您好", channel: Channel = Channel.APP, **keys: str) -> None:
        ext: dict[str, object] | None = {"weichat": keys} if keys else None
        said = await self.outlet.shop.ingest(visitor, text, ext, channel=channel)
        self.sessions[visitor] = said.session

    async def answers(self, visitor: str) -> None:
        shop, message = self.outlet.shop, OutgoingMessage(session=self.sessions[visitor], text="您好,请讲")
        await self.step(send_message(shop.desk, shop.call(), message))

    async def is_handed_to(self, visitor: str, agent: str) -> None:
        shop, target = self.outlet.shop, TransferTarget(agent=agent)
        await self.step(transfer_session(shop.desk, shop.call(), self.sessions[visitor], target))

    async def is_invited(self, visitor: str) -> None:
        shop = self.outlet.shop
        await self.step(invite_rating(shop.desk, shop.call(), self.sessions[visitor]))

    async def rates(self, visitor: str, stars: int) -> None:
        shop, answers = self.outlet.shop, RatingAnswers(stars=stars)
        await self.step(submit_rating(shop.desk, self.by(visitor), self.sessions[visitor], answers))

    async def leaves(self, visitor: str) -> None:
        await self.step(close_session(self.outlet.shop.desk, self.by(visitor), self.sessions[visitor]))

    async def is_closed(self, visitor: str) -> None:
        await self.outlet.shop.close(self.sessions[visitor])

    async def passes(self, milliseconds: int) -> None:
        """Twice a minute somebody looks at what is due; then what happened is told."""
        for _ in range(0, milliseconds, 30 * SECOND):
            self.outlet.shop.clock.advance(30 * SECOND)
            await self.step(look_at_each_due(self.outlet.shop.desk))
        await self.step(sweep(self.outlet.shop.desk, TENANT))
        await self.outlet.publish()

    async def step(self, happening: Awaitable[object]) -> None:
        await self.outlet.shop.step(happening)

    def by(self, visitor: str) -> Call:
        return Call(by=replace(PARTNER, role=Role.VISITOR, user_name=visitor))

    def told(self, visitor: str) -> list[tuple[str, str]]:
        """Event and agent of every call-back about this visitor, as they came."""
        bodies = [each.body for each in self.outlet.receivers.taken]
        return [(each["Event"], each["AgentId"]) for each in bodies if each["ClientUserId"] == visitor]

    async def kinds(self, visitor: str) -> list[Kind]:
        return await self.outlet.shop.kinds(self.sessions[visitor])


@pytest.fixture
async def day() -> Day:
    outlet = await Outlet.open()
    shop = outlet.shop
    await shop.turn("a", OFFLINE)
    await shop.group(AFTER_SALES)
    await shop.group(PRESALES)
    chain = (shop.groups[AFTER_SALES],)
    change = GroupChange(id=shop.groups[PRESALES], name=PRESALES, overflow_groups=chain, overflow_after_ms=2 * MINUTE)
    await shop.step(save_group(shop.desk, shop.call(), change))
    await shop.agent("p", PRESALES)
    await shop.agent("q", AFTER_SALES, status=OFFLINE)
    faq = FaqEntry(question="怎么退货", answer="七天内可退")
    await shop.step(save_faq_entry(shop.desk, shop.call(), faq))
    await shop.settings(
        channels=(ChannelSettings(channel=Channel.WEB, has_bot=True),),
        working_hours=NINE_TO_SIX,
        timeouts=Timeouts(visitor_ms=VISITOR_MS, agent_ms=AGENT_MS, pending_ms=PENDING_MS, warning_ms=WARNING_MS),
    )
    await outlet.hook(dialect=Dialect.TENCENT, sdk_app_id="1400000000", secret="mytoken")
    return Day(outlet)


async def play(day: Day) -> None:
    shop = day.outlet.shop
    await day.writes("at night")
    shop.clock.advance(9 * HOUR)
    await morning(day)
    await noon(day)
    await afternoon(day)


async def morning(day: Day) -> None:
    """A bot, nobody online, a queue, an overflow, an agent, another one, and five stars."""
    shop = day.outlet.shop
    await day.writes("first", queueName=PRESALES)
    await day.writes("guest", "怎么退货", Channel.WEB)
    await day.writes("guest", "转人工", Channel.WEB, queueName=PRESALES)
    await day.answers("first")
    await day.passes(2 * MINUTE + 30 * SECOND)
    await shop.turn("q", ONLINE)
    await day.writes("guest", "在吗", Channel.WEB)
    await day.answers("guest")
    await day.leaves("first")
    await day.is_handed_to("guest", "p")
    await day.answers("guest")
    await day.is_invited("guest")
    await day.is_closed("guest")
    await day.rates("guest", 5)


async def noon(day: Day) -> None:
    """Who waits where nobody is online goes; whoever has an agent falls silent, or the agent does."""
    shop = day.outlet.shop
    await shop.turn("q", OFFLINE)
    await day.writes("gone", queueName=AFTER_SALES)
    await day.passes(PENDING_MS + MINUTE)
    await day.writes("silent", queueName=PRESALES)
    await day.answers("silent")
    await day.passes(VISITOR_MS + MINUTE)
    await shop.turn("q", ONLINE)
    await day.writes("ignored", queueName=AFTER_SALES)
    await day.passes(AGENT_MS + MINUTE)


async def afternoon(day: Day) -> None:
    await day.writes("asleep", "怎么退货", Channel.WEB)
    await day.passes(VISITOR_MS + MINUTE)


@pytest.fixture
async def played(day: Day) -> Day:
    await play(day)
    await day.outlet.publish()
    return day


async def test_every_kind_of_event_happens_in_one_day(played: Day) -> None:
    happened = {kind for visitor in played.sessions for kind in await played.kinds(visitor)}
    assert happened == set(Kind)


async def test_all_of_tencents_events_are_told_of_it(played: Day) -> None:
    told = {event for visitor in played.sessions for event, _ in played.told(visitor)}
    assert (told, len(told)) == (set(EVENT_NAMES.values()), TENCENTS_EVENTS)


async def test_each_sessions_call_backs_come_whole_and_in_the_order_of_its_log(played: Day) -> None:
    assert {visitor: played.told(visitor) for visitor in played.sessions} == {
        "at night": [
            *GREETED[:2],
            ("ChatBot.RobotSendMsg", ""),
            ("SessionPendingAutoFinishEnd", ""),
            ("SessionEnd", ""),
        ],
        "first": [
            *GREETED,
            ("TransferToHumanSuccess", "p"),
            ("Human.AgentSendMsg", "p"),
            ("SessionUserEnd", "p"),
            ("SessionEnd", "p"),
        ],
        "guest": [
            *ASKED_THE_BOT,
            ("ChatBot.UserSendMsg", ""),
            ("TransferringToHuman", ""),
            ("TransferringToHumanWait", ""),
            ("NoAgentOnline", ""),  # down the chain, where nobody is
            ("TransferringToHumanWait", ""),
            ("TransferToHumanSuccess", "q"),
            ("Human.UserSendMsg", "q"),
            ("Human.AgentSendMsg", "q"),
            ("AgentForward", "p"),
            ("Human.AgentSendMsg", "p"),
            ("SessionAgentEnd", "p"),
            ("SessionEnd", "p"),
            ("SatisfactionSelected", "p"),
        ],
        "gone": [
            *GREETED,
            ("NoAgentOnline", ""),
            ("TransferringToHumanWait", ""),
            ("SessionPendingAutoFinishEnd", ""),
            ("SessionEnd", ""),
        ],
        "silent": [
            *GREETED,
            ("TransferToHumanSuccess", "p"),
            ("Human.AgentSendMsg", "p"),
            ("SessionUserTimeoutEnd", "p"),
            ("SessionEnd", "p"),
        ],
        "ignored": [
            *GREETED,
            ("TransferToHumanSuccess", "q"),
            ("SessionAgentTimeoutEnd", "q"),
            ("SessionEnd", "q"),
        ],
        "asleep": [*ASKED_THE_BOT, ("SessionUserTimeoutEnd", ""), ("SessionEnd", "")],
    }


async def test_the_log_of_the_longest_session_is_in_order_with_what_receivers_are_not_told(played: Day) -> None:
    assert await played.kinds("guest") == [
        Kind.SESSION_BEGIN, Kind.BOT_USER_MESSAGE, Kind.BOT_MESSAGE, Kind.BOT_MESSAGE,
        Kind.BOT_USER_MESSAGE, Kind.HUMAN_REQUESTED, Kind.QUEUED,
        Kind.TIMEOUT_WARNED, Kind.OVERFLOWED, Kind.NO_AGENT_ONLINE, Kind.QUEUED,
        Kind.ASSIGNED, Kind.USER_MESSAGE, Kind.AGENT_MESSAGE, Kind.TRANSFERRED, Kind.AGENT_MESSAGE,
        Kind.RATING_INVITED, Kind.AGENT_END, Kind.SESSION_END, Kind.RATED,
    ]  # fmt: skip


async def test_no_session_ends_for_silence_unwarned(played: Day) -> None:
    for_silence = {Kind.USER_TIMEOUT_END, Kind.AGENT_TIMEOUT_END, Kind.PENDING_AUTO_END}
    for visitor in played.sessions:
        kinds = await played.kinds(visitor)
        if ended := for_silence.intersection(kinds):
            [end] = ended
            assert kinds[-3:] == [Kind.TIMEOUT_WARNED, end, Kind.SESSION_END], visitor


async def test_call_backs_come_once_and_in_the_order_of_their_times(played: Day) -> None:
    taken = played.outlet.receivers.taken
    assert len({each.query["RequestID"] for each in taken}) == len(taken)
    for visitor in played.sessions:
        times = [each.body["EventTime"] for each in taken if each.body["ClientUserId"] == visitor]
        assert times == sorted(times), visitor
