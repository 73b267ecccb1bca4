"""Who may do what: the table of roles, mutation by mutation, and what each role sees."""

from typing import Any

import pytest

from api.company import SESSION
from api.graphql_client import Api
from api.stage import RESULTS, Stage

CALLERS = ("PARTNER", "SUPERVISOR", "AGENT", "VISITOR")
STAFF = frozenset({"PARTNER", "SUPERVISOR"})
ALLOWED: dict[str, frozenset[str]] = {
    "agentHeartbeat": frozenset({"SUPERVISOR", "AGENT"}),
    "messageIngest": STAFF | {"VISITOR"},
    "messageLeave": STAFF | {"VISITOR"},
    "messageSend": STAFF | {"AGENT"},
    "sessionRequestHuman": STAFF | {"VISITOR"},
    "sessionTransfer": STAFF | {"AGENT"},
    "sessionClose": STAFF | {"AGENT", "VISITOR"},
    "ratingInvite": STAFF | {"AGENT"},
    "ratingSubmit": frozenset({"PARTNER", "VISITOR"}),
    "botSave": STAFF,
    "faqEntrySave": STAFF,
    "faqEntryDelete": STAFF,
    "phrasesSave": STAFF,
    "agentStatusSet": STAFF | {"AGENT"},
    "agentSave": STAFF,
    "agentDelete": STAFF,
    "bindingCreate": STAFF | {"AGENT"},
    "bindingDelete": STAFF | {"AGENT"},
    "bindingRuleSave": STAFF,
    "bindingRuleDelete": STAFF,
    "businessEventRecord": STAFF,
    "skillGroupSave": STAFF,
    "skillGroupDelete": STAFF,
    "routingRuleSave": STAFF,
    "routingRuleDelete": STAFF,
    "businessSourceSave": STAFF,
    "tenantSettingsUpdate": STAFF,
    "iframeSave": STAFF,
    "iframeDelete": STAFF,
    "webhookSave": STAFF,
    "webhookDelete": STAFF,
    "webhookDeliveryReplay": STAFF,
    "agentTokenIssue": frozenset({"PARTNER"}),
    "visitorTokenIssue": frozenset({"PARTNER"}),
}
"""With an input about the caller's own: agent a and visitor V, and the session between them."""

EVERY = [(mutation, role) for mutation in ALLOWED for role in CALLERS]
OTHERS: list[tuple[str, str, dict[str, Any], str]] = [
    ("AGENT", "messageSend", {"sessionId": "others", "text": "x"}, "SESSION_NOT_FOUND"),
    ("AGENT", "sessionTransfer", {"sessionId": "others", "toAgent": "a"}, "SESSION_NOT_FOUND"),
    ("AGENT", "sessionClose", {"sessionId": "others"}, "SESSION_NOT_FOUND"),
    ("AGENT", "sessionClose", {"sessionId": "waiting"}, "SESSION_NOT_FOUND"),
    ("AGENT", "agentStatusSet", {"userName": "b", "status": "BUSY"}, "NOT_ALLOWED"),
    ("AGENT", "bindingCreate", {"businessFlag": "F2", "visitorUserName": "V", "agentUserName": "b"}, "NOT_ALLOWED"),
    ("AGENT", "bindingCreate", {"businessFlag": "F2", "visitorUserName": "W", "agentUserName": "a"}, "NOT_ALLOWED"),
    ("VISITOR", "sessionClose", {"sessionId": "others"}, "SESSION_NOT_FOUND"),
    ("VISITOR", "sessionRequestHuman", {"sessionId": "others"}, "SESSION_NOT_FOUND"),
    ("VISITOR", "ratingSubmit", {"sessionId": "others", "score": 1}, "SESSION_NOT_FOUND"),
    ("AGENT", "ratingInvite", {"sessionId": "others"}, "SESSION_NOT_FOUND"),
    ("VISITOR", "agentStatusSet", {"status": "BUSY"}, "NOT_ALLOWED"),
]
SEEN: list[tuple[str, str, Any]] = [
    ("AGENT", "session(id: $others) { id }", None),
    ("AGENT", "node(id: $others) { id }", None),
    ("AGENT", 'agent(userName: "b") { id }', None),
    ("AGENT", 'agent(userName: "A") { userName }', {"userName": "a"}),
    ("AGENT", 'visitor(userName: "W") { id }', None),
    ("AGENT", 'visitor(userName: "V") { userName }', {"userName": "V"}),
    ("AGENT", "node(id: $iframe) { id }", None),
    ("VISITOR", "node(id: $iframe) { id }", None),
    ("AGENT", "node(id: $hook) { id }", None),
    ("AGENT", "node(id: $letter) { id }", None),
    ("VISITOR", "node(id: $hook) { id }", None),
    ("AGENT", "queues { skillGroup { name } }", [{"skillGroup": {"name": "G1"}}]),
    (
        "AGENT",
        "viewer { role userName agent { userName } }",
        {"role": "AGENT", "userName": "a", "agent": {"userName": "a"}},
    ),
    ("VISITOR", "session(id: $others) { id }", None),
    ("VISITOR", "node(id: $others) { id }", None),
    ("VISITOR", 'agent(userName: "a") { id }', None),
    ("VISITOR", 'visitor(userName: "W") { id }', None),
    ("VISITOR", 'visitor(userName: "V") { userName }', {"userName": "V"}),
    ("VISITOR", 'binding(businessFlag: "F", visitorUserName: "V") { id }', None),
    ("VISITOR", 'sessions(filter: {visitorUserName: "W"}) { nodes { id } }', {"nodes": []}),
    ("VISITOR", "viewer { role userName agent { userName } }", {"role": "VISITOR", "userName": "V", "agent": None}),
]
SPAN = '{since: "2026-01-01T00:00:00Z", until: "2026-02-01T00:00:00Z"}'
TIMES = '{from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z"}'
FORBIDDEN = [
    *((role, "iframes { id }") for role in ("AGENT", "VISITOR")),
    *((role, "webhooks { nodes { id } }") for role in ("AGENT", "VISITOR")),
    *((role, "webhookDeliveries { nodes { id } }") for role in ("AGENT", "VISITOR")),
    *(("AGENT", query) for query in ("agents { nodes { id } }", "bindings { nodes { id } }")),
    ("AGENT", 'routeExplain(input: {visitorUserName: "V"}) { outcome }'),
    *(("VISITOR", query) for query in ("agents { nodes { id } }", "bindings { nodes { id } }")),
    *(("VISITOR", query) for query in ("skillGroups { nodes { id } }", "queues { id }")),
    *(
        (role, query)
        for role in ("AGENT", "VISITOR")
        for query in ("bot { greeting }", "faqEntries { nodes { answer } }", "phrases")
    ),
    *((role, "bindingRules { name }") for role in ("AGENT", "VISITOR")),
    *((role, f"ratingReport(input: {SPAN}) {{ isWhole }}") for role in ("AGENT", "VISITOR")),
    *((role, f"serviceReport(input: {TIMES}) {{ sessionsRead }}") for role in ("AGENT", "VISITOR")),
    ("VISITOR", 'routeExplain(input: {visitorUserName: "V"}) { outcome }'),
]


def caller(stage: Stage, role: str) -> Api:
    company = stage.company
    callers = {
        "PARTNER": company.partner,
        "SUPERVISOR": company.supervisor("b"),
        "AGENT": company.agent_api("a"),
        "VISITOR": company.visitor_api("V"),
    }
    return callers[role]


async def refusal(stage: Stage, role: str, mutation: str, given: dict[str, Any]) -> tuple[str, bool]:
    """The code of the only user error, and whether nothing was written."""
    api = caller(stage, role)
    await api.ask("{ viewer { role } }")  # an agent's first request starts his lease
    before = await stage.company.position()
    error = await api.refused(mutation, **given)
    return error["code"], await stage.company.position() == before


async def seen_by(stage: Stage, role: str, selection: str) -> Any:
    ids = {"others": stage.others, "iframe": stage.iframe, "hook": stage.hook, "letter": stage.letters[0]}
    declared = ", ".join(f"${name}: ID!" for name in ids)
    every = " ".join(f"{name}: node(id: ${name}) {{ id }}" for name in ids)
    query = f"query({declared}) {{ {every} seen: {selection} }}"
    return (await caller(stage, role).ask(query, **ids))["seen"]


@pytest.mark.parametrize(("mutation", "role"), [each for each in EVERY if each[1] in ALLOWED[each[0]]])
async def test_a_role_may_do_what_the_table_gives_it(stage: Stage, mutation: str, role: str) -> None:
    assert not (await caller(stage, role).mutate(mutation, RESULTS.get(mutation, ""), **stage.given(mutation)))[
        "userErrors"
    ]


@pytest.mark.parametrize(("mutation", "role"), [each for each in EVERY if each[1] not in ALLOWED[each[0]]])
async def test_a_role_may_do_nothing_else(stage: Stage, mutation: str, role: str) -> None:
    code, wrote_nothing = await refusal(stage, role, mutation, stage.given(mutation))
    assert (code in {"NOT_ALLOWED", "SESSION_NOT_FOUND"}, wrote_nothing) == (True, True)


@pytest.mark.parametrize(("role", "mutation", "given", "code"), OTHERS)
async def test_what_is_not_ones_own_is_out_of_reach(
    stage: Stage, role: str, mutation: str, given: dict[str, Any], code: str
) -> None:
    ids = {"others": stage.others, "waiting": stage.waiting}
    given = {key: ids.get(value, value) for key, value in given.items()}
    assert await refusal(stage, role, mutation, given) == (code, True)


@pytest.mark.parametrize(("role", "selection", "expected"), SEEN)
async def test_a_role_sees_its_own_only(stage: Stage, role: str, selection: str, expected: object) -> None:
    assert await seen_by(stage, role, selection) == expected


@pytest.mark.parametrize(("role", "selection"), FORBIDDEN)
async def test_a_list_that_a_role_does_not_see_is_forbidden(stage: Stage, role: str, selection: str) -> None:
    assert (await caller(stage, role).answer(f"{{ {selection} }}")).code == "FORBIDDEN"


async def test_an_agent_lists_his_sessions_and_those_that_wait_for_him(stage: Stage) -> None:
    listed = await seen_by(stage, "AGENT", "sessions { nodes { id } }")
    assert {each["id"] for each in listed["nodes"]} == {stage.own, stage.waiting}


async def test_a_visitor_lists_his_own_sessions(stage: Stage) -> None:
    listed = await seen_by(stage, "VISITOR", "sessions { nodes { id } }")
    assert {each["id"] for each in listed["nodes"]} == {stage.own, stage.in_bot}


async def test_a_supervisor_lists_every_session(stage: Stage) -> None:
    listed = await seen_by(stage, "SUPERVISOR", "sessions { nodes { id } }")
    assert {each["id"] for each in listed["nodes"]} == {stage.own, stage.others, stage.waiting, stage.in_bot}


async def test_an_agent_sees_who_waits_in_his_group(stage: Stage) -> None:
    await stage.company.write("Y", queueName="G1")
    waiting = await stage.company.write("Z", queueName="G1")
    query = "query($id: ID!) { session(id: $id) { id } }"
    assert (await caller(stage, "AGENT").ask(query, id=waiting["id"]))["session"] == {"id": waiting["id"]}


async def test_a_visitor_writes_as_himself_whatever_name_he_gives(stage: Stage) -> None:
    given = {"visitorUserName": "W", "text": "I am W"}
    written = await caller(stage, "VISITOR").do("messageIngest", f"session {{ {SESSION} }}", **given)
    assert written["session"]["visitor"] == {"userName": "V"}


async def test_a_visitor_who_closes_does_not_see_who_gets_the_room(stage: Stage) -> None:
    given = {"sessionId": stage.own}
    closed = await caller(stage, "VISITOR").do("sessionClose", "assigned { visitor { userName } }", **given)
    assert not closed["assigned"], "the visitor was shown another visitor's session"


async def test_an_agent_does_not_see_his_visitors_sessions_with_others(stage: Stage) -> None:
    elsewhere = {"visitorUserName": "V", "channel": "WECHAT", "ext": {"weichat": {"agentUsername": "b"}}}
    await stage.company.partner.do("messageIngest", **elsewhere)
    asked = "query($id: ID!) { session(id: $id) { visitor { sessions { nodes { agent { userName } } } } } }"
    found = (await caller(stage, "AGENT").ask(asked, id=stage.own))["session"]["visitor"]["sessions"]["nodes"]
    assert {"agent": {"userName": "b"}} not in found


async def test_a_token_issued_for_an_agent_is_his(stage: Stage) -> None:
    issued = await stage.company.partner.do("agentTokenIssue", "token", userName="A")
    viewer = await Api(stage.company.partner.http, issued["token"]).ask("{ viewer { role userName } }")
    assert viewer["viewer"] == {"role": "AGENT", "userName": "a"}


async def test_a_token_issued_for_a_supervisor_is_a_supervisors(stage: Stage) -> None:
    await stage.company.partner.do("agentSave", userName="b", role="SUPERVISOR")
    issued = await stage.company.partner.do("agentTokenIssue", "token", userName="b")
    viewer = await Api(stage.company.partner.http, issued["token"]).ask("{ viewer { role } }")
    assert viewer["viewer"] == {"role": "SUPERVISOR"}


async def test_a_token_issued_for_a_visitor_is_his(stage: Stage) -> None:
    issued = await stage.company.partner.do("visitorTokenIssue", "token", visitorUserName="new")
    viewer = await Api(stage.company.partner.http, issued["token"]).ask("{ viewer { role userName } }")
    assert viewer["viewer"] == {"role": "VISITOR", "userName": "new"}
