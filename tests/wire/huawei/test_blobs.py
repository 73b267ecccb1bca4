"""What every place for files must promise, held against each."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from kefu.blobs.folder import FolderBlobs
from kefu.blobs.memory import MemoryBlobs
from kefu.blobs.opening import NoBlobsUrl, open_blobs
from kefu.blobs.port import BlobError, Blobs
from kefu.blobs.s3 import S3Blobs

REGION = "eu-central-1"
QUICKLY = Config(connect_timeout=2, read_timeout=30, retries={"total_max_attempts": 2})


@pytest.fixture(scope="module")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The engine gets a socket that listens already: nobody can take its port, and who comes early waits."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, shared = listener.getsockname()[1], listener.fileno()
        engine = subprocess.Popen(  # noqa: S603  our own command
            [sys.executable, "-m", "hypercorn", "ministack.app:app", "--bind", f"fd://{shared}"],
            pass_fds=[shared],
            start_new_session=True,
            cwd=tmp_path_factory.mktemp("engine"),
            env=os.environ | {"GATEWAY_PORT": str(port), "SERVICES": "s3", "LOG_LEVEL": "ERROR"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(engine.pid, signal.SIGKILL)  # with the worker it started
        engine.wait()


@pytest.fixture(params=["memory", "folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    if request.param == "memory":
        return MemoryBlobs()
    if request.param == "folder":
        return FolderBlobs(tmp_path / "files")
    return _bucket(request.getfixturevalue("s3_endpoint"), monkeypatch)


def _bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> S3Blobs:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("s3", region_name=REGION, endpoint_url=endpoint, config=QUICKLY)
    client.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": REGION})
    return S3Blobs("files", region=REGION, endpoint=endpoint)


async def test_what_was_put_is_there(blobs: Blobs) -> None:
    content = bytes(range(256)) * 100
    await blobs.put("20080/a.png", content)
    assert await blobs.get("20080/a.png") == content


async def test_what_was_never_put_is_not(blobs: Blobs) -> None:
    assert await blobs.get("20080/never.png") is None


async def test_two_tenants_files_do_not_meet(blobs: Blobs) -> None:
    await blobs.put("20080/a.txt", b"one")
    await blobs.put("20081/a.txt", b"another")
    assert (await blobs.get("20080/a.txt"), await blobs.get("20081/a.txt")) == (b"one", b"another")


async def test_the_later_content_replaces_the_earlier(blobs: Blobs) -> None:
    await blobs.put("20080/b.txt", b"a long first content")
    await blobs.put("20080/b.txt", b"short")
    assert await blobs.get("20080/b.txt") == b"short"


async def test_an_empty_content_is_one(blobs: Blobs) -> None:
    await blobs.put("20080/empty.txt", b"")
    assert await blobs.get("20080/empty.txt") == b""


@pytest.mark.parametrize("key", ["../outside/x", "20080/../x", "a", "/etc/passwd", "20080/.hidden", "a/b/c", "a/b\n"])
async def test_a_folder_keeps_nothing_outside_of_itself(tmp_path: Path, key: str) -> None:
    blobs = FolderBlobs(tmp_path / "files")
    with pytest.raises(BlobError):
        await blobs.put(key, b"x")
    assert not any(found for _, *found in os.walk(tmp_path) if found != [[], []])


async def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(BlobError):
        await FolderBlobs(tmp_path / "taken").put("20080/a.txt", b"x")


async def test_a_bucket_that_is_not_there_says_so(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _bucket(s3_endpoint, monkeypatch)
    with pytest.raises(BlobError):
        await S3Blobs("nothing", region=REGION, endpoint=s3_endpoint).put("20080/a.txt", b"x")


@pytest.mark.parametrize(
    ("url", "kind"),
    [("memory:", MemoryBlobs), ("folder:files", FolderBlobs), ("s3:bucket?region=eu-central-1", S3Blobs)],
)
def test_a_place_is_named_by_its_url(url: str, kind: type) -> None:
    assert isinstance(open_blobs(url), kind)


@pytest.mark.parametrize(
    "url", ["", "memory", "memory:x", "folder:", "s3:", "s3:?region=x", "s3:b?colour=red", "ftp:x"]
)
def test_what_is_no_place_is_refused(url: str) -> None:
    with pytest.raises(NoBlobsUrl):
        open_blobs(url)


async def test_whether_a_blob_is_there_is_told(blobs: Blobs) -> None:
    await blobs.put("20080/c.png", b"picture")
    assert (await blobs.has("20080/c.png"), await blobs.has("20080/d.png")) == (True, False)


async def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """A folder lies where the file is to be."""
    (tmp_path / "20080" / "a.png").mkdir(parents=True)
    with pytest.raises(BlobError):
        await FolderBlobs(tmp_path).put("20080/a.png", b"picture")
    assert [each.name for each in (tmp_path / "20080").iterdir()] == ["a.png"]
