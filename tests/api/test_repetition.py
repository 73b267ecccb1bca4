"""Calls that come again, in any order and at once, for every mutation that the schema makes repeatable."""

import asyncio
from random import Random
from typing import Any

import graphql
import pytest

from api.company import Company, found_company
from api.serving import Server
from api.stage import RESULTS, Stage, set_stage
from kefu.api.schema import build_schema
from kefu.domain.message import Message, MessageSender
from kefu.testing.ledger import read_ledger

NOT_THE_PARTNERS = {"agentHeartbeat"}
"""An agent's own, and no two are alike."""
SETS = [
    ("messageIngest", "messageSend", "agentSave", "bindingCreate", "skillGroupSave", "routingRuleSave"),
    ("sessionTransfer", "sessionRequestHuman", "bindingDelete", "skillGroupDelete", "businessSourceSave"),
    ("sessionClose", "agentDelete", "routingRuleDelete", "tenantSettingsUpdate", "agentTokenIssue"),
    ("agentStatusSet", "messageIngest", "bindingCreate", "visitorTokenIssue", "sessionRequestHuman"),
    ("webhookSave", "webhookDelete", "webhookDeliveryReplay", "messageIngest"),
    ("ratingInvite", "messageSend", "botSave"),
    ("ratingSubmit", "faqEntrySave", "faqEntryDelete", "phrasesSave"),
    ("bindingRuleSave", "messageIngest", "bindingCreate"),
    ("bindingRuleDelete", "messageSend"),
    ("businessEventRecord", "messageSend"),
    ("iframeSave", "iframeDelete", "messageLeave"),
]
"""Mutations whose inputs on the stage work in any order."""
SEEDS = range(3)
TIMES_MAX = 5


def repeatable() -> set[str]:
    """Every mutation whose input has a clientMutationKey."""
    mutations = graphql.build_schema(build_schema().as_str()).mutation_type
    assert mutations
    inputs = {name: graphql.get_named_type(field.args["input"].type) for name, field in mutations.fields.items()}
    return {
        name
        for name, kind in inputs.items()
        if isinstance(kind, graphql.GraphQLInputObjectType) and "clientMutationKey" in kind.fields
    }


def test_every_repeatable_mutation_is_repeated_here() -> None:
    assert {mutation for each in SETS for mutation in each} == repeatable() - NOT_THE_PARTNERS


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mutations", SETS, ids=lambda each: each[0])
async def test_repetitions_in_any_order_end_as_each_call_once(
    server: Server, http: Any, mutations: tuple[str, ...], seed: int
) -> None:
    random = Random(seed)
    sent = [mutation for mutation in mutations for _ in range(random.randint(1, TIMES_MAX))]
    random.shuffle(sent)
    often, once = [await set_stage(await found_company(server, http)) for _ in range(2)]
    first: dict[str, dict[str, Any]] = {}
    for mutation in sent:
        payload = await call(often, mutation)
        assert first.setdefault(mutation, payload) == payload, f"{mutation} repeated in {sent}"
    for mutation in dict.fromkeys(sent):
        await call(once, mutation)
    assert await told(often.company) == await told(once.company), sent


@pytest.mark.parametrize("mutations", SETS, ids=lambda each: each[0])
async def test_repetitions_at_once_are_done_once(server: Server, http: Any, mutations: tuple[str, ...]) -> None:
    often, once = [await set_stage(await found_company(server, http)) for _ in range(2)]
    for mutation in mutations:
        payloads = await asyncio.gather(*(call(often, mutation) for _ in range(TIMES_MAX)))
        for payload in payloads:
            payload.pop("assigned", None)  # the looks after the commit may still add to it
        assert all(payload == payloads[0] for payload in payloads), mutation
        await call(once, mutation)
    assert await told(often.company) == await told(once.company)


async def call(stage: Stage, mutation: str) -> dict[str, Any]:
    given = stage.given(mutation) | {"clientMutationKey": f"key of {mutation}"}
    payload = await stage.company.partner.mutate(mutation, RESULTS[mutation], **given)
    assert not payload["userErrors"], (mutation, payload)
    return payload


async def told(company: Company) -> dict[str, Any]:
    """What the store says of a company, without ids and instants, which no two companies share."""
    server = company.server
    ledger = await company.check_laws()
    assert ledger == await server.inside(read_ledger(server.desk.store, company.tenant))
    names = {group: known.name for group, known in ledger.directory.groups.items()}

    def group(known: str | None) -> str | None:
        return names.get(known, known) if known else None

    sessions = {
        (session.ref.visitor, session.channel, session.ref.ordinal): (
            session.state,
            session.agent,
            group(session.skill_group),
            session.line and (session.line.kind, group(session.line.owner)),
            session.directed_by,
            session.last_seq,
            session.unread,
            [
                (entry.seq, entry.kind, entry.agent, entry.message and _said(entry.message, company))
                for entry in ledger.logs[session.id]
            ],
            ledger.commits[session.id],
        )
        for session in ledger.each()
    }
    agents = {
        login: (
            agent.status,
            agent.nickname,
            agent.max_sessions,
            sorted(str(group(each)) for each in agent.groups),
            [(held.visitor, held.channel, held.ordinal) for held in agent.held],
        )
        for login, agent in ledger.agents.items()
    }
    directory = ledger.directory
    settings = directory.settings
    return {
        "sessions": sessions,
        "agents": agents,
        "groups": {known.name: [group(each) for each in known.overflow_groups] for known in directory.groups.values()},
        "rules": {flag: group(rule.skill_group) for flag, rule in directory.rules.items()},
        "settings": (
            settings.ranking,
            [(each.channel, each.has_bot, group(each.skill_group)) for each in settings.channels],
        ),
        "precedence": directory.precedence_of("F", next(session.channel for session in ledger.each())),
        "bindings": await bindings(company),
        "webhooks": await webhooks(company),
        "binding rules": directory.binding_rules,
    }


def _said(message: Message, company: Company) -> tuple[MessageSender, str]:
    return message.sender, message.text.replace(company.tenant, "the company")  # the stage's messages name it


async def bindings(company: Company) -> dict[str, Any]:
    """Those that the stage knows, and whom each binds."""
    asked = await company.partner.ask(_BINDINGS)
    return {flag: binding and binding["agent"] for flag, binding in asked.items()}


async def webhooks(company: Company) -> tuple[list[str], list[str]]:
    """Where they lead to, and what became of what they did not take."""
    asked = await company.partner.ask("{ webhooks { nodes { url } } webhookDeliveries { nodes { state } } }")
    hooks, letters = asked["webhooks"]["nodes"], asked["webhookDeliveries"]["nodes"]
    return [each["url"] for each in hooks], [each["state"] for each in letters]


_BINDINGS = """{
  F: binding(businessFlag: "F", visitorUserName: "V") { agent { userName } }
  F2: binding(businessFlag: "F2", visitorUserName: "V") { agent { userName } }
  F3: binding(businessFlag: "F3", visitorUserName: "V") { agent { userName } }
}"""


async def test_heartbeats_that_come_again_extend_the_lease_once(server: Server, http: Any) -> None:
    company = (await set_stage(await found_company(server, http))).company
    client, given = company.agent_api("idle"), {"clientMutationKey": "beat"}
    before = await company.position()
    beats = await asyncio.gather(
        *(client.mutate("agentHeartbeat", "agent { leaseExpiresAt }", **given) for _ in range(TIMES_MAX))
    )
    after = await company.position()
    again = await client.mutate("agentHeartbeat", "agent { leaseExpiresAt }", **given)
    assert before != after == await company.position()
    assert [beat["agent"] for beat in beats] == [again["agent"]] * TIMES_MAX
