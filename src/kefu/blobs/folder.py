"""Blobs as files of one folder, shared by the processes of one machine."""

import asyncio
import os
import re
import tempfile
from pathlib import Path

from kefu.blobs.port import BlobError

_KEY = re.compile(r"[0-9A-Za-z_-][0-9A-Za-z._-]*/[0-9A-Za-z_-][0-9A-Za-z._-]*")


class FolderBlobs:
    """The folder is made with the first blob."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, content: bytes) -> None:
        file = self._file(key)
        try:
            await asyncio.to_thread(_write, file, content)
        except OSError as failed:
            raise BlobError(f"{file.name} could not be written: {type(failed).__name__}") from failed

    async def get(self, key: str) -> bytes | None:
        try:
            return await asyncio.to_thread(self._file(key).read_bytes)
        except FileNotFoundError:
            return None
        except OSError as failed:
            raise BlobError(f"a file could not be read: {type(failed).__name__}") from failed

    async def has(self, key: str) -> bool:
        return await asyncio.to_thread(self._file(key).is_file)

    def _file(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise BlobError("A key is tenant/name, of letters, digits, '.', '_' and '-'.")
        return self._folder / key


def _write(file: Path, content: bytes) -> None:
    """Beside its place first: whoever reads finds all of it or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".", delete=False) as written:
        try:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
            Path(written.name).replace(file)
        except BaseException:
            Path(written.name).unlink(missing_ok=True)
            raise
