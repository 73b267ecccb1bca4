"""Working hours over the API: set, refused, told; and what a visitor hears and leaves while the desk is closed."""

from typing import Any

import pytest

from api.company import Company
from kefu.desk.sweep import sweep

HOURS = "workingHours { timeZone weekly specialDays outsideText nextOpening }"
ALWAYS = {"timeZone": "Asia/Shanghai", "weekly": ["MON-SUN 00:00-24:00"]}
PAST = {"timeZone": "Asia/Shanghai", "specialDays": ["2001-01-01 09:00-10:00"], "outsideText": "Back {opening}."}
"""Open once, long ago."""
NONE = {"timeZone": "UTC"}


async def set_hours(company: Company, hours: dict[str, Any]) -> dict[str, Any] | None:
    done = await company.partner.do("tenantSettingsUpdate", f"settings {{ {HOURS} }}", workingHours=hours)
    told: dict[str, Any] | None = done["settings"]["workingHours"]
    return told


async def test_working_hours_are_told_as_they_were_set(company: Company) -> None:
    given = {
        "timeZone": "Europe/Berlin",
        "weekly": ["MON-TUE 09:00-12:00 13:00-18:00", "fri 22:00-06:00"],
        "specialDays": ["2026-10-02 10:00-16:00", "2026-10-01"],
        "outsideText": "明天见",
    }
    told = await set_hours(company, given)
    assert told is not None
    assert told.pop("nextOpening")
    assert told == given | {
        "weekly": ["MON 09:00-12:00 13:00-18:00", "TUE 09:00-12:00 13:00-18:00", "FRI 22:00-06:00"],
        "specialDays": ["2026-10-01", "2026-10-02 10:00-16:00"],
    }
    other = await company.partner.do("tenantSettingsUpdate", f"settings {{ {HOURS} }}", ranking="LONGEST_IDLE")
    assert other["settings"]["workingHours"]["outsideText"] == "明天见"


async def test_working_hours_can_be_taken_away(company: Company) -> None:
    assert await set_hours(company, PAST)
    assert await set_hours(company, NONE) is None


async def test_a_groups_own_hours_can_be_set_and_taken_away(company: Company) -> None:
    group = await company.group("G1")
    for hours, zone in ((PAST, "Asia/Shanghai"), (None, "Asia/Shanghai"), (NONE, None)):
        given = {"id": group, "name": "G1"} | ({"workingHours": hours} if hours else {})
        saved = await company.partner.do("skillGroupSave", "skillGroup { workingHours { timeZone } }", **given)
        assert (saved["skillGroup"]["workingHours"] or {}).get("timeZone") == zone


WRONG = [
    ({"timeZone": "Mars/Olympus", "weekly": ["MON 09:00-10:00"]}, "TIME_ZONE_UNKNOWN", "timeZone"),
    (NONE | {"weekly": ["MON 09:00-12:00 11:00-13:00"]}, "HOURS_OVERLAP", "weekly"),
    (NONE | {"weekly": ["MON 09:00-09:00"]}, "HOURS_EMPTY", "weekly"),
    (NONE | {"weekly": ["Monday, nine to five"]}, "INVALID_INPUT", "weekly"),
    (NONE | {"specialDays": ["1 May"]}, "INVALID_INPUT", "specialDays"),
    (ALWAYS | {"outsideText": " "}, "INVALID_INPUT", "outsideText"),
]


@pytest.mark.parametrize(("hours", "code", "field"), WRONG)
@pytest.mark.parametrize("mutation", ["tenantSettingsUpdate", "skillGroupSave"])
async def test_hours_that_cannot_be_are_refused_and_change_nothing(
    company: Company, mutation: str, hours: dict[str, Any], code: str, field: str
) -> None:
    given = {"name": "new"} if mutation == "skillGroupSave" else {}
    before = await company.position()
    error = await company.partner.refused(mutation, **given, workingHours=hours)
    assert (error["code"], error["field"]) == (code, ["input", "workingHours", field])
    assert await company.position() == before


async def test_who_writes_outside_hours_is_told_so_and_the_decision_says_why(company: Company) -> None:
    await company.agent("c")
    await set_hours(company, PAST)
    session = await company.write("V")
    assert (session["state"], session["endReason"]) == ("CLOSED", "DECLINED")
    assert session["decision"]["outcome"] == "DECLINE"
    last_step = session["decision"]["steps"][-1]
    assert (last_step["rule"], last_step["reason"]) == ("HOURS", "OUTSIDE_HOURS")
    asked = "query($id: ID!) { session(id: $id) { lastMessage { sender text } } }"
    told = await company.visitor_api("V").ask(asked, id=session["id"])
    assert told["session"]["lastMessage"] == {"sender": "SYSTEM", "text": "Back —."}


async def test_route_explain_shows_that_the_desk_is_closed(company: Company) -> None:
    await set_hours(company, PAST)
    asked = "query($input: RouteExplainInput!) { routeExplain(input: $input) { outcome steps { rule reason } } }"
    explained = (await company.partner.ask(asked, input={"visitorUserName": "V"}))["routeExplain"]
    assert (explained["outcome"], explained["steps"][-1]) == ("DECLINE", {"rule": "HOURS", "reason": "OUTSIDE_HOURS"})


async def test_a_left_message_comes_in_when_the_desk_opens(company: Company) -> None:
    await company.agent("c")
    await set_hours(company, PAST)
    await company.write("V")
    left = await company.visitor_api("V").do("messageLeave", "leftAt", text="请回电", phone="13800000000")
    assert left["leftAt"]
    asked = 'query { visitor(userName: "V") { openSession { agent { userName } lastMessage { text payload } } } }'
    desk = company.server.desk
    await company.server.inside(sweep(desk, company.tenant))
    assert (await company.partner.ask(asked))["visitor"]["openSession"] is None
    await set_hours(company, ALWAYS)
    await company.server.inside(sweep(desk, company.tenant))
    opened = (await company.partner.ask(asked))["visitor"]["openSession"]
    assert opened == {
        "agent": {"userName": "c"},
        "lastMessage": {"text": "请回电", "payload": {"phone": "13800000000"}},
    }
    await company.check_laws()


@pytest.mark.parametrize(
    ("given", "field"),
    [({"text": " "}, "text"), ({"text": "x", "phone": "1" * 33}, "phone"), ({"text": "x", "phone": "\x1f1"}, "phone")],
)
async def test_a_message_that_cannot_be_left_is_refused(company: Company, given: dict[str, str], field: str) -> None:
    error = await company.partner.refused("messageLeave", visitorUserName="V", **given)
    assert (error["code"], error["field"]) == ("INVALID_INPUT", ["input", field])
