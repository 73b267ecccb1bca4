"""Blobs: bytes under a key. A key is `tenant/name`, made by us; nothing a caller sends becomes one unchecked."""

from typing import Protocol


class BlobError(Exception):
    """The files could not be reached, or refused to be written."""


class Blobs(Protocol):
    async def put(self, key: str, content: bytes) -> None:
        """Keeps `content`, whole or not at all. Raises `BlobError`."""

    async def get(self, key: str) -> bytes | None:
        """What was put under `key`; None where nothing was. Raises `BlobError`."""

    async def has(self, key: str) -> bool:
        """Whether anything was put under `key`, without reading it. Raises `BlobError`."""
