"""The report on the service, as the API tells it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.company import Company
from api.wording import says_what_to_do
from kefu.domain.channel import Channel

EVERYTHING = """serviceReport(input: $input) { sessionsRead madeAt rows { from to agent { userName } skillGroup { name } channel
  offered answered abandoned passedOn dismissed waiting answeredWithin abandonedWithin
  serviceLevelOfAnswered serviceLevelWithAbandoned serviceLevelWithLateAbandoned serviceLevelOfOffered
  answerTimeMean answerTimeP50 answerTimeP90 answerTimeP99 abandonmentRate
  abandonTimeMean abandonTimeP50 abandonTimeP90 abandonTimeP99
  handled handleTimeMean handleTimeP50 handleTimeP90 handleTimeP99 slotTime slotsInUse
  overflowedIn overflowedOut transferredIn transferredOut } }"""
QUERY = f"query($input: ServiceReportInput!) {{ {EVERYTHING} }}"
NOW, DAY = datetime.now(UTC), timedelta(days=1)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def span(since: datetime = NOW - DAY, until: datetime = NOW + DAY, **more: str) -> dict[str, str]:
    return {"from": since.isoformat(), "to": until.isoformat(), **more}


async def rows(company: Company, **more: Any) -> list[dict[str, Any]]:
    report = (await company.partner.ask(QUERY, input=span(**more)))["serviceReport"]
    found: list[dict[str, Any]] = report["rows"]
    return found


@pytest.fixture
async def busy(company: Company) -> Company:
    """Agent a of G1 served V, has W, and X left before his turn; c has Y, who writes on the web and names no group."""
    await company.group("G1")
    await company.agent("a", "G1")
    await company.agent("c")
    first = await company.write("V", queueName="G1")
    await company.write("W", queueName="G1")
    await company.close(first["id"])
    left = await company.write("X", queueName="G1")
    await company.visitor_api("X").do("sessionClose", sessionId=left["id"])
    await company.receive("Y", "hello", channel=Channel.WEB)
    return company


async def test_a_report_tells_every_figure(busy: Company) -> None:
    [row] = await rows(busy, serviceLevelWithin="PT10M")
    counted = {key: value for key, value in row.items() if isinstance(value, int | float)}
    assert counted.pop("slotsInUse") > 0
    assert counted == {
        "offered": 4, "answered": 3, "abandoned": 1, "passedOn": 0, "dismissed": 0, "waiting": 0,
        "answeredWithin": 3, "abandonedWithin": 1, "serviceLevelOfAnswered": 1.0, "serviceLevelWithAbandoned": 0.75,
        "serviceLevelWithLateAbandoned": 1.0, "serviceLevelOfOffered": 0.75, "abandonmentRate": 0.25, "handled": 1,
        "overflowedIn": 0, "overflowedOut": 0, "transferredIn": 0, "transferredOut": 0,
    }  # fmt: skip
    times = [key for key in row if "Time" in key]
    assert len(times) == 13
    assert all(row[key].startswith("PT") for key in times)


async def test_groups_are_told_by_name(busy: Company) -> None:
    found = await rows(busy, groupBy="GROUP")
    assert {row["skillGroup"]["name"]: row["offered"] for row in found} == {"G1": 3, "default": 1}


async def test_agents_are_told_by_login(busy: Company) -> None:
    found = await rows(busy, groupBy="AGENT")
    assert {row["agent"]["userName"]: (row["offered"], row["answered"]) for row in found} == {"a": (2, 2), "c": (1, 1)}


async def test_an_agent_who_was_deleted_is_told_by_login(busy: Company) -> None:
    await busy.partner.do("agentDelete", userName="a", force=True)
    assert "a" in {row["agent"]["userName"] for row in await rows(busy, groupBy="AGENT")}


async def test_channels_are_told(busy: Company) -> None:
    assert {row["channel"]: row["offered"] for row in await rows(busy, groupBy="CHANNEL")} == {"APP": 3, "WEB": 1}


@pytest.mark.parametrize(("interval", "length"), [("PT15M", 900), ("PT30M", 1_800), ("PT1H", 3_600), ("P1D", 86_400)])
async def test_a_row_lasts_for_one_interval(busy: Company, interval: str, length: int) -> None:
    found = await rows(busy, interval=interval, zone="Asia/Shanghai")
    lasted = {
        (datetime.fromisoformat(row["to"]) - datetime.fromisoformat(row["from"])).total_seconds() for row in found
    }
    assert lasted == {length}
    assert sum(row["offered"] for row in found) == 4


async def test_of_a_span_in_which_nothing_happened_there_are_no_rows(busy: Company) -> None:
    asked = span(NOON, NOON + DAY)
    report = (await busy.partner.ask(QUERY, input=asked))["serviceReport"]
    assert (report["rows"], report["sessionsRead"]) == ([], 0)


async def test_shares_and_times_of_nothing_are_null(company: Company) -> None:
    await company.write("V")  # nobody is there
    [row] = await rows(company)
    assert {row[key] for key in ("serviceLevelOfAnswered", "answerTimeP90", "abandonTimeMean", "handleTimeP99")} == {
        None
    }
    assert (row["serviceLevelOfOffered"], row["waiting"], row["slotTime"]) == (0.0, 1, "PT0S")


async def test_a_supervisor_reads_reports_too(busy: Company) -> None:
    assert (await busy.supervisor("boss").ask(QUERY, input=span()))["serviceReport"]["sessionsRead"] == 4


WRONG = {
    "the end before the beginning": span(NOON, NOON - DAY),
    "no time at all": span(NOON, NOON),
    "over a month": span(NOON, NOON + 33 * DAY),
    "before 1970": span(datetime(1, 1, 1, tzinfo=UTC), NOON),
    "the last day of all": span(datetime(9999, 12, 30, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)),
    "an odd interval": span(interval="PT20M"),
    "no interval": span(interval="PT0S"),
    "a promise of the past": span(serviceLevelWithin="-PT1S"),
    "an unknown zone": span(zone="Mars/Olympus"),
    "a folder for a zone": span(zone="../etc"),
}


@pytest.mark.parametrize("asked", WRONG.values(), ids=WRONG)
async def test_what_is_no_report_is_refused(company: Company, asked: dict[str, str]) -> None:
    answer = await company.partner.answer(QUERY, input=asked)
    assert answer.code == "BAD_USER_INPUT"
    assert says_what_to_do(answer.message)


async def test_the_longest_span_may_be_asked_for(company: Company) -> None:
    assert (await company.partner.ask(QUERY, input=span(NOON, NOON + 32 * DAY)))["serviceReport"]["rows"] == []
