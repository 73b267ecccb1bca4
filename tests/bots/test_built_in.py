"""What the built-in bot makes of a question."""

from dataclasses import replace

import pytest

from kefu.bots.built_in import answer, rank
from kefu.domain.bot import BotConfiguration, BotQuestion, FaqEntry, Menu, MenuEntry, MenuShape, reply_ext
from kefu.domain.channel import Channel
from kefu.domain.message import Message, MessageSender, MessageType
from kefu.domain.session_ref import SessionRef

FAQ = (
    FaqEntry(question="怎么退货", similar=("如何退款",), keywords=("退换",), answer="returns"),
    FaqEntry(question="怎么付款", keywords=("发票抬头",), answer="payment"),
    FaqEntry(question="Where is my order?", keywords=("发票",), answer="order"),
    FaqEntry(question="How long does shipping take?", answer="shipping"),
)
MENU = Menu(title="t", entries=(MenuEntry(id="1", name="Hours", answer="nine to six"),), shape=MenuShape.LIST)


def said(text: str, sender: MessageSender = MessageSender.VISITOR) -> Message:
    return Message(id="m", sender=sender, text=text, sent_at=1)


def asked(text: str, *, is_first: bool = False, before: tuple[str, ...] = (), menu: Menu | None = None) -> BotQuestion:
    message = said(text)
    return BotQuestion(
        ref=SessionRef("V", Channel.WEB, 1, "s"),
        seq=2,
        message=message,
        asked_at=2,
        recent=(*(said(each, MessageSender.BOT) for each in before), message),
        is_first=is_first,
        configuration=BotConfiguration(greeting="hello", fallback="what?", menu=menu, misses_max=2),
        faq=FAQ,
    )


def words(question: BotQuestion) -> list[str]:
    return [reply.text for reply in answer(question).replies]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("怎么退货", "returns"),
        ("您好，请问怎么退货呢？", "returns"),
        ("如何退款", "returns"),
        ("我要退换", "returns"),
        ("怎么付款？", "payment"),
        ("怎么付宽", "payment"),
        ("发票抬头怎么写", "payment"),
        ("开发票", "order"),
        ("where is my oder", "order"),
        ("WHERE IS MY ORDER", "order"),
        ("Ｗｈｅｒｅ is my order", "order"),
        ("how long does shipping take", "shipping"),
    ],
)
def test_what_was_meant_is_answered(text: str, expected: str) -> None:
    assert words(asked(text)) == [expected]


@pytest.mark.parametrize("text", ["天气好吗", "hi", "?", "is", "😀", "x" * 5_000])
def test_what_is_like_nothing_is_not_answered(text: str) -> None:
    assert words(asked(text)) == ["what?"]


def test_what_may_have_been_meant_is_offered() -> None:
    [reply] = answer(asked("退货运费")).replies
    assert reply.menu is not None
    assert "怎么退货" in [each.name for each in reply.menu.entries]


def test_the_order_of_equals_does_not_depend_on_the_list() -> None:
    assert rank("怎么", FAQ) == rank("怎么", FAQ[::-1])


def test_the_first_answer_greets() -> None:
    assert words(asked("天气好吗", is_first=True)) == ["hello"]
    assert words(asked("怎么退货", is_first=True)) == ["hello", "returns"]
    assert words(asked("天气好吗", is_first=True, menu=MENU)) == ["hello", "t"]


def test_misses_count_in_a_row() -> None:
    assert answer(asked("天气好吗", before=("what?", "what?"))).hands_over
    assert not answer(asked("天气好吗", before=("what?", "returns", "what?"))).hands_over


def test_a_menu_of_texts_is_a_list() -> None:
    *_, reply = answer(asked("天气好吗", is_first=True, menu=MENU)).replies
    ext = reply_ext(reply, "s", "human")
    assert ext is not None
    assert ext["msgtype"] == {"choice": {"title": "t", "list": ["Hours"]}}


def test_a_picture_is_not_understood() -> None:
    picture = Message(id="m", sender=MessageSender.VISITOR, type=MessageType.IMAGE, payload='{"u":1}', sent_at=1)
    assert [each.text for each in answer(replace(asked(""), message=picture)).replies] == ["what?"]
