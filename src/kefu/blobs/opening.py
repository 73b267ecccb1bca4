from pathlib import Path
from urllib.parse import parse_qs

from kefu.blobs.folder import FolderBlobs
from kefu.blobs.memory import MemoryBlobs
from kefu.blobs.port import Blobs
from kefu.blobs.s3 import S3Blobs


class NoBlobsUrl(Exception):
    """KEFU_BLOBS must be `memory:`, `folder:PATH` or `s3:BUCKET`, with `?region=…&endpoint=…` behind a bucket or not."""


def open_blobs(url: str) -> Blobs:
    """Where files lie; nothing is made or asked for yet. Raises `NoBlobsUrl`."""
    scheme, _, rest = url.partition(":")
    bucket, _, query = rest.partition("?")
    options = {name: values[-1] for name, values in parse_qs(query).items()}
    if url == "memory:":
        return MemoryBlobs()
    if scheme == "folder" and rest:
        return FolderBlobs(Path(rest))
    if scheme == "s3" and bucket and not options.keys() - {"region", "endpoint"}:
        return S3Blobs(bucket, **options)
    raise NoBlobsUrl(f"KEFU_BLOBS is {url!r}. {NoBlobsUrl.__doc__}")
