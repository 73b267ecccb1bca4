"""Small functions for the gateway to run, in processes of their own, as a packager would hand them to Lambda."""

import json
import os
import time
from pathlib import Path
from typing import Any

SCRATCH = Path(os.environ["SCRATCH"])
PATIENCE_S = 90
"""Longer than any test waits."""


def echo(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(event)}


def http(event: dict[str, Any], context: Any) -> Any:
    """Does what the path says."""
    match event["rawPath"].strip("/").split("/"):
        case ["returns"]:
            return json.loads(event["body"])
        case ["process"]:
            return {"pid": os.getpid(), "remaining_ms": context.get_remaining_time_in_millis()}
        case ["waits", name]:
            note({"waits": name, "pid": os.getpid()})
            wait_for(name)
            return {"pid": os.getpid()}
        case ["raises"]:
            raise ValueError("on purpose")
        case ["exits"]:
            os._exit(3)
        case ["returns-bytes", count]:
            return {"statusCode": 200, "body": "x" * int(count)}
    return echo(event, context)


def websocket(event: dict[str, Any], _context: Any) -> Any:
    note(event)
    asked = event.get("queryStringParameters", {})
    if event["requestContext"]["routeKey"] == "$connect":
        if "raises" in asked:
            raise ValueError("on purpose")
        headers = {"Sec-WebSocket-Protocol": asked["protocol"]} if "protocol" in asked else {}
        return {"statusCode": int(asked.get("status", "200")), "headers": headers}
    order = event.get("body", "")
    if order == "raise":
        raise ValueError("on purpose")
    if order.startswith("wait "):
        wait_for(order.removeprefix("wait "))
        note({"done": order})
    return {"statusCode": 200, "body": "told to nobody"}


def websocket_that_waits(event: dict[str, Any], _context: Any) -> Any:
    note(event)
    wait_for("go")
    return {"statusCode": 200}


def stream(event: dict[str, Any], _context: Any) -> Any:
    """Takes records in order until one that is poison."""
    for record in event["Records"]:
        if "poison" in record["dynamodb"]["Keys"]["sk"]["S"]:
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
        note({"record": record["dynamodb"]["Keys"]["sk"]["S"], "of": len(event["Records"]), "event": record})
    return {"batchItemFailures": []}


def stream_that_raises(event: dict[str, Any], _context: Any) -> None:
    if any("poison" in record["dynamodb"]["Keys"]["sk"]["S"] for record in event["Records"]):
        raise ValueError("on purpose")
    for record in event["Records"]:
        note({"record": record["dynamodb"]["Keys"]["sk"]["S"], "event": record})


def stream_that_fails_at_first(event: dict[str, Any], _context: Any) -> None:
    is_first = not (SCRATCH / "notes").exists()
    for record in event["Records"]:
        note({"record": record["dynamodb"]["Keys"]["sk"]["S"], "event": record})
    if is_first:
        raise ValueError("on purpose")


def tick(event: dict[str, Any], _context: Any) -> None:
    note(event)


def note(told: dict[str, Any]) -> None:
    with (SCRATCH / "notes").open("a") as notes:
        notes.write(json.dumps(told) + "\n")


def wait_for(name: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not (SCRATCH / name).exists() and time.monotonic() < deadline:
        time.sleep(0.005)
