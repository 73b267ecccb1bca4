"""The schema: committed as printed, every part of it described, and the conventions of its mutations."""

from collections.abc import Iterator
from pathlib import Path

import graphql
import pytest

from kefu.api.schema import build_schema

COMMITTED = Path(__file__).parents[2] / "schema.graphql"
PRINTED = build_schema().as_str() + "\n"
SCHEMA = graphql.build_schema(PRINTED)
CONTRACT_ENUMS = {
    "SessionState": "BOT WAITING ACTIVE CLOSED",
    "DispatchOutcome": "ASSIGN WAIT_FOR_AGENT QUEUE KEEP_IN_BOT DECLINE",
    "AgentStatus": "ONLINE BUSY AWAY HIDDEN OFFLINE",
    "AgentRole": "AGENT SUPERVISOR",
    "Role": "PARTNER SUPERVISOR AGENT VISITOR",
    "Channel": "APP WEB WECHAT WEIBO PHONE API",
    "MessageType": "TEXT IMAGE AUDIO VIDEO FILE LOCATION CARD COMMAND",
    "MessageSender": "VISITOR AGENT BOT SYSTEM",
    "Precedence": "BINDING_FIRST ROUTING_FIRST",
    "CandidateRefusal": "BUSY AWAY HIDDEN OFFLINE FULL NOT_IN_GROUP LOWER_RANK",
    "SessionEventKind": "SESSION_BEGIN BOT_USER_MESSAGE BOT_MESSAGE USER_MESSAGE AGENT_MESSAGE HUMAN_REQUESTED QUEUED"
    " NO_AGENT_ONLINE ASSIGNED TRANSFERRED OVERFLOWED RATING_INVITED RATED USER_END AGENT_END USER_TIMEOUT_END"
    " AGENT_TIMEOUT_END PENDING_AUTO_END SESSION_END",
}
"""Closed sets whose names and values the contract gives."""
ADDED = {"SessionEventKind": ["DECLINED", "TIMEOUT_WARNED"]}
"""And what was added to them."""
CONTRACT_ERROR_CODES = {
    "BINDING_EXISTS",
    "AGENT_NOT_FOUND",
    "AGENT_FULL",
    "SESSION_CLOSED",
    "IDEMPOTENCY_MISMATCH",
    "OUTSIDE_HOURS",
}


def described() -> Iterator[tuple[str, str | None]]:
    """Every part of the schema, and what it says of itself."""
    for name, kind in SCHEMA.type_map.items():
        if name.startswith("__") or graphql.is_specified_scalar_type(kind):
            continue
        yield name, kind.description
        if isinstance(kind, graphql.GraphQLEnumType):
            yield from ((f"{name}.{value}", each.description) for value, each in kind.values.items())
        elif isinstance(kind, graphql.GraphQLInputObjectType):
            yield from ((f"{name}.{field}", each.description) for field, each in kind.fields.items())
        elif isinstance(kind, graphql.GraphQLObjectType | graphql.GraphQLInterfaceType):
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field.description
                yield from ((f"{name}.{field_name}({arg})", each.description) for arg, each in field.args.items())


def mutations() -> dict[str, graphql.GraphQLField]:
    assert SCHEMA.mutation_type
    return dict(SCHEMA.mutation_type.fields)


def payload(mutation: str) -> graphql.GraphQLObjectType:
    kind = graphql.get_named_type(mutations()[mutation].type)
    assert isinstance(kind, graphql.GraphQLObjectType)
    return kind


def input_of(mutation: str) -> graphql.GraphQLInputObjectType:
    kind = graphql.get_named_type(mutations()[mutation].args["input"].type)
    assert isinstance(kind, graphql.GraphQLInputObjectType)
    return kind


def test_the_schema_is_committed_as_it_is_printed() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == PRINTED, "run: kefu schema --output schema.graphql"


def test_everything_says_what_it_is() -> None:
    assert [part for part, description in described() if not description] == []


@pytest.mark.parametrize("mutation", mutations())
def test_a_mutation_takes_one_input_named_after_it(mutation: str) -> None:
    arguments = {name: str(argument.type) for name, argument in mutations()[mutation].args.items()}
    assert arguments == {"input": f"{mutation[0].upper()}{mutation[1:]}Input!"}


@pytest.mark.parametrize("mutation", mutations())
def test_a_mutation_gives_a_payload_named_after_it(mutation: str) -> None:
    assert str(mutations()[mutation].type) == f"{mutation[0].upper()}{mutation[1:]}Payload!"


@pytest.mark.parametrize("mutation", mutations())
def test_a_payload_tells_its_user_errors(mutation: str) -> None:
    assert str(payload(mutation).fields["userErrors"].type) == "[UserError!]!"


@pytest.mark.parametrize("mutation", mutations())
def test_results_are_nullable(mutation: str) -> None:
    results = {name: field.type for name, field in payload(mutation).fields.items() if name != "userErrors"}
    required = [name for name, kind in results.items() if graphql.is_non_null_type(kind)]
    assert set(required) <= {"isDuplicate"}, "the contract makes isDuplicate alone non-null"


@pytest.mark.parametrize("mutation", mutations())
def test_a_mutation_can_be_made_repeatable(mutation: str) -> None:
    assert str(input_of(mutation).fields["clientMutationKey"].type) == "String"


@pytest.mark.parametrize(("name", "values"), CONTRACT_ENUMS.items(), ids=CONTRACT_ENUMS)
def test_a_closed_set_has_the_contracts_name_and_values(name: str, values: str) -> None:
    kind = SCHEMA.type_map.get(name)
    assert isinstance(kind, graphql.GraphQLEnumType), f"the contract calls an enum {name}"
    assert list(kind.values) == [*values.split(), *ADDED.get(name, [])]


def test_refusals_have_the_contracts_codes() -> None:
    kind = SCHEMA.type_map.get("UserErrorCode")
    assert isinstance(kind, graphql.GraphQLEnumType), "the contract calls the codes UserErrorCode"
    assert kind.values.keys() >= CONTRACT_ERROR_CODES


@pytest.mark.parametrize(
    "name",
    [
        "Session",
        "Message",
        "Visitor",
        "Agent",
        "Binding",
        "Queue",
        "SessionEvent",
        "SkillGroup",
        "Webhook",
        "WebhookDelivery",
    ],
)
def test_a_business_object_is_a_node(name: str) -> None:
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, graphql.GraphQLObjectType)
    assert [interface.name for interface in kind.interfaces] == ["Node"]


def test_every_connection_has_nodes_and_edges() -> None:
    connections = [kind for name, kind in SCHEMA.type_map.items() if name.endswith("Connection")]
    assert all(
        isinstance(kind, graphql.GraphQLObjectType) and kind.fields.keys() >= {"nodes", "edges", "pageInfo"}
        for kind in connections
    )
