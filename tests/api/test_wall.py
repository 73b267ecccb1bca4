"""The wall between tenants (L12): with another tenant's ids and the same names, nothing is read, changed or inferred."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import graphql
import httpx
import pytest

from api.company import found_company
from api.graphql_client import Answer
from api.serving import Server
from api.stage import RESULTS, Stage, set_stage
from kefu.api.schema import build_schema

SCHEMA = graphql.build_schema(build_schema().as_str())
NOW, DAY = datetime.now(UTC), timedelta(days=1)
NEVER_THERE = "bmV2ZXIgdGhlcmU"
IDS_IN_QUERIES = {
    "node": "query($id: ID!) { found: node(id: $id) { id } }",
    "nodes": "query($id: ID!) { found: nodes(ids: [$id]) { id } }",
    "session": "query($id: ID!) { found: session(id: $id) { id } }",
    "sessions": "query($id: ID!) { found: sessions(filter: {skillGroupId: $id}) { nodes { id } } }",
    "queues": "query($id: ID!) { found: queues(skillGroupIds: [$id]) { id } }",
    "agents": "query($id: ID!) { found: agents(filter: {skillGroupId: $id}) { nodes { id } } }",
    "webhookDeliveries": "query($id: ID!) { found: webhookDeliveries(filter: {webhookId: $id}) { nodes { id } } }",
}
READ_BY_NAME = {
    "viewer": "viewer { tenant agent { id } }",
    "sessions": "sessions(first: 100) { nodes { id messages { nodes { id text } } visitor { id } agent { id } } }",
    "skillGroups": "skillGroups { nodes { id } }",
    "queues": "queues { id sessions { nodes { id lastMessage { text } } } }",
    "agent": 'agent(userName: "a") { id sessions { nodes { id } } waiting { id sessions { nodes { id } } } }',
    "agents": "agents { nodes { id sessions { nodes { id } } } }",
    "visitor": 'visitor(userName: "V") { id sessions { nodes { id messages { nodes { text } } } } }',
    "binding": 'binding(businessFlag: "F", visitorUserName: "V") { id agent { id } visitor { id } }',
    "bindings": "bindings { nodes { id agent { id } } }",
    "bindingRules": "bindingRules { name businessFlag }",
    "iframes": "iframes { id name url }",
    "webhooks": "webhooks { nodes { id url } }",
    "webhookDeliveries": "webhookDeliveries { nodes { id state webhook { id } session { id } } }",
    "bot": "bot { greeting menu { title } }",
    "faqEntries": "faqEntries { nodes { question answer } }",
    "phrases": "phrases",
    "ratingReport": """ratingReport(input: {since: "2000-01-01T00:00:00Z", until: "2100-01-01T00:00:00Z"}) {
      rows { count agent { id } } }""",
    "serviceReport": f"""serviceReport(input: {{from: "{NOW - DAY:%F}T00:00:00Z", to: "{NOW + DAY:%F}T00:00:00Z", groupBy: AGENT}}) {{
      sessionsRead rows {{ offered handled agent {{ id }} }} }}""",
    "routeExplain": """routeExplain(input: {visitorUserName: "V", ext: {weichat: {routingRuleFlag: "R"}}}) {
      agent { id } skillGroup { id } candidates { nodes { agent { id } } } }""",
}


def ids_in(kind: graphql.GraphQLInputObjectType, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where an input takes an id, inputs within it included."""
    for name, field in kind.fields.items():
        inner = graphql.get_named_type(field.type)
        if inner is graphql.GraphQLID or inner.name == "ID":
            yield (*path, name)
        elif isinstance(inner, graphql.GraphQLInputObjectType):
            yield from ids_in(inner, (*path, name))


def mutations() -> dict[str, graphql.GraphQLField]:
    assert SCHEMA.mutation_type
    return dict(SCHEMA.mutation_type.fields)


def ids_in_mutations() -> list[tuple[str, tuple[str, ...]]]:
    found: list[tuple[str, tuple[str, ...]]] = []
    for mutation, field in mutations().items():
        kind = graphql.get_named_type(field.args["input"].type)
        assert isinstance(kind, graphql.GraphQLInputObjectType)
        found.extend((mutation, path) for path in ids_in(kind))
    return found


def with_id(given: dict[str, Any], path: tuple[str, ...], node_id: str) -> dict[str, Any]:
    """`given` with another id in one place, whether one stood there or not."""
    name, *rest = path
    old = given.get(name)
    if rest:
        changed: Any = [with_id(old[0], tuple(rest), node_id)] if isinstance(old, list) else {}
    else:
        changed = [node_id] if name.endswith("Ids") else node_id
    other_way = {"toAgent": None} if path == ("toSkillGroupId",) else {}
    return given | other_way | {name: changed}


@pytest.fixture
async def mirror(server: Server, http: httpx.AsyncClient) -> Stage:
    """Another company of the same names, in the midst of the same day."""
    return await set_stage(await found_company(server, http))


def theirs_at(stage: Stage, mutation: str, path: tuple[str, ...]) -> str:
    if mutation.startswith("webhook"):
        return stage.letters[0] if path == ("deliveryIds",) else stage.hook
    if mutation.startswith("iframe"):
        return stage.iframe
    return stage.own if path[-1] == "sessionId" else stage.company.groups["G1"]


@pytest.mark.parametrize(("mutation", "path"), ids_in_mutations())
async def test_another_tenants_id_is_not_found_and_changes_nothing(
    stage: Stage, mirror: Stage, mutation: str, path: tuple[str, ...]
) -> None:
    given = with_id(mirror.given(mutation), path, theirs_at(stage, mutation, path))
    before = await mirror.company.position()
    error = await mirror.company.partner.refused(mutation, **given)
    assert error["code"].endswith("_NOT_FOUND")
    assert await mirror.company.position() == before


@pytest.mark.parametrize(("mutation", "path"), ids_in_mutations())
async def test_another_tenants_id_is_refused_like_one_that_never_was(
    stage: Stage, mirror: Stage, mutation: str, path: tuple[str, ...]
) -> None:
    ids = (theirs_at(stage, mutation, path), NEVER_THERE)
    theirs, nobodys = [
        await mirror.company.partner.mutate(mutation, **with_id(mirror.given(mutation), path, node_id))
        for node_id in ids
    ]
    assert theirs == nobodys


def plain(answer: Answer) -> tuple[Any, list[tuple[str, str]]]:
    return answer.body["data"], [(each["message"], each["extensions"]["code"]) for each in answer.errors]


@pytest.mark.parametrize(
    "kind",
    [
        "Session",
        "Message",
        "SessionEvent",
        "Agent",
        "Visitor",
        "Binding",
        "SkillGroup",
        "Queue",
        "Iframe",
        "Webhook",
        "WebhookDelivery",
    ],
)
async def test_another_tenants_node_is_null(stage: Stage, mirror: Stage, kind: str) -> None:
    theirs = (await stage.node_ids())[kind]
    assert await mirror.company.partner.ask(IDS_IN_QUERIES["node"], id=theirs) == {"found": None}


@pytest.mark.parametrize(
    "kind",
    [
        "Session",
        "Message",
        "SessionEvent",
        "Agent",
        "Visitor",
        "Binding",
        "SkillGroup",
        "Queue",
        "Iframe",
        "Webhook",
        "WebhookDelivery",
    ],
)
async def test_ones_own_node_is_there(stage: Stage, kind: str) -> None:
    own = (await stage.node_ids())[kind]
    asked = "query($id: ID!) { node(id: $id) { __typename id } }"
    assert await stage.company.partner.ask(asked, id=own) == {"node": {"__typename": kind, "id": own}}


@pytest.mark.parametrize("query", IDS_IN_QUERIES.values(), ids=IDS_IN_QUERIES)
async def test_a_query_answers_another_tenants_id_like_one_that_never_was(
    stage: Stage, mirror: Stage, query: str
) -> None:
    ask = mirror.company.partner.answer
    nobodys = plain(await ask(query, id=NEVER_THERE))
    for theirs in (stage.own, stage.company.groups["G1"], stage.hook):
        assert plain(await ask(query, id=theirs)) == nobodys


@pytest.mark.parametrize("selection", READ_BY_NAME.values(), ids=READ_BY_NAME)
async def test_reading_by_the_same_names_shows_nothing_of_the_other(
    stage: Stage, mirror: Stage, selection: str
) -> None:
    shown = str(await mirror.company.partner.ask(f"{{ {selection} }}"))
    theirs = [
        stage.own,
        stage.others,
        stage.waiting,
        stage.iframe,
        stage.hook,
        *stage.letters,
        *(await stage.node_ids()).values(),
    ]
    leaked = [each for each in (*theirs, f"a secret of {stage.company.tenant}") if each in shown]
    assert not leaked


@pytest.mark.parametrize("mutation", RESULTS)
async def test_the_same_call_in_one_tenant_leaves_the_other_as_it_was(
    stage: Stage, mirror: Stage, mutation: str
) -> None:
    everything = "{ " + " ".join(READ_BY_NAME.values()) + " }"
    before = await stage.company.partner.ask(everything)
    await mirror.company.partner.do(mutation, **mirror.given(mutation))
    assert await stage.company.partner.ask(everything) == before


@pytest.mark.parametrize("role", ["agent", "visitor"])
async def test_a_namesakes_token_sees_his_own_tenants_sessions_only(stage: Stage, mirror: Stage, role: str) -> None:
    company = mirror.company
    api = company.agent_api("a") if role == "agent" else company.visitor_api("V")
    listed = (await api.ask("{ sessions { nodes { id } } }"))["sessions"]["nodes"]
    own = {mirror.own, mirror.waiting} if role == "agent" else {mirror.own, mirror.in_bot}
    assert {each["id"] for each in listed} == own


async def test_a_subscription_tells_nothing_of_the_other_tenant(stage: Stage, mirror: Stage) -> None:
    query = "subscription { sessionEvents { event { session { id } } } }"
    async with mirror.company.partner.subscribe(query) as news:
        await stage.company.partner.do("messageSend", **stage.given("messageSend"))
        await mirror.company.partner.do("messageSend", **mirror.given("messageSend"))
        async with asyncio.timeout(20):
            told = await news.next()
    assert told["sessionEvents"]["event"]["session"]["id"] == mirror.own


def test_every_query_that_takes_arguments_is_walked() -> None:
    assert SCHEMA.query_type
    assert set(SCHEMA.query_type.fields) == IDS_IN_QUERIES.keys() | READ_BY_NAME.keys()


def test_every_mutation_is_walked() -> None:
    assert mutations().keys() == RESULTS.keys() | {"agentHeartbeat"}
