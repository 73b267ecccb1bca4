"""One verb to the service. Today boto3 stands behind it, in threads; a lighter signed client may take its place.

A call costs about a millisecond of CPU, so threads are no bottleneck; a hop to one costs 25 µs.
"""

import asyncio
import functools
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias

from kefu.store.port import StoreError, Throttled

THREADS = 32
WAITING_MAX = 1_000
"""Calls of one transport that wait for a thread. More are turned away as `Throttled`."""
CONNECT_TIMEOUT_S = 1
READ_TIMEOUT_S = 2
ATTEMPTS = 3

STREAM_OPERATIONS = frozenset({"DescribeStream", "GetShardIterator", "GetRecords"})

Request: TypeAlias = dict[str, Any]
Answer: TypeAlias = dict[str, Any]

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


class Refused(Exception):
    """The service answered, with an error."""

    def __init__(
        self, code: str, say: str = "", *, reasons: tuple[str, ...] = (), status: int = 400, was_repeated: bool = False
    ) -> None:
        super().__init__(f"{code}: {say}")
        self.code = code
        self.say = say
        self.reasons = reasons
        """Of a cancelled transaction: a code for each action, `None` (the word) where it was none's fault."""
        self.status = status
        self.was_repeated = was_repeated
        """This answers a repetition; what became of the first try is not known."""


class Unanswered(Exception):
    """No answer came. `was_reached`: the request may have arrived all the same."""

    def __init__(self, say: str, *, was_reached: bool) -> None:
        super().__init__(say)
        self.was_reached = was_reached


class Transport(Protocol):
    async def call(self, operation: str, request: Request) -> Answer:
        """Raises `Refused`, `Unanswered`; `Throttled` or `StoreError` if nothing was sent."""

    async def close(self) -> None:
        """Gives back sockets and threads."""


class BotoTransport:
    """boto3's low-level clients, each made at its first use: importing and making them takes 200 ms."""

    def __init__(self, make_client: Callable[[str], Any], *, threads: int = THREADS) -> None:
        self._make_client = make_client
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="kefu-dynamodb")
        self._waiting = 0
        self._is_closed = False

    async def call(self, operation: str, request: Request) -> Answer:
        if self._is_closed:
            raise StoreError("the store was closed")
        if self._waiting >= WAITING_MAX:
            raise Throttled(f"{WAITING_MAX} requests wait for DynamoDB")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._call_here, operation, request)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        self._is_closed = True
        await asyncio.to_thread(self._threads.shutdown)
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _call_here(self, operation: str, request: Request) -> Answer:
        with _errors_named():
            client = self._client("dynamodbstreams" if operation in STREAM_OPERATIONS else "dynamodb")
            answer: Answer = getattr(client, _method(operation))(**request)
            return answer

    def _client(self, service: str) -> Any:
        with self._making:
            if service not in self._clients:
                self._clients[service] = self._make_client(service)
            return self._clients[service]


def boto_client(service: str, *, region: str | None = None, endpoint: str | None = None) -> Any:
    """Credentials, and the region if it is not named, come from where boto3 looks for them."""
    import boto3  # noqa: PLC0415  it is slow to import, and memory and SQLite never need it
    from botocore.config import Config  # noqa: PLC0415  likewise

    config = Config(
        parameter_validation=False,  # the requests are ours; this takes a good part of a call
        max_pool_connections=THREADS,
        tcp_keepalive=True,
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    return boto3.session.Session().client(service, region_name=region, endpoint_url=endpoint, config=config)


@functools.cache
def _method(operation: str) -> str:
    return _WORD.sub("_", operation).lower()


@contextmanager
def _errors_named() -> Iterator[None]:
    from botocore import exceptions  # noqa: PLC0415  it is slow to import, and memory and SQLite never need it
    from botocore.parsers import ResponseParserError  # noqa: PLC0415  likewise

    try:
        yield
    except exceptions.ClientError as error:
        raise _refused(error.response) from error
    except exceptions.ConnectionError as error:
        raise Unanswered(str(error), was_reached=False) from error
    except (exceptions.HTTPClientError, ResponseParserError) as error:
        raise Unanswered(str(error), was_reached=True) from error
    except exceptions.NoCredentialsError as error:
        raise StoreError(
            "no AWS credentials were found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run under a role"
        ) from error
    except exceptions.NoRegionError as error:
        raise StoreError("no AWS region is set: say dynamodb:TABLE?region=…, or set AWS_DEFAULT_REGION") from error
    except exceptions.BotoCoreError as error:  # nothing was sent
        raise StoreError(str(error)) from error


def _refused(answer: Answer) -> Refused:
    error, meta = answer.get("Error", {}), answer.get("ResponseMetadata", {})
    return Refused(
        error.get("Code", ""),
        error.get("Message", ""),
        reasons=tuple(reason.get("Code", "None") for reason in answer.get("CancellationReasons", ())),
        status=meta.get("HTTPStatusCode", 400),
        was_repeated=meta.get("RetryAttempts", 0) > 0,
    )
