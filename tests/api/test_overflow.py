"""Chains, limits and waits over the API."""

from typing import Any

import pytest

from api.company import SESSION, Company, place_of, weichat

GROUP = "skillGroup { name overflowAfter queueLengthMax overflowGroups { name } }"
WAITS = "estimatedWait queuePosition"


@pytest.fixture
async def desk(company: Company) -> Company:
    """Agent a in G1, c in G2, each with room for one; a is full."""
    for group in ("G1", "G2"):
        await company.group(group)
    await company.agent("a", "G1")
    await company.agent("c", "G2")
    await company.write("busy", agentUsername="a")
    return company


async def save(desk: Company, name: str, **given: Any) -> dict[str, Any]:
    saved = await desk.partner.do("skillGroupSave", GROUP, id=desk.groups[name], name=name, **given)
    group: dict[str, Any] = saved["skillGroup"]
    return group


async def test_a_chain_and_its_limits_are_saved_and_left_as_they_are(desk: Company) -> None:
    given = {"overflowGroupIds": [desk.groups["G2"]], "overflowAfter": "PT2M", "queueLengthMax": 3}
    expected = {"name": "G1", "overflowAfter": "PT120S", "queueLengthMax": 3, "overflowGroups": [{"name": "G2"}]}
    assert await save(desk, "G1", **given) == expected
    assert await save(desk, "G1") == expected


async def test_null_takes_a_limit_away(desk: Company) -> None:
    await save(desk, "G1", overflowAfter="PT2M", queueLengthMax=3)
    group = await save(desk, "G1", overflowAfter=None, queueLengthMax=None)
    assert (group["overflowAfter"], group["queueLengthMax"]) == (None, None)


async def test_a_cycle_is_refused_and_named(desk: Company) -> None:
    await save(desk, "G1", overflowGroupIds=[desk.groups["G2"]])
    given = {"id": desk.groups["G2"], "name": "G2", "overflowGroupIds": [desk.groups["G1"]]}
    error = await desk.partner.refused("skillGroupSave", **given)
    assert (error["code"], error["field"]) == ("OVERFLOW_CYCLE", ["input", "overflowGroupIds"])
    assert "G2 → G1 → G2" in error["message"]


async def test_who_comes_to_a_full_queue_is_declined(desk: Company) -> None:
    await save(desk, "G1", queueLengthMax=0)
    given = {"visitorUserName": "V", "ext": weichat(queueName="G1")}
    selection = f"session {{ {SESSION} messages {{ nodes {{ sender text }} }} }}"
    session = (await desk.partner.do("messageIngest", selection, **given))["session"]
    assert (session["state"], session["endReason"]) == ("CLOSED", "DECLINED")
    assert session["decision"]["outcome"] == "DECLINE"
    assert session["decision"]["steps"][-1]["reason"] == "QUEUE_FULL"
    assert session["messages"]["nodes"][-1]["sender"] == "SYSTEM"


async def test_a_full_queue_with_a_chain_sends_him_on(desk: Company) -> None:
    await save(desk, "G1", queueLengthMax=0, overflowGroupIds=[desk.groups["G2"]])
    assert place_of(await desk.write("V", queueName="G1")) == "with c"


async def test_waits_are_null_where_nothing_can_be_said(desk: Company) -> None:
    session = await desk.write("V", queueName="G1")
    found = await desk.partner.ask("query($id: ID!) { session(id: $id) { " + WAITS + " } }", id=session["id"])
    assert found["session"] == {"estimatedWait": None, "queuePosition": 1}
    queues = (await desk.partner.ask("{ queues { estimatedWait } }"))["queues"]
    assert {each["estimatedWait"] for each in queues} == {None}


async def test_settings_of_waiting_are_kept(desk: Company) -> None:
    selection = "settings { directedWaitMax isQueuePlaceAnnounced queuePlaceText }"
    given = {"directedWaitMax": "PT5M", "isQueuePlaceAnnounced": True, "queuePlaceText": "Place {position}"}
    saved = await desk.partner.do("tenantSettingsUpdate", selection, **given)
    expected = {"directedWaitMax": "PT300S", "isQueuePlaceAnnounced": True, "queuePlaceText": "Place {position}"}
    assert saved["settings"] == expected
    saved = await desk.partner.do("tenantSettingsUpdate", selection, directedWaitMax="PT0S")
    assert saved["settings"] == expected | {"directedWaitMax": None}
