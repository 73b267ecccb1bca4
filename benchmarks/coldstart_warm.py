"""Warm invocations of the bundle: through the handler, and the app called directly, by turns in one process.

`python coldstart_warm.py FOLDER ROUNDS`: prints two lists of ns, as JSON.
"""

import asyncio
import gc
import json
import os
import sys
import time
from typing import Any

sys.path.insert(0, sys.argv[1])
os.environ["KEFU_STORE"] = "memory:"

from kefu.desk.bearer_tokens import sign
from kefu.desk.call import Caller, Role
from kefu.entrypoints.container import CONTAINER
from kefu.entrypoints.lambda_http import handler

INVOKES = 50
MESSAGE = 'mutation { messageIngest(input: {visitorUserName: "V", text: "hello"}) { session { id state } userErrors { code } } }'
caller = Caller(tenant="20080", role=Role.PARTNER, user_name="crm")
token = sign(caller, CONTAINER.desk.clock.now() + 3_600_000, CONTAINER.secret)
headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
body = json.dumps({"query": MESSAGE})
http = {"method": "POST", "path": "/graphql", "sourceIp": "192.0.2.1"}
event: dict[str, Any] = {"version": "2.0", "rawQueryString": "", "headers": headers, "body": body}
event |= {"requestContext": {"http": http}}
scope = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "path": "/graphql",
    "raw_path": b"/graphql",
    "root_path": "",
    "scheme": "https",
    "query_string": b"",
    "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    "server": ("kefu.example", 443),
    "client": ("192.0.2.1", 0),
    "asgi": {"version": "3.0"},
}


async def call_directly() -> None:
    """What a server would do in a loop that runs on: no event, no answer, no start and stop of the loop."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body.encode(), "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:  # noqa: PLR2004  HTTP's own number
            sys.exit(f"The app answered {message}")

    await CONTAINER.app(dict(scope), receive, send)


def through_the_handler() -> int:
    began = time.process_time_ns()
    for _ in range(INVOKES):
        if handler(event, None)["statusCode"] != 200:  # noqa: PLR2004  HTTP's own number
            sys.exit("The handler failed.")
    return (time.process_time_ns() - began) // INVOKES


async def directly() -> int:
    await asyncio.sleep(0)
    began = time.process_time_ns()
    for _ in range(INVOKES):
        await call_directly()
    return (time.process_time_ns() - began) // INVOKES


taken: tuple[list[int], list[int]] = ([], [])
for _ in range(int(sys.argv[2])):
    gc.collect()
    taken[0].append(through_the_handler())
    gc.collect()
    taken[1].append(CONTAINER.run(directly()))
print(json.dumps(taken))  # noqa: T201  the parent reads it
