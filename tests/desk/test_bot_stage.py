"""The bot stage by the routing design: P24, and "Bot stage, transfers, ends"."""

from dataclasses import dataclass, field, replace

import pytest
from shop import OFFLINE, TENANT, Shop

from kefu.bots.port import BotFailed
from kefu.desk.bot_setup import save_bot, save_faq_entry
from kefu.desk.call import Call, Caller, Role
from kefu.desk.ingest_message import IncomingMessage, Ingested, ingest_message
from kefu.desk.request_human import request_human
from kefu.desk.sweep import sweep
from kefu.domain.bot import BotAnswer, BotQuestion, BotReply, FaqEntry, Menu, MenuEntry
from kefu.domain.channel import Channel
from kefu.domain.decision import DispatchReason, DispatchStep
from kefu.domain.directory import ChannelSettings
from kefu.domain.human_request import transfer_id
from kefu.domain.log import EventKind as Kind
from kefu.domain.message import Message, MessageType
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef

MENU = Menu(
    title="请选择",
    entries=(
        MenuEntry(id="hours", name="营业时间", answer="九点到六点"),
        MenuEntry(id="human", name="找客服", leads_to_human=True),
    ),
)
RETURNS = FaqEntry(question="怎么退货", similar=("如何退款",), keywords=("退换",), answer="七天内可退")
TALK = [Kind.SESSION_BEGIN, Kind.BOT_USER_MESSAGE, Kind.BOT_MESSAGE]


@dataclass
class ScriptedBot:
    """Says what it is told to, and what happens while it thinks happens then."""

    answers: list[BotAnswer | Exception] = field(default_factory=list)
    asked: list[BotQuestion] = field(default_factory=list)
    meanwhile: list[object] = field(default_factory=list)

    async def answer(self, question: BotQuestion) -> BotAnswer:
        self.asked.append(question)
        if self.meanwhile:
            await self.meanwhile.pop(0)  # type: ignore[misc]
        answer = self.answers.pop(0) if self.answers else BotAnswer(replies=(BotReply(text="好的"),))
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
async def shop(g1_and_presales: Shop) -> Shop:
    shop = g1_and_presales
    await shop.settings(channels=(ChannelSettings(channel=Channel.WEB, has_bot=True),))
    await shop.step(save_bot(shop.desk, shop.call(), lambda known: replace(known, menu=MENU)))
    await shop.step(save_faq_entry(shop.desk, shop.call(), RETURNS))
    return shop


@pytest.fixture
def scripted(shop: Shop) -> ScriptedBot:
    bot = ScriptedBot()
    shop.desk = replace(shop.desk, built_in_bot=bot)
    return bot


async def says(
    shop: Shop, text: str = "", *, ext: dict[str, object] | None = None, client_message_id: str | None = None
) -> SessionRef:
    said = await shop.ingest("V", text, ext, channel=Channel.WEB, client_message_id=client_message_id)
    return said.session


async def commands(shop: Shop, action: str, ext: dict[str, object] | None = None) -> Ingested:
    payload: dict[str, object] = {"action": action}
    return await shop.ingest("V", "", ext, channel=Channel.WEB, type_=MessageType.COMMAND, payload=payload)


async def said_by_bot(shop: Shop, ref: SessionRef) -> list[Message]:
    return [entry.message for entry in await shop.log(ref) if entry.kind is Kind.BOT_MESSAGE and entry.message]


async def bot_step(shop: Shop, ref: SessionRef) -> DispatchStep:
    return next(step for step in (await shop.decision(ref)).steps if step.rule == "BOT")


async def test_p24_bot_until_transfer_then_the_rules(shop: Shop) -> None:
    ref = await says(shop, "怎么退货")
    assert await shop.where(ref) == "BOT"
    assert await says(shop, "转人工", ext={"weichat": {"queueName": "售前"}}) == ref
    assert await shop.where(ref) == "with d"


async def test_the_log_of_a_bot_talk_is_in_the_order_of_the_design(shop: Shop) -> None:
    for name in "abcd":
        await shop.turn(name, OFFLINE)
    ref = await says(shop, "怎么退货")
    await says(shop, "转人工")
    assert await shop.kinds(ref) == [
        *TALK, Kind.BOT_MESSAGE,
        Kind.BOT_USER_MESSAGE, Kind.HUMAN_REQUESTED, Kind.NO_AGENT_ONLINE, Kind.QUEUED,
    ]  # fmt: skip


async def test_a_channel_without_a_bot_starts_at_step_1(shop: Shop) -> None:
    assert await shop.where(await shop.write("V")) == "with c"


async def test_an_agent_username_goes_past_the_bot(shop: Shop) -> None:
    ref = await says(shop, "你好", ext={"weichat": {"agentUsername": "a"}})
    assert await shop.where(ref) == "with a"


async def test_a_session_with_the_bot_holds_no_slot_and_stands_in_no_line(shop: Shop) -> None:
    session = await shop.session(await says(shop, "你好"))
    assert (session.state, session.line, session.agent) == (SessionState.BOT, None, None)
    assert [(await shop.agent_now(name)).active_sessions for name in "abcd"] == [0, 0, 0, 0]


@pytest.mark.parametrize("text", ["转人工", "转人工客服", " 转人工 ", "真人", "HUMAN please"])
async def test_a_text_equal_to_a_transfer_keyword_asks_for_a_human(shop: Shop, text: str) -> None:
    await shop.settings(transfer_label="真人", transfer_keywords=("human PLEASE",))
    ref = await says(shop, "你好")
    await says(shop, text)
    assert await shop.where(ref) == "with c"


async def test_a_keyword_in_the_human_stage_is_an_ordinary_message(shop: Shop) -> None:
    ref = await says(shop, "转人工")
    await says(shop, "转人工")
    assert (await shop.kinds(ref))[-1] is Kind.USER_MESSAGE
    assert (await shop.kinds(ref)).count(Kind.HUMAN_REQUESTED) == 1


async def test_the_command_of_the_transfer_button_asks_for_a_human(shop: Shop) -> None:
    ref = await says(shop, "你好")
    await commands(shop, "TransferToKf")
    assert await shop.where(ref) == "with c"


async def test_an_id_we_issued_asks_for_a_human(shop: Shop) -> None:
    ref = await says(shop, "你好")
    hint = (await said_by_bot(shop, ref))[-1]
    assert transfer_id(ref.id) in hint.ext
    await commands(shop, transfer_id(ref.id))
    assert await shop.where(ref) == "with c"


async def test_an_id_issued_in_an_earlier_session_asks_for_a_human_too(shop: Shop) -> None:
    earlier = await says(shop, "你好")
    await shop.close(earlier)
    ref = await says(shop, "你好")
    await commands(shop, transfer_id(earlier.id), {"weichat": {"ctrlArgs": {"serviceSessionId": earlier.id}}})
    assert await shop.where(ref) == "with c"


@pytest.mark.parametrize("action", ["transfer", "", "0123456789abcdef0123456789abcdef"])
async def test_an_id_we_did_not_issue_asks_for_nobody(shop: Shop, action: str) -> None:
    ref = await says(shop, "你好")
    await commands(shop, action)
    assert await shop.where(ref) == "BOT"


async def test_the_second_request_for_a_human_is_a_no_op(shop: Shop) -> None:
    ref = await says(shop, "转人工")
    before = await shop.kinds(ref)
    await shop.step(request_human(shop.desk, shop.call(), ref))
    assert await shop.kinds(ref) == before


@pytest.mark.parametrize("shape", ["id", "text"])
async def test_a_menu_choice_that_leads_to_a_human_does(shop: Shop, shape: str) -> None:
    ref = await says(shop, "你好")
    await says(shop, "找客服" if shape == "text" else "客服", ext={"msgtype": {"choice": {"menuid": "human"}}})
    assert await shop.where(ref) == "with c"
    assert (await bot_step(shop, ref)).reason is DispatchReason.BOT_HANDED_OVER


async def test_a_menu_choice_is_answered(shop: Shop) -> None:
    ref = await says(shop, "你好")
    await says(shop, "营业时间")
    assert (await said_by_bot(shop, ref))[-1].text == "九点到六点"


@pytest.mark.parametrize("text", ["怎么退货", "请问怎么退货？谢谢", "如何退款?", "想退换一下", "怎么 退货!"])
async def test_a_question_of_the_tenants_list_is_answered(shop: Shop, text: str) -> None:
    ref = await says(shop, "你好")
    await says(shop, text)
    assert (await said_by_bot(shop, ref))[-1].text == "七天内可退"


async def test_the_bot_that_has_no_answer_too_often_hands_over(shop: Shop) -> None:
    ref = await says(shop, "你好")
    for _ in range(2):
        await says(shop, "qwertyuiop")
        assert await shop.where(ref) == "BOT"
    await says(shop, "qwertyuiop")
    assert await shop.where(ref) == "with c"


@pytest.mark.parametrize("failure", [BotFailed("no answer within 3 s"), ValueError("a mistake in it")])
async def test_a_slow_or_broken_bot_hands_over_and_it_is_recorded(
    shop: Shop, scripted: ScriptedBot, failure: Exception
) -> None:
    scripted.answers.append(failure)
    ref = await says(shop, "你好")
    assert await shop.where(ref) == "with c"
    step = await bot_step(shop, ref)
    told = "no answer within 3 s" if isinstance(failure, BotFailed) else "it broke"
    assert (step.reason, step.detail) == (DispatchReason.BOT_FAILED, told)


async def test_a_bot_that_says_nothing_is_broken(shop: Shop, scripted: ScriptedBot) -> None:
    scripted.answers.append(BotAnswer())
    assert await shop.where(await says(shop, "你好")) == "with c"


async def test_a_bot_may_answer_and_hand_over_in_one_commit(shop: Shop, scripted: ScriptedBot) -> None:
    scripted.answers.append(BotAnswer(replies=(BotReply(text="马上"),) * 9, hands_over=True))
    ref = await says(shop, "你好")
    expected = [*TALK[:2], *[Kind.BOT_MESSAGE] * 4, Kind.HUMAN_REQUESTED, Kind.ASSIGNED]
    assert await shop.kinds(ref) == expected


async def test_a_bot_is_asked_after_the_message_is_committed(shop: Shop, scripted: ScriptedBot) -> None:
    kinds: list[Kind] = []

    async def look() -> None:
        session = scripted.asked[-1].ref
        kinds.extend(await shop.kinds(session))

    scripted.meanwhile.append(look())
    await says(shop, "你好")
    assert kinds == TALK[:2]


async def test_an_answer_that_comes_after_a_human_was_asked_for_is_dropped(shop: Shop, scripted: ScriptedBot) -> None:
    async def asks() -> None:
        await request_human(shop.desk, shop.call(), scripted.asked[-1].ref)

    scripted.meanwhile.append(asks())
    ref = await says(shop, "你好")
    assert await shop.kinds(ref) == [*TALK[:2], Kind.HUMAN_REQUESTED, Kind.ASSIGNED]


async def test_an_answer_that_comes_after_the_end_is_dropped(shop: Shop, scripted: ScriptedBot) -> None:
    async def closes() -> None:
        await shop.close(scripted.asked[-1].ref)

    scripted.meanwhile.append(closes())
    ref = await says(shop, "你好")
    assert await shop.kinds(ref) == [*TALK[:2], Kind.AGENT_END, Kind.SESSION_END]


async def test_an_answer_that_comes_after_a_later_messages_is_dropped(shop: Shop, scripted: ScriptedBot) -> None:
    scripted.answers.append(BotAnswer(replies=(BotReply(text="later"),)))

    async def writes() -> None:
        message = IncomingMessage(visitor="V", channel=Channel.WEB, text="还在吗")
        await ingest_message(shop.desk, shop.call(), message)

    scripted.meanwhile.append(writes())
    ref = await says(shop, "你好")
    assert [each.text for each in await said_by_bot(shop, ref)] == ["later"]
    assert (await shop.session(ref)).owed_answer is None


async def crashed(shop: Shop, scripted: ScriptedBot) -> SessionRef:
    """A session whose process died while the bot was thinking."""

    async def dies() -> None:
        raise KeyboardInterrupt

    scripted.meanwhile.append(dies())
    message = IncomingMessage(visitor="V", channel=Channel.WEB, text="你好", client_message_id="m1")
    with pytest.raises(KeyboardInterrupt):
        await ingest_message(shop.desk, shop.call(), message)
    ref = scripted.asked[-1].ref
    assert (await shop.session(ref)).owed_answer == 2
    return ref


async def test_a_lost_answer_is_asked_for_again_by_the_sweep(shop: Shop, scripted: ScriptedBot) -> None:
    ref = await crashed(shop, scripted)
    await shop.step(sweep(shop.desk, TENANT))
    assert await shop.kinds(ref) == TALK
    await shop.step(sweep(shop.desk, TENANT))
    assert await shop.kinds(ref) == TALK


async def test_a_lost_answer_comes_with_the_visitors_next_message(shop: Shop, scripted: ScriptedBot) -> None:
    ref = await crashed(shop, scripted)
    await says(shop, "在吗")
    assert await shop.kinds(ref) == [*TALK[:2], Kind.BOT_USER_MESSAGE, Kind.BOT_MESSAGE]
    assert [each.text for each in scripted.asked[-1].recent] == ["你好", "在吗"]


async def test_a_lost_answer_comes_with_the_repeated_message(shop: Shop, scripted: ScriptedBot) -> None:
    ref = await crashed(shop, scripted)
    assert await says(shop, "你好", client_message_id="m1") == ref
    assert await shop.kinds(ref) == TALK


async def test_a_bot_that_was_switched_off_gives_its_sessions_up(shop: Shop) -> None:
    ref = await says(shop, "你好")
    await shop.settings(channels=())
    await says(shop, "在吗")
    assert await shop.where(ref) == "with c"
    assert (await bot_step(shop, ref)).reason is DispatchReason.NO_BOT


async def test_the_visitor_can_close_in_the_bot_stage(shop: Shop) -> None:
    ref = await says(shop, "你好")
    await shop.close(ref)
    assert (await shop.kinds(ref))[-2:] == [Kind.AGENT_END, Kind.SESSION_END]


async def test_a_command_between_programs_is_not_answered(shop: Shop) -> None:
    ref = await says(shop, "你好")
    before = len(await said_by_bot(shop, ref))
    await commands(shop, "KF-READ")
    assert len(await said_by_bot(shop, ref)) == before


@pytest.mark.parametrize("role", [Role.AGENT, Role.VISITOR])
async def test_the_bot_is_set_up_by_staff_alone(shop: Shop, role: Role) -> None:
    from kefu.domain.refusals import Declined  # noqa: PLC0415  beside the one use of it

    caller = Caller(tenant=TENANT, role=role, user_name="a")
    with pytest.raises(Declined):
        await save_bot(shop.desk, Call(by=caller), lambda known: known)
