"""Sockets that an API Gateway keeps open: its management endpoint, through boto3."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, TypeVar

from kefu.domain.bounds import POSTS_MAX
from kefu.gateway.sockets import SocketBusy, SocketError, SocketGone

R = TypeVar("R")

CONNECT_TIMEOUT_S = 0.5
READ_TIMEOUT_S = 1.5
"""Both are over when a post is given up: a thread that went on with it would be missing for others."""


class ApiGatewaySockets:
    """The client is made when it is first needed: that takes a good part of a cold start."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._client: Any = None
        self._making = asyncio.Lock()

    async def ready(self) -> None:
        async with self._making:
            if self._client is None:
                self._client = await self._in_thread(self._made)

    async def post(self, connection_id: str, frame: bytes) -> None:
        await self._call("post_to_connection", ConnectionId=connection_id, Data=frame)

    async def close(self, connection_id: str) -> None:
        await self._call("delete_connection", ConnectionId=connection_id)

    def shut(self) -> None:
        """Gives back threads and connections."""
        self._threads.shutdown()
        if self._client is not None:
            self._client.close()

    async def _call(self, operation: str, **request: Any) -> None:
        await self.ready()
        await self._in_thread(lambda: getattr(self._client, operation)(**request))

    async def _in_thread(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _translating, work)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(POSTS_MAX, thread_name_prefix="sockets")

    def _made(self) -> Any:
        import boto3  # noqa: PLC0415  slow to import
        from botocore.config import Config  # noqa: PLC0415  as above

        config = Config(
            max_pool_connections=POSTS_MAX,
            tcp_keepalive=True,
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": 1},
        )
        return boto3.session.Session().client("apigatewaymanagementapi", endpoint_url=self._endpoint, config=config)


def _translating(work: Callable[[], R]) -> R:
    """Raises `TimeoutError` for what may have arrived, `SocketError` for whatever else the library raises."""
    from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError  # noqa: PLC0415  slow to import, as the client is

    try:
        return work()
    except ClientError as refused:
        raise _error_of(refused.response) from refused
    except ReadTimeoutError as silence:
        raise TimeoutError from silence
    except BotoCoreError as failure:
        raise SocketError(str(failure)) from failure


def _error_of(answer: dict[str, Any]) -> SocketError:
    code = answer.get("Error", {}).get("Code", "")
    if code in {"GoneException", "410"}:
        return SocketGone(code)
    if code in {"LimitExceededException", "ThrottlingException", "429"}:
        return SocketBusy(code)
    return SocketError(code)
