"""Sockets that an API Gateway keeps open: its management endpoint, through boto3."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from kefu.domain.bounds import POSTS_MAX
from kefu.gateway.sockets import SocketBusy, SocketError, SocketGone

CONNECT_TIMEOUT_S = 1
READ_TIMEOUT_S = 2


class ApiGatewaySockets:
    """The client is made when it is first needed: that takes a good part of a cold start."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    async def post(self, connection_id: str, frame: bytes) -> None:
        await self._call("post_to_connection", ConnectionId=connection_id, Data=frame)

    async def close(self, connection_id: str) -> None:
        await self._call("delete_connection", ConnectionId=connection_id)

    def shut(self) -> None:
        """Gives back threads and connections."""
        self._threads.shutdown()
        self._client.close()

    async def _call(self, operation: str, **request: Any) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, self._call_here, operation, request)

    def _call_here(self, operation: str, request: dict[str, Any]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  slow to import, as the client is

        try:
            getattr(self._client, operation)(**request)
        except ClientError as refused:
            raise _error_of(refused.response) from refused
        except BotoCoreError as failure:
            raise SocketError(str(failure)) from failure

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(POSTS_MAX, thread_name_prefix="sockets")

    @cached_property
    def _client(self) -> Any:
        import boto3  # noqa: PLC0415  as above
        from botocore.config import Config  # noqa: PLC0415  as above

        config = Config(
            max_pool_connections=POSTS_MAX,
            tcp_keepalive=True,
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": 1},
        )
        return boto3.session.Session().client("apigatewaymanagementapi", endpoint_url=self._endpoint, config=config)


def _error_of(answer: dict[str, Any]) -> SocketError:
    code = answer.get("Error", {}).get("Code", "")
    if code in {"GoneException", "410"}:
        return SocketGone(code)
    if code in {"LimitExceededException", "ThrottlingException", "429"}:
        return SocketBusy(code)
    return SocketError(code)
