"""Who may do what: each role, right by right, and that the desk's own calls need just these."""

import asyncio
import functools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from deployment import FUNCTIONS, resources
from shop import BUSY, ONLINE, TENANT, Shop, weichat

from engines import Engines, client
from kefu.desk.attempts import commit
from kefu.desk.bindings import BindingName, create_binding
from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import close_session
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.sweep import sweep
from kefu.domain.directory import Ranking
from kefu.records import agents
from kefu.store.dynamodb import DynamoStore
from kefu.store.dynamodb_table import create_table
from kefu.store.dynamodb_transport import Answer, BotoTransport, Request, Transport
from kefu.store.port import Span
from kefu.testing.engines import quickest

Right = tuple[str, str]
"""An action, and what it may be done to."""

TABLE = "Table.Arn"
RECORDS = {(f"dynamodb:{action}", TABLE) for action in ("BatchGetItem", "DeleteItem", "Query", "UpdateItem")}
CHECKS = {("dynamodb:ConditionCheckItem", TABLE)}
INDEXES = {("dynamodb:Query", "${Table.Arn}/index/by_rank"), ("dynamodb:Query", "${Table.Arn}/index/by_listing")}
STREAM_ARN = "Table.StreamArn"
STREAM = {(f"dynamodb:{action}", STREAM_ARN) for action in ("DescribeStream", "GetRecords", "GetShardIterator")}
FOLLOWING = {("dynamodb:DescribeTable", TABLE)} | STREAM
MAPPED = STREAM | {("dynamodb:ListStreams", STREAM_ARN)}
CONNECTIONS = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebsocketsApi}/${sls:stage}/"
SOCKETS = {("execute-api:ManageConnections", f"{CONNECTIONS}{verb}/@connections/*") for verb in ("POST", "DELETE")}
FILES = {("s3:GetObject", "${Files.Arn}/*"), ("s3:PutObject", "${Files.Arn}/*"), ("s3:ListBucket", "Files.Arn")}
OWN_KEY = {
    (f"kms:{action}", "EncryptionKeyArn")
    for action in ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo")
}


def logs(group: str) -> set[Right]:
    return {(f"logs:{action}", f"{group}.Arn") for action in ("CreateLogStream", "PutLogEvents")}


RIGHTS = {
    # Visitors' files come and go over HTTP alone, and there clients poll for news.
    "http": RECORDS | CHECKS | INDEXES | FOLLOWING | FILES | logs("HttpLogGroup") | OWN_KEY,
    # Queries and mutations come over sockets as well.
    "websocket": RECORDS | CHECKS | INDEXES | SOCKETS | logs("WebsocketLogGroup") | OWN_KEY,
    # It keeps the journal and the sockets, and what a subscription selects lies in the table itself. It decides nothing
    # and lists nothing. The mapping reads the stream under its role.
    "stream": RECORDS | MAPPED | SOCKETS | {("sqs:SendMessage", "DeadLetters.Arn")} | logs("StreamLogGroup") | OWN_KEY,
    # Sweeping decides as requests do, but binds nobody: that alone checks what it does not write.
    "tick": RECORDS | INDEXES | SOCKETS | logs("TickLogGroup") | OWN_KEY,
}
"""Reviewed: a right more or less is a change here."""

TO_G = weichat(queueName="G")

NAMED_LATER = {resource for _, resource in SOCKETS} | {"${Files.Arn}/*"}
"""The last part is the id of a connection, which the API makes up, or the key of a file."""


def policies(function: str) -> Iterator[dict[str, Any]]:
    for policy in resources()[f"{function.title()}Role"]["Properties"]["Policies"]:
        # Of a condition: what holds with a key of one's own. Without one there is nothing.
        yield policy["Fn::If"][1] if "Fn::If" in policy else policy


def rights(function: str) -> Iterator[Right]:
    for policy in policies(function):
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement.keys() == {"Effect", "Action", "Resource"}
            assert statement["Effect"] == "Allow"
            for action in listed(statement["Action"]):
                yield from ((action, named(resource)) for resource in listed(statement["Resource"]))


def listed(one_or_many: Any) -> Sequence[Any]:
    return one_or_many if isinstance(one_or_many, list) else [one_or_many]


def named(resource: Any) -> str:
    if isinstance(resource, str):
        return resource
    [(function, argument)] = resource.items()
    return ".".join(argument) if function == "Fn::GetAtt" else str(argument)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_has_these_rights_and_no_other(function: str) -> None:
    assert set(rights(function)) == RIGHTS[function]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_right_is_given_by_wildcard(function: str) -> None:
    found = set(rights(function))
    assert not [action for action, _ in found if "*" in action]
    assert {resource for _, resource in found if "*" in resource} <= NAMED_LATER


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_lambda_takes_a_role(function: str) -> None:
    [statement] = resources()[f"{function.title()}Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


class NotedTransport:
    """Notes what rights the calls need that go through it."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.needed: set[Right] = set()

    async def call(self, operation: str, request: Request) -> Answer:
        self.needed |= set(needed(operation, request))
        return await self._inner.call(operation, request)

    async def close(self) -> None:
        await self._inner.close()


def needed(operation: str, request: Request) -> Iterator[Right]:
    if operation == "TransactWriteItems":
        for action in request["TransactItems"]:
            [kind] = action
            yield f"dynamodb:{'ConditionCheckItem' if kind == 'ConditionCheck' else f'{kind}Item'}", TABLE
    elif "StreamArn" in request or "ShardIterator" in request:
        yield f"dynamodb:{operation}", STREAM_ARN
    elif "IndexName" in request:
        yield f"dynamodb:{operation}", f"${{Table.Arn}}/index/{request['IndexName']}"
    else:
        yield f"dynamodb:{operation}", TABLE


@pytest.fixture
async def noted(engines: Engines) -> AsyncIterator[NotedTransport]:
    transport = NotedTransport(BotoTransport(functools.partial(client, endpoint=engines.endpoint(quickest()))))
    yield transport
    await transport.close()


@pytest.fixture
async def shop(noted: NotedTransport) -> Shop:
    """Agent `a` has a customer; `b` is free. What was needed to come so far is forgotten."""
    table = f"kefu-permissions-{uuid4()}"
    await create_table(noted, table)
    shop = Shop(store=DynamoStore(table, noted))
    await shop.group("G")
    await shop.agent("a", "G")
    await shop.write("first", queueName="G")
    await shop.agent("b", "G")
    noted.needed.clear()
    return shop


async def test_requests_ask_the_table_for_what_they_may_and_for_no_less(noted: NotedTransport, shop: Shop) -> None:
    desk = Desk(store=shop.desk.store, clock=shop.clock)  # another process: it knows of no agent yet
    call = Call(by=Caller(tenant=TENANT, role=Role.SUPERVISOR))
    await create_binding(desk, call, BindingName(business_flag="F", visitor="third"), "b")
    taken, _ = [
        await ingest_message(desk, call, IncomingMessage(visitor=each, ext=TO_G)) for each in ("second", "third")
    ]
    await close_session(desk, call, taken.session)
    await agents.listed(desk.store, TENANT, Span(10))
    assert noted.needed == RECORDS | CHECKS | INDEXES


async def test_a_poll_asks_the_stream_for_what_it_may_and_for_no_less(noted: NotedTransport, shop: Shop) -> None:
    store = shop.desk.store
    async with aclosing(store.changes(await store.position())) as changes:
        news = asyncio.ensure_future(anext(changes))
        await shop.turn("b", BUSY)
        await news
    assert noted.needed - RECORDS - INDEXES == FOLLOWING


async def test_the_sweep_asks_the_table_for_what_it_may_and_for_no_less(noted: NotedTransport, shop: Shop) -> None:
    await shop.turn("b", BUSY)
    for visitor in ("second", "third"):
        await shop.write(visitor, queueName="G")
    loaded = await agents.load_one(shop.desk.store, TENANT, "b")
    assert loaded is not None
    # A request that dies before it looks who waits.
    online = replace(loaded.value, status=ONLINE)
    await commit(shop.desk, [agents.write(TENANT, online, loaded.version, Ranking.LEAST_LOADED)])
    noted.needed.clear()
    await sweep(shop.desk, TENANT)
    assert noted.needed == RECORDS | INDEXES
