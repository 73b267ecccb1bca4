"""One cold start of a bare stack: Strawberry, Starlette, Mangum and a boto3 client around a small schema.

`python coldstart_bare.py FOLDER [URL TABLE]`: imports from FOLDER, and reads one item of TABLE at URL if both are given. Prints its CPU
time in ns.
"""

import json
import sys
import time
from typing import Any

began = time.process_time_ns()
sys.path.insert(0, sys.argv[1])
endpoint = sys.argv[2] if len(sys.argv) > 2 else None  # noqa: PLR2004  the second argument

import boto3  # noqa: E402  importing is what is measured
import strawberry  # noqa: E402  likewise
from mangum import Mangum  # noqa: E402  likewise
from starlette.applications import Starlette  # noqa: E402  likewise
from starlette.routing import Route  # noqa: E402  likewise
from strawberry.asgi import GraphQL  # noqa: E402  likewise

client = boto3.client("dynamodb", region_name="local", endpoint_url=endpoint)


@strawberry.type
class Agent:
    id: strawberry.ID
    nickname: str


@strawberry.type
class Session:
    id: strawberry.ID
    state: str
    agent: Agent | None


@strawberry.input
class MessageInput:
    visitor: str
    text: str


@strawberry.type
class Query:
    @strawberry.field
    def session(self, id: strawberry.ID) -> Session | None:  # noqa: A002  as GraphQL calls it
        if endpoint:
            client.get_item(TableName=sys.argv[3], Key={"pk": {"S": id}, "sk": {"S": id}}, ConsistentRead=True)
        return None


@strawberry.type
class Mutation:
    @strawberry.mutation
    def message(self, input: MessageInput) -> Session:  # noqa: A002  as GraphQL calls it
        return Session(id=strawberry.ID(input.visitor), state="WAITING", agent=None)


view: GraphQL[None, None] = GraphQL(strawberry.Schema(Query, Mutation))
handler = Mangum(Starlette(routes=[Route("/graphql", view)]), lifespan="off")

http = {"method": "POST", "path": "/graphql", "sourceIp": "192.0.2.1"}
body = json.dumps({"query": '{ session(id: "1") { id state } }'})
event = {"version": "2.0", "rawQueryString": "", "headers": {"content-type": "application/json"}, "body": body}
no_context: Any = None
answer = handler(event | {"requestContext": {"http": http}}, no_context)
took = time.process_time_ns() - began
if answer["body"].replace(" ", "") != '{"data":{"session":null}}':
    sys.exit(f"The bare stack answered {answer}")
print(took)  # noqa: T201  the parent reads it
