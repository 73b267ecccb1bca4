"""What the desk understands and declines: a code, the field, a message that says what to do, and no change."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from api.company import Company
from api.stage import Stage
from api.wording import says_what_to_do

NOBODY = "nobody@x.com"
GARBAGE = ["", "garbage", "Zm9v", "é", "x" * 5_000, "U2Vzc2lvbg"]


@dataclass(frozen=True, slots=True)
class Bad:
    """One bad input: `given` over the stage's own good one."""

    name: str
    mutation: str
    given: dict[str, Any]
    code: str
    field: list[str] = field(default_factory=list)


TOO_LONG = "x" * 129
BAD = [
    Bad("unknown agent to bind to", "bindingCreate", {"agentUserName": NOBODY}, "AGENT_NOT_FOUND", ["agentUserName"]),
    Bad("blank flag", "bindingCreate", {"businessFlag": " \u3000"}, "INVALID_INPUT", ["businessFlag"]),
    Bad("empty flag", "bindingCreate", {"businessFlag": ""}, "INVALID_INPUT", ["businessFlag"]),
    Bad("long flag", "bindingCreate", {"businessFlag": TOO_LONG}, "INVALID_INPUT", ["businessFlag"]),
    Bad("empty visitor to bind", "bindingCreate", {"visitorUserName": ""}, "INVALID_INPUT", ["visitorUserName"]),
    Bad("a past end", "bindingCreate", {"expiresAt": "2001-01-01T00:00:00Z"}, "INVALID_INPUT", ["expiresAt"]),
    Bad("bound already", "bindingCreate", {"businessFlag": "F"}, "BINDING_EXISTS", ["businessFlag"]),
    Bad("not bound", "bindingDelete", {"visitorUserName": "W"}, "BINDING_NOT_FOUND", ["businessFlag"]),
    Bad("empty visitor", "messageIngest", {"visitorUserName": ""}, "INVALID_INPUT", ["visitorUserName"]),
    Bad("a control character", "messageIngest", {"visitorUserName": "a\x1fb"}, "INVALID_INPUT", ["visitorUserName"]),
    Bad("long visitor", "messageIngest", {"visitorUserName": TOO_LONG}, "INVALID_INPUT", ["visitorUserName"]),
    Bad("a list for ext", "messageIngest", {"ext": []}, "INVALID_INPUT", ["ext"]),
    Bad("a text for ext", "messageIngest", {"ext": "weichat"}, "INVALID_INPUT", ["ext"]),
    Bad("a number for payload", "messageIngest", {"payload": 5}, "INVALID_INPUT", ["payload"]),
    Bad("a large ext", "messageIngest", {"ext": {"x": "y" * 40_000}}, "INVALID_INPUT", ["ext"]),
    Bad("a long text", "messageIngest", {"text": "字" * 16_385}, "TEXT_TOO_LONG", ["text"]),
    Bad("an empty message id", "messageIngest", {"clientMessageId": ""}, "INVALID_INPUT", ["clientMessageId"]),
    Bad("a long text to send", "messageSend", {"text": "字" * 16_385}, "TEXT_TOO_LONG", ["text"]),
    Bad("a list for ext to send", "messageSend", {"ext": [1]}, "INVALID_INPUT", ["ext"]),
    Bad("unknown agent to transfer to", "sessionTransfer", {"toAgent": NOBODY}, "AGENT_NOT_FOUND", ["toAgent"]),
    Bad("nobody to transfer to", "sessionTransfer", {"toAgent": None}, "INVALID_INPUT", ["toAgent"]),
    Bad("with him already", "sessionTransfer", {"toAgent": "a"}, "INVALID_INPUT", ["toAgent"]),
    Bad("a list for ext to a human", "sessionRequestHuman", {"ext": []}, "INVALID_INPUT", ["ext"]),
    Bad("unknown agent's status", "agentStatusSet", {"userName": NOBODY}, "AGENT_NOT_FOUND", ["userName"]),
    Bad("too many sessions", "agentSave", {"maxSessions": 101}, "INVALID_INPUT", ["maxSessions"]),
    Bad("fewer sessions than none", "agentSave", {"maxSessions": -1}, "INVALID_INPUT", ["maxSessions"]),
    Bad("an empty login", "agentSave", {"userName": " "}, "INVALID_INPUT", ["userName"]),
    Bad("a long nickname", "agentSave", {"nickname": "x" * 257}, "INVALID_INPUT", ["nickname"]),
    Bad("unknown group to serve", "agentSave", {"skillGroupIds": ["x"]}, "SKILL_GROUP_NOT_FOUND", ["skillGroupIds"]),
    Bad("unknown agent to delete", "agentDelete", {"userName": NOBODY}, "AGENT_NOT_FOUND", ["userName"]),
    Bad("an agent at work", "agentDelete", {"userName": "a", "force": False}, "AGENT_HAS_SESSIONS", ["userName"]),
    Bad("a name that is taken", "skillGroupSave", {"name": "G1"}, "SKILL_GROUP_NAME_TAKEN", ["name"]),
    Bad("the built-in group's name", "skillGroupSave", {"name": "default"}, "SKILL_GROUP_NAME_TAKEN", ["name"]),
    Bad("an empty name", "skillGroupSave", {"name": ""}, "INVALID_INPUT", ["name"]),
    Bad("a negative queue", "skillGroupSave", {"queueLengthMax": -1}, "INVALID_INPUT", ["queueLengthMax"]),
    Bad("a negative wait", "skillGroupSave", {"overflowAfter": "-PT5S"}, "INVALID_INPUT", ["overflowAfter"]),
    Bad("unknown group to delete", "skillGroupDelete", {"id": "x"}, "SKILL_GROUP_NOT_FOUND", ["id"]),
    Bad("an empty rule", "routingRuleSave", {"routingRuleFlag": ""}, "INVALID_INPUT", ["routingRuleFlag"]),
    Bad("unknown group to map to", "routingRuleSave", {"skillGroupId": "x"}, "SKILL_GROUP_NOT_FOUND", ["skillGroupId"]),
    Bad("unknown rule", "routingRuleDelete", {"routingRuleFlag": "?"}, "ROUTING_RULE_NOT_FOUND", ["routingRuleFlag"]),
    Bad("two sources at once", "businessSourceSave", {"channel": "APP"}, "INVALID_INPUT", ["businessFlag"]),
    Bad("unknown agent for a token", "agentTokenIssue", {"userName": NOBODY}, "AGENT_NOT_FOUND", ["userName"]),
    Bad("nobody for a token", "visitorTokenIssue", {"visitorUserName": ""}, "INVALID_INPUT", ["visitorUserName"]),
]
OF_SESSIONS = ["messageSend", "sessionRequestHuman", "sessionTransfer", "sessionClose"]


async def refused(stage: Stage, mutation: str, given: dict[str, Any]) -> dict[str, Any]:
    return await stage.company.partner.refused(mutation, **stage.given(mutation) | given)


@pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])
async def test_bad_input_gets_its_code_and_field_and_changes_nothing(stage: Stage, bad: Bad) -> None:
    before = await stage.company.position()
    error = await refused(stage, bad.mutation, bad.given)
    assert (error["code"], error["field"]) == (bad.code, ["input", *bad.field])
    assert await stage.company.position() == before


@pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])
async def test_bad_input_is_told_what_to_do(stage: Stage, bad: Bad) -> None:
    message = (await refused(stage, bad.mutation, bad.given))["message"]
    assert says_what_to_do(message), message


@pytest.mark.parametrize("mutation", OF_SESSIONS)
async def test_a_closed_session_stays_closed(stage: Stage, mutation: str) -> None:
    await stage.company.close(stage.own)
    before = await stage.company.position()
    error = await refused(stage, mutation, {"sessionId": stage.own})
    assert (error["code"], await stage.company.position()) == ("SESSION_CLOSED", before)


async def test_a_closed_session_says_what_opens_a_new_one(stage: Stage) -> None:
    await stage.company.close(stage.own)
    assert says_what_to_do((await refused(stage, "messageSend", {}))["message"])


@pytest.mark.parametrize("session_id", GARBAGE)
@pytest.mark.parametrize("mutation", OF_SESSIONS)
async def test_a_garbage_id_is_no_session(stage: Stage, mutation: str, session_id: str) -> None:
    error = await refused(stage, mutation, {"sessionId": session_id})
    assert (error["code"], error["field"]) == ("SESSION_NOT_FOUND", ["input", "sessionId"])


async def test_an_unknown_session_is_told_what_to_do(stage: Stage) -> None:
    message = (await refused(stage, "sessionClose", {"sessionId": "garbage"}))["message"]
    assert says_what_to_do(message), message


@pytest.mark.parametrize("node_id", GARBAGE)
async def test_a_garbage_id_is_no_node(company: Company, node_id: str) -> None:
    query = "query($id: ID!) { node(id: $id) { id } session(id: $id) { id } nodes(ids: [$id]) { id } }"
    assert await company.partner.ask(query, id=node_id) == {"node": None, "session": None, "nodes": [None]}


async def test_nobody_answers_a_session_that_waits(stage: Stage) -> None:
    error = await refused(stage, "messageSend", {"sessionId": stage.waiting})
    assert (error["code"], says_what_to_do(error["message"])) == ("SESSION_NOT_ACTIVE", True)


async def test_a_chain_of_overflow_that_closes_a_circle_is_refused(stage: Stage) -> None:
    groups = stage.company.groups
    chain = {"name": "G1", "id": groups["G1"], "overflowGroupIds": [groups["G2"]]}
    await stage.company.partner.do("skillGroupSave", **chain)
    back = {"name": "G2", "id": groups["G2"], "overflowGroupIds": [groups["G1"]]}
    assert (await stage.company.partner.refused("skillGroupSave", **back))["code"] == "OVERFLOW_CYCLE"


async def test_a_group_that_agents_belong_to_is_not_deleted(stage: Stage) -> None:
    error = await refused(stage, "skillGroupDelete", {"id": stage.company.groups["G1"]})
    assert (error["code"], says_what_to_do(error["message"])) == ("SKILL_GROUP_IN_USE", True)


@pytest.mark.parametrize("flag", [["F"], {"a": 1}, True, "", " ", 5])
async def test_an_odd_flag_in_ext_is_no_error_to_the_visitor(stage: Stage, flag: object) -> None:
    given = {"visitorUserName": "new", "ext": {"weichat": {"businessFlag": flag}}}
    assert (await stage.company.partner.do("messageIngest", "session { state }", **given))["session"]


@pytest.mark.parametrize("name", ["a#b", "a%23b", "*", "a/b", "a b", "😀"])
async def test_an_odd_visitor_name_leads_to_his_session_all_the_same(company: Company, name: str) -> None:
    session = await company.write(name)
    assert (await company.session(session["id"]))["visitor"]["userName"] == name
