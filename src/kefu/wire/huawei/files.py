"""`uploadFileStream` and `downloadFileStream`: files as base64, kept as blobs under names that nobody can guess.

A name opens its file to every visitor of the tenant, as with the vendor; another tenant's opens nothing.
"""

import base64
import binascii
import re
from collections.abc import Mapping

from kefu.blobs.port import BlobError
from kefu.wire.huawei.answers import FAILED, OK, Answer, answer
from kefu.wire.huawei.fields import OnChannel
from kefu.wire.huawei.file_types import DOWNLOADED, UPLOADED, known_type, looks_like
from kefu.wire.huawei.requests import Wrong
from kefu.wire.huawei.visit import Visit
from kefu.wire.huawei.web_call import AnyWebCall, WebCall

FILE_BYTES_MAX = 2 * 1_024 * 1_024
_BODY_BYTES_MAX = FILE_BYTES_MAX * 4 // 3 + 4_096
_NAME_BITS = 128
_NAME = re.compile(r"[0-9a-f]{32}\.[a-z0-9]{2,8}")
_LOCAL = "local/"
_MISSING, _WRONG, _NO_KEY = "2", "3", "401"


class Upload(OnChannel, frozen=True, kw_only=True):
    file_type: str
    file_stream: str


class Download(OnChannel, frozen=True, kw_only=True):
    file_id: str | None
    file_type: str
    multi_media: str | None = None


async def upload(visit: Visit, asked: Upload) -> Answer:
    if not asked.file_stream or not asked.file_type:
        raise Wrong("fileType or fileStream is empty.", is_missing=True)
    file_type = known_type(asked.file_type, UPLOADED)
    if file_type is None:
        raise Wrong(f"fileType must be one of {', '.join(sorted(UPLOADED))}.")
    content = _decoded(asked.file_stream)
    if not looks_like(file_type, content):
        raise Wrong(f"The file is no {file_type}.")
    name = f"{visit.desk.random.getrandbits(_NAME_BITS):032x}.{file_type}"
    try:
        await visit.blobs.put(_key(visit, name), content)
    except BlobError:
        return answer(FAILED, "The file could not be kept.")
    return answer(OK, "upload file success.", objectKey=name)


async def download(visit: Visit, asked: Download) -> Answer:
    if not asked.file_id:
        return answer(_NO_KEY, "objectKey is null.")
    if known_type(asked.file_type, DOWNLOADED) is None:
        raise Wrong(f"fileType must be one of {', '.join(sorted(DOWNLOADED))}.")
    content = await _found(visit, asked.file_id)
    if content is None:
        return answer(FAILED, "There is no such file.")
    return answer(OK, "download file success.", fileStream=base64.b64encode(content).decode())


async def require_stored(visit: Visit, name: str) -> None:
    """Raises `Wrong` unless `name` is a file that was uploaded, and `BlobError` where nobody can say."""
    bare = name.removeprefix(_LOCAL)
    if not (_NAME.fullmatch(bare) and await visit.blobs.has(_key(visit, bare))):
        raise Wrong("content is not the key of an uploaded file.")


async def _found(visit: Visit, name: str) -> bytes | None:
    """Whether a library file or a local one is asked for makes no difference here."""
    bare = name.removeprefix(_LOCAL)
    if not _NAME.fullmatch(bare):
        return None
    try:
        return await visit.blobs.get(_key(visit, bare))
    except BlobError:
        return None


def _key(visit: Visit, name: str) -> str:
    return f"{visit.tenant}/{name}"


def _decoded(stream: str) -> bytes:
    try:
        content = base64.b64decode(stream, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise Wrong("fileStream must be base64.") from wrong
    if not content or len(content) > FILE_BYTES_MAX:
        raise Wrong(f"A file has 1 to {FILE_BYTES_MAX} bytes.")
    return content


CALLS: Mapping[str, AnyWebCall] = {
    "uploadfilestream": WebCall(
        asked=Upload,
        reply=upload,
        missing=_MISSING,
        wrong=_WRONG,
        body_bytes_max=_BODY_BYTES_MAX,
        has_return_code=True,
    ),
    "downloadfilestream": WebCall(asked=Download, reply=download, missing=_MISSING, wrong=_MISSING),
}
