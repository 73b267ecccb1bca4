"""Rules of automatic binding over the API: kept as asked, refused with a code, and told in a binding's history."""

from typing import Any

import pytest

from api.company import Company

RULE = """bindingRule { name event act businessFlag expiresAfter replacesOthers agentMessagesMin closedSessionsMin within
  starsMin eventName conditions { attribute equals atLeast } }"""
PAID = {"name": "paid", "event": "BUSINESS_EVENT", "eventName": "paid"}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"event": None}, "event"),
    ({"eventName": " "}, "eventName"),
    ({"event": "RATED"}, "event"),
    ({"expiresAfter": "PT1S", "within": "PT0S"}, "within"),
    ({"within": "P400D"}, "within"),
    ({"expiresAfter": "P4000D"}, "expiresAfter"),
    ({"agentMessagesMin": 0}, "agentMessagesMin"),
    ({"closedSessionsMin": 51}, "closedSessionsMin"),
    ({"starsMin": 6}, "starsMin"),
    ({"businessFlag": "x" * 129}, "businessFlag"),
    ({"conditions": [{"attribute": "level"}]}, "conditions"),
    ({"conditions": [{"attribute": "level", "equals": "gold", "atLeast": 1}]}, "conditions"),
    ({"conditions": [{"attribute": "", "equals": "gold"}]}, "conditions"),
    ({"conditions": [{"attribute": "level", "equals": "gold"}] * 11}, "conditions"),
]


async def rules(company: Company) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await company.partner.ask("{ bindingRules { name starsMin expiresAfter } }"))[
        "bindingRules"
    ]
    return found


async def test_a_rule_is_kept_as_asked(company: Company) -> None:
    conditions = [{"attribute": "level", "equals": "gold"}, {"attribute": "total", "atLeast": 99.5}]
    given = PAID | {"businessFlag": "care", "expiresAfter": "P30D", "replacesOthers": True, "conditions": conditions}
    assert (await company.partner.do("bindingRuleSave", RULE, **given))["bindingRule"] == {
        "name": "paid",
        "event": "BUSINESS_EVENT",
        "act": "BIND",
        "businessFlag": "care",
        "expiresAfter": "PT2592000S",
        "replacesOthers": True,
        "agentMessagesMin": 1,
        "closedSessionsMin": 3,
        "within": "PT2592000S",
        "starsMin": 5,
        "eventName": "paid",
        "conditions": [
            {"attribute": "level", "equals": "gold", "atLeast": None},
            {"attribute": "total", "equals": None, "atLeast": 99.5},
        ],
    }


async def test_what_is_left_out_stays_and_an_empty_expiry_is_none(company: Company) -> None:
    await company.partner.do("bindingRuleSave", name="r", event="RATED", starsMin=4, expiresAfter="P1D")
    await company.partner.do("bindingRuleSave", name="r", expiresAfter="PT0S")
    assert await rules(company) == [{"name": "r", "starsMin": 4, "expiresAfter": None}]


@pytest.mark.parametrize(("wrong", "field"), BAD, ids=lambda each: str(each)[:40])
async def test_a_rule_that_can_never_be_right_is_refused_and_not_kept(
    company: Company, wrong: dict[str, Any], field: str
) -> None:
    error = await company.partner.refused("bindingRuleSave", **(PAID | wrong))
    assert (error["code"], error["field"]) == ("INVALID_INPUT", ["input", field])
    assert await rules(company) == []


async def test_a_tenant_has_only_so_many_rules(company: Company) -> None:
    for number in range(50):
        await company.partner.do("bindingRuleSave", name=f"r{number}", event="RATED")
    error = await company.partner.refused("bindingRuleSave", name="one more", event="RATED")
    assert (error["code"], len(await rules(company))) == ("INVALID_INPUT", 50)


async def test_deleting_a_rule_that_is_not_there_says_so(company: Company) -> None:
    error = await company.partner.refused("bindingRuleDelete", name="r")
    assert (error["code"], error["field"]) == ("BINDING_RULE_NOT_FOUND", ["input", "name"])


async def test_a_business_event_binds_and_the_history_names_the_rule(company: Company) -> None:
    await company.agent("a")
    await company.partner.do("bindingRuleSave", **(PAID | {"conditions": [{"attribute": "total", "atLeast": 100}]}))
    given = {"name": "paid", "visitorUserName": "V", "businessFlag": "F", "agentUserName": "A"}
    told = [
        (await company.partner.do("businessEventRecord", "appliedRules", **given, attributes={"total": total}))
        for total in (99, 100)
    ]
    assert [each["appliedRules"] for each in told] == [[], ["paid"]]
    asked = """{ binding(businessFlag: "F", visitorUserName: "V") {
      agent { userName } createdBy history { nodes { act by isByRule } } } }"""
    assert (await company.partner.ask(asked))["binding"] == {
        "agent": {"userName": "a"},
        "createdBy": "paid",
        "history": {"nodes": [{"act": "BOUND", "by": "paid", "isByRule": True}]},
    }


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"name": ""}, "INVALID_INPUT", "name"),
        ({"visitorUserName": " "}, "INVALID_INPUT", "visitorUserName"),
        ({"attributes": ["gold"]}, "INVALID_INPUT", "attributes"),
        ({"agentUserName": "nobody"}, "AGENT_NOT_FOUND", "agentUserName"),
    ],
)
async def test_a_business_event_that_says_nothing_usable_is_refused(
    company: Company, wrong: dict[str, Any], code: str, field: str
) -> None:
    error = await company.partner.refused("businessEventRecord", **({"name": "paid", "visitorUserName": "V"} | wrong))
    assert (error["code"], error["field"]) == (code, ["input", field])
