"""Calls of an engine without boto3: unsigned, on kept connections. Most of what the tests cost was boto3's work on theirs.

What is tried goes through boto3 all the same: it is in the processes that are served, not in the desk behind them.
"""

import asyncio
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import msgspec
import urllib3

from kefu.store.dynamodb_transport import STREAM_OPERATIONS, Answer, Refused, Request, Unanswered

THREADS = 16
PATIENCE_S = 120
OK = 200


class PlainTransport:
    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._connections = urllib3.PoolManager(maxsize=THREADS, timeout=PATIENCE_S, retries=False)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="engine")

    async def call(self, operation: str, request: Request) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._call_here, operation, request)

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._connections.clear()

    def _call_here(self, operation: str, request: Request) -> Answer:
        service = "DynamoDBStreams" if operation in STREAM_OPERATIONS else "DynamoDB"
        scope = f"test/20200101/eu-central-1/{service.lower()}/aws4_request"
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"{service}_20120810.{operation}",
            "x-amz-date": "20200101T000000Z",
            "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        }
        try:
            answer = self._connections.request(
                "POST", self._endpoint, body=msgspec.json.encode(request), headers=headers
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unanswered(str(error), was_reached=True) from error
        told: Answer = msgspec.json.decode(answer.data)
        if answer.status != OK:
            raise _refused(told, answer.status)
        return {name: _with_types(each) for name, each in told.items()}


def _refused(told: Answer, status: int) -> Refused:
    reasons = tuple(each.get("Code", "None") for each in told.get("CancellationReasons") or ())
    code = str(told.get("__type", "")).rpartition("#")[2]
    return Refused(code, str(told.get("message") or told.get("Message")), reasons=reasons, status=status)


def _with_types(told: Any) -> Any:
    """JSON has neither bytes nor times."""
    if isinstance(told, list):
        return [_with_types(each) for each in told]
    if not isinstance(told, dict):
        return told
    if told.keys() == {"B"}:
        return {"B": b64decode(told["B"])}
    typed = {name: _with_types(each) for name, each in told.items()}
    if created := typed.get("ApproximateCreationDateTime"):
        typed["ApproximateCreationDateTime"] = datetime.fromtimestamp(created, UTC)
    return typed
