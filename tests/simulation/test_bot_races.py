"""Every history of two requests around a bot's answer and around a rating."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest

from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import close_session
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.ratings import submit_rating
from kefu.desk.request_human import request_human
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.tenant_settings import update_settings
from kefu.domain.agent import AgentStatus
from kefu.domain.bot import BotAnswer, BotQuestion, BotReply
from kefu.domain.channel import Channel
from kefu.domain.directory import ChannelSettings
from kefu.domain.log import EventKind as Kind
from kefu.domain.rating import RatingAnswers
from kefu.domain.refusals import Declined, RefusalCode
from kefu.domain.session_ref import SessionRef
from kefu.store.memory import MemoryStore
from kefu.testing.clocks import NEW_YEAR_2026
from kefu.testing.interleaving import Interleaver, Turn, TurnClock, TurnKind, TurnStore, every_history
from kefu.testing.laws import check_laws
from kefu.testing.watched_store import WatchedStore

TENANT = "1"
CALL = Call(by=Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm"))
HISTORIES_MAX = 60_000

Request = Callable[[Desk, SessionRef], Coroutine[Any, Any, object]]


@dataclass(frozen=True)
class ThinkingBot:
    turns: Interleaver
    hands_over: bool

    async def answer(self, question: BotQuestion) -> BotAnswer:
        await self.turns.turn(TurnKind.PAUSE, "the bot thinks")
        return BotAnswer(replies=(BotReply(text=f"to {question.seq}"),), hands_over=self.hands_over)


def writes(text: str) -> Request:
    message = IncomingMessage(visitor="V", channel=Channel.WEB, text=text)
    return lambda desk, _: ingest_message(desk, CALL, message)


def asks(desk: Desk, ref: SessionRef) -> Coroutine[Any, Any, object]:
    return request_human(desk, CALL, ref)


def closes(desk: Desk, ref: SessionRef) -> Coroutine[Any, Any, object]:
    return close_session(desk, CALL, ref)


def rates(stars: int) -> Request:
    return lambda desk, ref: submit_rating(desk, CALL, ref, RatingAnswers(stars=stars))


WITH_BOT: dict[str, tuple[Request, Request]] = {
    "a bot's answer and a request for a human": (writes("?"), asks),
    "a bot's answer and a transfer keyword": (writes("?"), writes("转人工")),
    "a bot's answer and a close": (writes("?"), closes),
    "two messages to the bot": (writes("one"), writes("two")),
}
WITH_AGENT: dict[str, tuple[Request, Request]] = {
    "a rating and a close": (rates(5), closes),
    "two ratings": (rates(5), rates(1)),
}


async def _play(
    requests: Sequence[Request], choose: Callable[[Sequence[Turn]], int], *, hands_over: bool
) -> list[Kind]:
    """What the log of V's first session says in the end."""
    interleaver = Interleaver(choose, whole_fan_outs=True)
    clock = TurnClock(interleaver, NEW_YEAR_2026)
    watched = WatchedStore(MemoryStore(clock.now), TENANT, request=interleaver.request, now=clock.now)
    bot = ThinkingBot(interleaver, hands_over=False)
    desk = Desk(store=TurnStore(watched, interleaver), clock=clock, random=Random(1), built_in_bot=bot)
    await save_agent(desk, CALL, AgentChange(user_name="a", max_sessions=1))
    await set_agent_status(desk, CALL, "a", AgentStatus.ONLINE)
    channel = ChannelSettings(channel=Channel.WEB, has_bot=True)
    await update_settings(desk, CALL, lambda known: replace(known, channels=(channel,)))
    is_rated = requests[0] not in [each[0] for each in WITH_BOT.values()]
    ref = (await ingest_message(desk, CALL, IncomingMessage(visitor="V", channel=Channel.WEB, text="hi"))).session
    if is_rated:
        await request_human(desk, CALL, ref)
    desk = replace(desk, built_in_bot=ThinkingBot(interleaver, hands_over=hands_over))
    results = await interleaver.run({name: each(desk, ref) for name, each in zip("AB", requests, strict=True)})
    for result in results.values():
        if isinstance(result, BaseException):
            assert isinstance(result, Declined)
            assert result.code in (RefusalCode.RATING_EXISTS, RefusalCode.SESSION_CLOSED)
    await check_laws(watched, TENANT, clock.now(), off=["L7 order"])
    return [entry.kind for entry in watched.live.logs[ref.id]]


@pytest.mark.parametrize("race", WITH_BOT)
@pytest.mark.parametrize("mood", ["answers", "hands over"])
async def test_in_every_history_a_bots_answer_counts_while_it_has_the_session_and_no_longer(
    race: str, mood: str
) -> None:
    async def once(choose: Callable[[Sequence[Turn]], int]) -> None:
        kinds = await _play(WITH_BOT[race], choose, hands_over=mood == "hands over")
        assert kinds.count(Kind.HUMAN_REQUESTED) <= 1

    assert await every_history(once, histories_max=HISTORIES_MAX) >= 4


@pytest.mark.parametrize("race", WITH_AGENT)
async def test_in_every_history_a_session_is_rated_once(race: str) -> None:
    async def once(choose: Callable[[Sequence[Turn]], int]) -> None:
        kinds = await _play(WITH_AGENT[race], choose, hands_over=False)
        assert kinds.count(Kind.RATED) == 1
        assert kinds.count(Kind.SESSION_END) == (race == "a rating and a close")

    assert await every_history(once, histories_max=HISTORIES_MAX) >= 4
