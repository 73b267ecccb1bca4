"""H10, H13 to H16, H22 and H23: the queue, the survey, feedback, phrases, messages left and history."""

from random import Random

import pytest
from shop import PARTNER, TENANT

from kefu.desk.call import Call
from kefu.desk.visitor_words import save_phrases
from kefu.domain.instants import HOUR, MINUTE, SECOND
from kefu.domain.message import MessageType
from kefu.domain.refusals import Invalid
from kefu.records import ratings, visitor_words
from left_behind import left_by
from wire.huawei.office import PNG, Office, Page


async def test_h10_the_wait_is_told_in_seconds(crowded: Office, page: Page) -> None:
    await (await crowded.page("earlier")).connect()
    crowded.shop.clock.advance(20 * SECOND)
    await page.connect()
    crowded.shop.clock.advance(10 * SECOND)
    queue = await page.queue()
    del queue["resultDesc"]
    assert queue == {
        "resultCode": "0",
        "position": 2,
        "totalWaitTime": 10,
        "currentDeviceWaitTime": 10,
        "configMaxcWaitTime": 0,
        "longestWaitTime": 30,
        "estimateWaitTime": 30,
    }


async def test_w04_after_assignment_it_is_160021_and_after_the_end_5(office: Office, page: Page) -> None:
    await page.connect()
    assert (await page.queue())["resultCode"] == "160021"
    await office.end()
    assert (await page.queue())["resultCode"] == "5"


async def test_h10_without_a_session_it_is_160004(page: Page) -> None:
    assert (await page.queue())["resultCode"] == "160004"


async def test_h10_with_the_bot_it_is_160022(with_bot: Office, page: Page) -> None:
    await page.connect()
    assert (await page.queue())["resultCode"] == "160022"


@pytest.mark.parametrize("body", [{}, {"userId": "xiaoming"}, {"userId": "another", "channelConfigId": "1"}])
async def test_h10_a_wrong_field_is_1(page: Page, body: dict[str, str]) -> None:
    assert (await page.ask("queryQueueInfo", channel="WEB", **body))["resultCode"] == "1"


async def test_w11_a_rating_is_stored_once(office: Office, page: Page) -> None:
    await page.connect()
    first = await page.rate(evaluation="5", npsScore="9", fcrValue="1")
    again = await page.rate(evaluation="1")
    assert (first["resultCode"], first["returnCode"], again["resultCode"]) == ("0", "0", "0")
    given = await ratings.load(office.shop.desk.store, TENANT, (await office.session()).id)
    assert given is not None
    said = given.answers
    assert (said.stars, said.comment, said.recommends, said.was_solved) == (5, "好", 9, True)


async def test_h13_a_closed_session_can_be_rated(office: Office, page: Page) -> None:
    await page.connect()
    await page.send("DISCONNECT")
    assert (await page.rate())["resultCode"] == "0"


async def test_w11_a_rating_is_an_event_of_the_session(office: Office, page: Page) -> None:
    await page.connect()
    await page.rate(evaluation="4")
    assert ((await office.session()).rating, (await office.shop.kinds(await office.ref()))[-1]) == (4, "RATED")


async def test_h13_eight_hours_after_the_end_it_is_too_late(office: Office, page: Page) -> None:
    await page.connect()
    await office.end()
    office.shop.clock.advance(8 * HOUR + 1)
    page = await office.page()
    assert (await page.rate())["resultCode"] == "13"
    assert (await office.session()).rating is None


async def test_h13_without_a_human_there_is_nothing_to_rate(with_bot: Office, page: Page) -> None:
    assert (await page.rate())["resultCode"] == "13"
    await page.connect()
    assert (await page.rate())["resultCode"] == "13"


@pytest.mark.parametrize(
    "wrong",
    [
        {"evaluation": "0"}, {"evaluation": "6"}, {"evaluation": 5}, {"evaluation": "5.0"}, {"evaluation": None},
        {"comment": "x" * 512}, {"comment": 5}, {"npsScore": "11"}, {"npsScore": -1}, {"npsScore": "many"},
        {"fcrValue": "3"}, {"userId": "another"}, {"channel": "PHONE"},
    ],
)  # fmt: skip
async def test_h13_a_wrong_field_is_refused(office: Office, page: Page, wrong: dict[str, object]) -> None:
    await page.connect()
    refused = await page.rate(**wrong)
    assert (refused["resultCode"], refused["returnCode"]) == ("13", "13")
    assert await ratings.load(office.shop.desk.store, TENANT, (await office.session()).id) is None


@pytest.mark.parametrize("path", ["getsatisfactionsurveymode", "getSatisfactionSurveyMode"])
async def test_w14_both_spellings_are_served(page: Page, path: str) -> None:
    survey = (await page.ask(path))["satisfactionSurvey"]
    assert survey["surveyType"] == "WEB"
    assert [level["satisfactionLevelKey"] for level in survey["satisfactionLevel"]] == ["5", "4", "3", "2", "1"]
    assert survey["satisfactionQuestion"] == ["CSAT", "NPS", "FCR"]


@pytest.mark.parametrize(("language", "best"), [("en", "Very satisfied"), ("zh_CN", "非常满意"), (None, "非常满意")])
async def test_h14_levels_are_in_the_language_asked_for(page: Page, language: str | None, best: str) -> None:
    survey = (await page.ask("getsatisfactionsurveymode", language=language))["satisfactionSurvey"]
    assert survey["satisfactionLevel"][0]["satisfactionLevelDesc"] == best


FEEDBACK = "v1/robot/feedbacksatisfaction"


async def test_w09_a_thumb_down_without_a_word_is_30000000008(with_bot: Office, page: Page) -> None:
    await page.connect()
    answer = await page.ask(FEEDBACK, **{"feedback": 0, "from": page.user, "interIdx": "1"})
    assert answer["resultCode"] == "30000000008"


async def test_w09_in_a_human_session_it_is_30000000019(page: Page) -> None:
    await page.connect()
    answer = await page.ask(FEEDBACK, **{"feedback": 1, "from": page.user, "interIdx": "1"})
    assert answer["resultCode"] == "30000000019"


@pytest.mark.parametrize(("feedback", "content"), [(1, None), (0, "not what I asked")])
async def test_h15_an_opinion_of_the_robots_answer_is_kept(
    with_bot: Office, page: Page, feedback: int, content: str | None
) -> None:
    await page.connect()
    body = {"feedback": feedback, "feedbackContent": content, "from": page.user, "interIdx": "a#1"}
    assert (await page.ask(FEEDBACK, **body))["resultCode"] == "0"
    session = await with_bot.session()
    said = await visitor_words.bot_opinion(with_bot.shop.desk.store, TENANT, session.id, "a#1")
    assert said is not None
    assert (said.is_good, said.comment) == (bool(feedback), content or "")


async def test_h15_without_a_session_there_is_nothing_to_judge(page: Page) -> None:
    body = {"feedback": 1, "from": page.user, "interIdx": "1"}
    assert (await page.ask(FEEDBACK, **body))["resultCode"] == "13"


@pytest.mark.parametrize(
    "wrong",
    [{"feedback": "1"}, {"feedback": 2}, {"feedback": None}, {"interIdx": 1}, {"interIdx": ""}, {"from": "another"},
     {"feedbackContent": "x" * 65}],
)  # fmt: skip
async def test_h15_a_wrong_field_is_refused(with_bot: Office, page: Page, wrong: dict[str, object]) -> None:
    await page.connect()
    body = {"feedback": 1, "from": page.user, "interIdx": "1"} | wrong
    assert (await page.ask(FEEDBACK, **body))["resultCode"] == "1"


async def test_h16_at_most_five_phrases_are_offered(office: Office, page: Page) -> None:
    listed = ("Where is my order?", *(f"Order {number}" for number in range(9)), "Goodbye")
    await save_phrases(office.shop.desk, Call(by=PARTNER), listed)
    answer = await page.ask("queryPhraseByKeyword", strContent="ORDER", locale="en", channel="WEB")
    assert answer["resultCode"] == "0"
    assert answer["question"] == ["Where is my order?", "Order 0", "Order 1", "Order 2", "Order 3"]


@pytest.mark.parametrize("typed", ["", "  ", "nothing like it"])
async def test_h16_without_a_match_none_is_offered(office: Office, page: Page, typed: str) -> None:
    await save_phrases(office.shop.desk, Call(by=PARTNER), ("Where is my order?",))
    answer = await page.ask("queryPhraseByKeyword", strContent=typed, locale="en", channel="WEB")
    assert (answer["resultCode"], answer["question"]) == ("0", [])


def phrases_of(characters: int) -> tuple[str, ...]:
    """Of 200 characters each, none of which tells what the next one is."""
    random = Random(1)
    return tuple("".join(chr(random.randrange(0x4E00, 0x9FA5)) for _ in range(200)) for _ in range(characters // 200))


async def test_phrases_that_no_record_can_hold_are_refused(office: Office) -> None:
    with pytest.raises(Invalid, match="bytes"):
        await save_phrases(office.shop.desk, Call(by=PARTNER), phrases_of(200_000))


async def test_as_many_phrases_as_are_accepted_can_be_kept(office: Office, page: Page) -> None:
    listed = phrases_of(82_000)
    await save_phrases(office.shop.desk, Call(by=PARTNER), listed)
    answer = await page.ask("queryPhraseByKeyword", strContent=listed[-1][:10], locale="zh", channel="WEB")
    assert answer["question"] == [listed[-1]]


LEFT = {"callId": "xiaoming", "caller": "13800000000", "leaveMessage": "请回电", "channel": "WEB"}


async def test_w10_a_message_can_be_left(office: Office, page: Page) -> None:
    answer = await page.ask("doLeaveMessage", **LEFT)
    assert (answer["resultCode"], answer["resultDesc"]) == ("0", "Save leaveMessage success!")
    [left] = await left_by(office.shop.desk.store, TENANT, page.user, 10)
    assert (left.phone, left.text) == ("13800000000", "请回电")


@pytest.mark.parametrize("empty", ["", "   "])
async def test_w10_an_empty_one_is_2(page: Page, empty: str) -> None:
    assert (await page.ask("doLeaveMessage", **(LEFT | {"leaveMessage": empty})))["resultCode"] == "2"


@pytest.mark.parametrize(
    "wrong",
    [{"caller": ""}, {"caller": "call me"}, {"caller": 138}, {"callId": "another"}, {"callId": ""},
     {"leaveMessage": None}, {"leaveMessage": "x" * 20_000}, {"channel": "FAX"}],
)  # fmt: skip
async def test_h22_a_wrong_field_is_3(office: Office, page: Page, wrong: dict[str, object]) -> None:
    assert (await page.ask("doLeaveMessage", **(LEFT | wrong)))["resultCode"] == "3"
    assert await left_by(office.shop.desk.store, TENANT, page.user, 10) == []


async def talk(office: Office, page: Page) -> None:
    await page.connect()
    await page.send("CHAT", "one")
    await office.say("two")
    await page.send("DISCONNECT")
    office.shop.clock.advance(MINUTE)
    await page.connect()
    await page.send("CHAT", "three")
    await office.say("four")


async def test_h23_both_sides_of_all_sessions_are_told_newest_first(office: Office, page: Page) -> None:
    await talk(office, page)
    answer = await page.history()
    assert (answer["resultCode"], answer["resultDesc"]) == ("0", "success")
    told = [(each["sourceType"], each["content"], each["senderNickname"]) for each in answer["messageList"]]
    assert told == [
        ("AGENT", "four", "Bob"),
        ("USER", "three", "小明"),
        ("AGENT", "two", "Alice"),
        ("USER", "one", "小明"),
    ]


async def test_h23_pages_follow_each_other(office: Office, page: Page) -> None:
    await talk(office, page)
    pages = [await page.history(limit="1", offset=str(number)) for number in range(5)]
    assert [[each["content"] for each in one["messageList"]] for one in pages] == [
        ["four"], ["three"], ["two"], ["one"], [],
    ]  # fmt: skip


async def test_h23_a_span_of_time_can_be_asked_for(office: Office, page: Page) -> None:
    start = office.shop.clock.now()
    await talk(office, page)
    middle = str(start + MINUTE)
    older = await page.history(endTime=middle)
    newer = await page.history(startTime=middle)
    assert [each["content"] for each in older["messageList"]] == ["two", "one"]
    assert [each["content"] for each in newer["messageList"]] == ["four", "three"]


async def test_h23_a_visitors_history_is_his_own(office: Office, page: Page) -> None:
    await talk(office, page)
    assert (await (await office.page("another")).history())["messageList"] == []


async def test_h23_a_line_that_no_poll_brought_is_there(office: Office, page: Page) -> None:
    await page.connect()
    await office.say("lost on the way")
    await page.poll()
    assert [each["content"] for each in (await page.history())["messageList"]] == ["lost on the way"]


async def test_h23_files_and_cards_are_told_whole(office: Office, page: Page) -> None:
    await page.connect()
    key = (await page.upload(PNG, "png"))["objectKey"]
    await page.send("CHAT", f"a.png,15,{key},png", mediaType="FILE")
    await office.say("订单", type_=MessageType.CARD, title="订单")
    card, file = (await page.history())["messageList"]
    assert (file["mediaType"], file["content"]) == ("FILE", f"a.png,15,{key},png")
    assert (card["mediaType"], card["content"]) == ("WEBCARD", '{"title":"订单"}')


@pytest.mark.parametrize(
    "wrong",
    [{"limit": "0"}, {"limit": "101"}, {"limit": "many"}, {"limit": "-1"}, {"limit": "٣"}, {"limit": "9" * 40},
     {"offset": "1001"}, {"offset": "1\n"}, {"startTime": "yesterday"}, {"userId": "another"}, {"channel": "SMS"}],
)  # fmt: skip
async def test_h23_a_wrong_field_is_1(page: Page, wrong: dict[str, str]) -> None:
    assert (await page.history(**wrong))["resultCode"] == "1"
