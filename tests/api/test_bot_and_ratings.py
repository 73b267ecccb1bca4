"""A bot that the tenant sets up, and ratings, over the API."""

from datetime import UTC, datetime
from typing import Any

import pytest

from api.company import Company
from kefu.domain.channel import Channel

TALK = "session { id state lastMessage { sender text payload ext } }"
SPAN = {"since": "2000-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
MENU: dict[str, Any] = {
    "title": "请选择",
    "entries": [
        {"id": "1", "name": "营业时间", "answer": "九点到六点"},
        {"id": "2", "name": "客服", "leadsToHuman": True},
    ],
}
BOT = "bot { greeting fallback handsOverAfter menu { title shape entries { id name answer leadsToHuman } } webhookUrl webhookTimeout }"


async def talk(company: Company, text: str) -> dict[str, Any]:
    said = await company.partner.do("messageIngest", TALK, visitorUserName="V", channel="WEB", text=text)
    session: dict[str, Any] = said["session"]
    return session


async def test_a_tenants_bot_answers_his_visitors(company: Company) -> None:
    await company.bot(Channel.WEB)
    await company.partner.do("faqEntrySave", question="怎么退货", keywords=["退换"], answer="七天内可退")
    assert (await talk(company, "我想退换"))["lastMessage"] == {
        "sender": "BOT", "text": "七天内可退", "payload": None, "ext": None,
    }  # fmt: skip
    await company.check_laws()


@pytest.mark.parametrize(("shape", "listed"), [("ITEMS", "items"), ("LIST", "list")])
async def test_a_menu_is_told_in_the_shape_that_was_asked_for(company: Company, shape: str, listed: str) -> None:
    await company.bot(Channel.WEB)
    saved = await company.partner.do("botSave", BOT, menu=MENU | {"shape": shape}, greeting="欢迎")
    assert (saved["bot"]["greeting"], saved["bot"]["menu"]["shape"]) == ("欢迎", shape)
    last = (await talk(company, "你好"))["lastMessage"]
    entries = {"items": [{"id": "1", "name": "营业时间"}, {"id": "2", "name": "客服"}], "list": ["营业时间", "客服"]}
    assert last["ext"]["msgtype"]["choice"] == {"title": "请选择", listed: entries[listed]}
    assert last["payload"] == {"simQuestions": ["营业时间", "客服"]}


async def test_what_is_left_out_stays_as_it_is(company: Company) -> None:
    given = {"webhookUrl": "https://bot.example/ask", "webhookSecret": "s", "webhookTimeout": "PT2S", "menu": MENU}
    await company.partner.do("botSave", **given)
    bot = (await company.partner.do("botSave", BOT, fallback="?", handsOverAfter=0))["bot"]
    assert (bot["webhookUrl"], bot["webhookTimeout"], bot["fallback"]) == ("https://bot.example/ask", "PT2S", "?")
    bot = (await company.partner.do("botSave", BOT, webhookUrl="", menu={"title": "", "entries": []}))["bot"]
    assert (bot["webhookUrl"], bot["menu"], bot["handsOverAfter"]) == (None, None, 0)


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("botSave", {"greeting": " "}, "greeting"),
    ("botSave", {"fallback": "x" * 4_001}, "fallback"),
    ("botSave", {"handsOverAfter": -1}, "handsOverAfter"),
    ("botSave", {"webhookUrl": "https://user@bot.example/"}, "webhookUrl"),
    ("botSave", {"webhookUrl": "https://bot.example/", "webhookTimeout": "PT11S"}, "webhookTimeout"),
    ("botSave", {"menu": {"title": "t", "entries": [{"id": "1", "name": "n"}]}}, "menu"),
    ("botSave", {"menu": {"title": "t", "entries": [{"id": "1", "name": "n", "answer": "a"}] * 2}}, "menu"),
    ("botSave", {"menu": {"title": "t", "entries": [{"id": "1", "name": "n", "answer": "a"}] * 21}}, "menu"),
    ("faqEntrySave", {"question": "", "answer": "a"}, "question"),
    ("faqEntrySave", {"question": "q", "answer": " "}, "answer"),
    ("faqEntrySave", {"question": "q", "answer": "a", "keywords": ["k"] * 11}, "keywords"),
    ("faqEntrySave", {"question": "q", "answer": "a", "similarQuestions": ["x" * 201]}, "similarQuestions"),
    ("tenantSettingsUpdate", {"ratingWindow": "PT8784H"}, "ratingWindow"),
    ("tenantSettingsUpdate", {"transferKeywords": [""]}, "transferKeywords"),
    ("tenantSettingsUpdate", {"transferLabel": ""}, "transferLabel"),
]


@pytest.mark.parametrize(("mutation", "given", "field"), WRONG)
async def test_what_a_bot_cannot_be_is_refused(
    company: Company, mutation: str, given: dict[str, Any], field: str
) -> None:
    before = await company.position()
    error = await company.partner.refused(mutation, **given)
    assert (error["code"], error["field"]) == ("INVALID_INPUT", ["input", field])
    assert await company.position() == before


async def test_a_question_that_is_not_there_cannot_be_deleted(company: Company) -> None:
    error = await company.partner.refused("faqEntryDelete", question="怎么退货")
    assert (error["code"], error["field"]) == ("FAQ_ENTRY_NOT_FOUND", ["input", "question"])


async def test_questions_are_listed_page_by_page(company: Company) -> None:
    for question in ("b", "a", "c"):
        await company.partner.do("faqEntrySave", question=question, answer="x")
    asked = (
        "query($after: String) { faqEntries(first: 2, after: $after) { nodes { question } pageInfo { endCursor } } }"
    )
    first = (await company.partner.ask(asked))["faqEntries"]
    second = (await company.partner.ask(asked, after=first["pageInfo"]["endCursor"]))["faqEntries"]
    assert [each["question"] for each in (*first["nodes"], *second["nodes"])] == ["a", "b", "c"]


async def test_a_rating_is_given_once_by_code(company: Company) -> None:
    await company.agent("c")
    session = await company.write("V")
    rated = await company.visitor_api("V").do("ratingSubmit", "session { rating }", sessionId=session["id"], score=4)
    assert rated["session"]["rating"] == 4
    error = await company.visitor_api("V").refused("ratingSubmit", sessionId=session["id"], score=5)
    assert (error["code"], error["field"]) == ("RATING_EXISTS", ["input", "sessionId"])


async def test_the_end_invites_to_rate_where_the_settings_say_so(company: Company) -> None:
    await company.agent("c")
    given = {"isRatingInvitedAtClose": True, "ratingWindow": "PT0S"}
    await company.partner.do("tenantSettingsUpdate", "settings { isRatingInvitedAtClose ratingWindow }", **given)
    session = await company.write("V")
    await company.close(session["id"])
    events = "query($id: ID!) { session(id: $id) { events { nodes { kind } } } }"
    kinds = [
        each["kind"] for each in (await company.partner.ask(events, id=session["id"]))["session"]["events"]["nodes"]
    ]
    assert kinds[-3:] == ["RATING_INVITED", "AGENT_END", "SESSION_END"]


async def report(company: Company, by: str, selection: str, **more: str) -> list[dict[str, Any]]:
    asked = f"query($input: RatingReportInput!) {{ ratingReport(input: $input) {{ isWhole rows {{ {selection} count average stars }} }} }}"
    told = (await company.partner.ask(asked, input={**SPAN, "by": by, **more}))["ratingReport"]
    assert told["isWhole"]
    rows: list[dict[str, Any]] = told["rows"]
    return rows


async def test_averages_are_told_by_agent_group_and_day(company: Company) -> None:
    await company.group("G1")
    await company.agent("a", "G1", max_sessions=2)
    await company.agent("c")
    for visitor, keys, score in (("V", {"queueName": "G1"}, 5), ("W", {"queueName": "G1"}, 4), ("X", {}, 1)):
        session = await company.write(visitor, **keys)
        await company.partner.do("ratingSubmit", sessionId=session["id"], score=score)
    by_agent = await report(company, "AGENT", "agent { userName }")
    assert by_agent == [
        {"agent": {"userName": "a"}, "count": 2, "average": 4.5, "stars": [0, 0, 0, 1, 1]},
        {"agent": {"userName": "c"}, "count": 1, "average": 1.0, "stars": [1, 0, 0, 0, 0]},
    ]
    query = "query($input: RatingReportInput!) { ratingReport(input: $input) { invalidCount } }"
    assert (await company.partner.ask(query, input=SPAN))["ratingReport"] == {"invalidCount": 0}
    by_group = await report(company, "SKILL_GROUP", "skillGroup { name }")
    assert {row["skillGroup"]["name"]: row["average"] for row in by_group} == {"G1": 4.5, "default": 1.0}
    by_day = await report(company, "DAY", "day", timeZone="Asia/Shanghai")
    assert sum(row["count"] for row in by_day) == 3
    assert all(datetime.fromisoformat(row["day"]).replace(tzinfo=UTC) for row in by_day)


async def test_an_unknown_time_zone_is_refused(company: Company) -> None:
    asked = "query($input: RatingReportInput!) { ratingReport(input: $input) { isWhole } }"
    answer = await company.partner.answer(asked, input={**SPAN, "timeZone": "Mars/Olympus"})
    assert answer.code == "BAD_USER_INPUT"
