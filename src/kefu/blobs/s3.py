"""Blobs as objects of an S3 bucket."""

import asyncio
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kefu.blobs.port import BlobError

_GONE = ("NoSuchKey", "404")
_CONNECT_S, _READ_S, _TRIES = 2, 10, 2
"""All tries together end before a visitor's gateway gives up."""


class S3Blobs:
    """The client is made with the first call: boto3 takes a quarter of a second."""

    def __init__(self, bucket: str, *, region: str | None = None, endpoint: str | None = None) -> None:
        self._bucket = bucket
        self._options = {"region_name": region, "endpoint_url": endpoint}

    async def put(self, key: str, content: bytes) -> None:
        await asyncio.to_thread(self._put, key, content)

    async def get(self, key: str) -> bytes | None:
        return await asyncio.to_thread(self._get, key)

    async def has(self, key: str) -> bool:
        return await asyncio.to_thread(self._has, key)

    @functools.cached_property
    def _client(self) -> Any:
        import boto3  # noqa: PLC0415  installed where it is asked for
        from botocore.config import Config  # noqa: PLC0415  as above

        config = Config(
            connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"mode": "standard", "total_max_attempts": _TRIES}
        )
        return boto3.session.Session().client("s3", config=config, **self._options)

    def _put(self, key: str, content: bytes) -> None:
        with _translated():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content)

    def _get(self, key: str) -> bytes | None:
        with _translated(), _unless_gone():
            found: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            return found
        return None

    def _has(self, key: str) -> bool:
        with _translated(), _unless_gone():
            self._client.head_object(Bucket=self._bucket, Key=key)
            return True
        return False


@contextmanager
def _unless_gone() -> Iterator[None]:
    from botocore.exceptions import ClientError  # noqa: PLC0415  as above

    try:
        yield
    except ClientError as answered:
        if answered.response["Error"]["Code"] not in _GONE:
            raise


@contextmanager
def _translated() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  as above

    try:
        yield
    except (BotoCoreError, ClientError) as failed:
        raise BlobError(f"S3 did not answer: {type(failed).__name__}") from failed
