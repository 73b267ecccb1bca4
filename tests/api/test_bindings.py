"""Bindings over the API, and the dry run that says what they would do."""

from typing import Any

import pytest

from api.company import AWAY, Company, place_of, weichat

BINDING = "binding { businessFlag visitor { userName } agent { userName } expiresAt history { nodes { act } } }"
DRY = """query($input: RouteExplainInput!) { routeExplain(input: $input) {
  outcome trigger isDryRun agent { userName } skillGroup { name } directedBy steps { rule outcome reason detail }
  candidates { nodes { agent { userName } isChosen rank refusal } } } }"""
REAL = DRY.partition("routeExplain(input: $input) {")[2].removesuffix("} }")


@pytest.fixture
async def desk(company: Company) -> Company:
    """Agents a and b in G1, c in 售前, d in no group; a is full, b away; V is bound to a under F."""
    for group in ("G1", "售前"):
        await company.group(group)
    await company.agent("a", "G1")
    await company.agent("b", "G1")
    await company.agent("c", "售前", max_sessions=3)
    await company.agent("d")
    await company.rule("R", "售前")
    await company.bind("F", "V", "a")
    await company.write("busy", agentUsername="a")
    await company.turn("b", AWAY)
    return company


async def test_a_binding_is_made_as_asked(company: Company) -> None:
    await company.agent("A@x.com")
    given = {"businessFlag": "F", "visitorUserName": "V", "agentUserName": "a@X.COM"}
    made = (await company.partner.do("bindingCreate", BINDING, **given))["binding"]
    assert made == {
        "businessFlag": "F",
        "visitor": {"userName": "V"},
        "agent": {"userName": "A@x.com"},
        "expiresAt": None,
        "history": {"nodes": [{"act": "BOUND"}]},
    }


async def test_a_second_binding_under_the_same_flag_is_refused(desk: Company) -> None:
    given = {"businessFlag": "F", "visitorUserName": "V", "agentUserName": "d"}
    error = await desk.partner.refused("bindingCreate", **given)
    assert (error["code"], error["field"]) == ("BINDING_EXISTS", ["input", "businessFlag"])


async def test_a_deleted_binding_is_gone(desk: Company) -> None:
    await desk.partner.do("bindingDelete", businessFlag="F", visitorUserName="V")
    asked = '{ binding(businessFlag: "F", visitorUserName: "V") { id } bindings { nodes { id } } }'
    assert await desk.partner.ask(asked) == {"binding": None, "bindings": {"nodes": []}}


async def test_deleting_a_binding_sends_on_who_waits_because_of_it(desk: Company) -> None:
    waiting = await desk.write("V", businessFlag="F", queueName="售前")
    assert place_of(waiting) == "waits for a"
    await desk.partner.do("bindingDelete", businessFlag="F", visitorUserName="V")
    assert place_of(await desk.session(waiting["id"])) == "with c"


async def test_a_binding_can_be_made_again_after_its_end(desk: Company) -> None:
    await desk.partner.do("bindingDelete", businessFlag="F", visitorUserName="V")
    given = {"businessFlag": "F", "visitorUserName": "V", "agentUserName": "d"}
    made = (await desk.partner.do("bindingCreate", BINDING, **given))["binding"]
    assert [each["act"] for each in made["history"]["nodes"]] == ["BOUND", "UNBOUND", "BOUND"]


MESSAGES: dict[str, dict[str, object]] = {
    "nothing said": {},
    "a group": {"queueName": "售前"},
    "no such group": {"queueName": "nowhere"},
    "a rule": {"routingRuleFlag": "R"},
    "a group without a free agent": {"queueName": "G1"},
    "a full designated agent": {"agentUsername": "a", "queueName": "售前"},
    "a free designated agent": {"agentUsername": "c"},
    "no such designated agent": {"agentUsername": "nobody", "queueName": "售前"},
    "a full bound agent": {"businessFlag": "F"},
    "no binding": {"businessFlag": "other", "queueName": "售前"},
    "a list for a flag": {"businessFlag": ["F"], "queueName": "售前"},
    "a blank flag": {"businessFlag": " "},
    "a VIP": {"tags": ["gold"], "queueName": "G1"},
}


def told(decision: dict[str, Any]) -> dict[str, Any]:
    """What a dry run must say as the real one does: all but what triggered it."""
    return {key: value for key, value in decision.items() if key not in {"trigger", "isDryRun"}}


@pytest.mark.parametrize("said", MESSAGES.values(), ids=MESSAGES)
async def test_a_dry_run_decides_as_the_message_then_does(desk: Company, said: dict[str, object]) -> None:
    given = {"visitorUserName": "V", "ext": weichat(**said)}
    dry = (await desk.partner.ask(DRY, input=given))["routeExplain"]
    real = (await desk.partner.do("messageIngest", f"decision {{ {REAL} }}", **given))["decision"]
    assert told(dry) == told(real)


@pytest.mark.parametrize("said", MESSAGES.values(), ids=MESSAGES)
async def test_a_dry_run_writes_nothing(desk: Company, said: dict[str, object]) -> None:
    before = await desk.position()
    await desk.partner.ask(DRY, input={"visitorUserName": "V", "ext": weichat(**said)})
    assert await desk.position() == before


async def test_a_dry_run_says_that_it_is_one(desk: Company) -> None:
    dry = (await desk.partner.ask(DRY, input={"visitorUserName": "V"}))["routeExplain"]
    assert (dry["isDryRun"], dry["trigger"]) == (True, "DRY_RUN")
