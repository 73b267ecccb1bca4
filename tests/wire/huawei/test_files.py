"""H11 and H12: files up and down."""

import base64

import pytest
from shop import TENANT

from kefu.blobs.memory import MemoryBlobs
from kefu.blobs.port import BlobError
from kefu.wire.huawei.files import FILE_BYTES_MAX
from wire.huawei.conftest import client_of
from wire.huawei.office import CLIENT_ID, OTHER_TENANT, PNG, Office, Page

RIGHT = {
    "jpg": b"\xff\xd8\xff\xe0 picture",
    "jpeg": b"\xff\xd8\xff\xdb picture",
    "png": PNG,
    "bmp": b"BM picture",
    "mp3": b"ID3 sound",
    "aac": b"\xff\xf1 sound",
    "mp4": b"\0\0\0\x18ftypmp42 film",
    "txt": "你好".encode(),
    "csv": "姓名,电话\n".encode("gb18030"),
}


@pytest.mark.parametrize("file_type", RIGHT)
async def test_h11_c26_a_file_comes_back_as_it_went(page: Page, file_type: str) -> None:
    uploaded = await page.upload(RIGHT[file_type], file_type)
    assert (uploaded["resultCode"], uploaded["returnCode"]) == ("0", "0")
    downloaded = await page.download(uploaded["objectKey"], file_type)
    assert downloaded["resultCode"] == "0"
    assert base64.b64decode(downloaded["fileStream"], validate=True) == RIGHT[file_type]


@pytest.mark.parametrize("content", [b"\xff\xfb frames", b"\xff\xf3 frames"], ids=["MPEG 1", "MPEG 2"])
async def test_h11_sound_may_begin_with_a_frame(page: Page, content: bytes) -> None:
    assert (await page.upload(content, "mp3"))["returnCode"] == "0"


@pytest.mark.parametrize("written", ["bpm", "BMP", ".bmp", "Bmp "])
async def test_c27_a_type_is_read_as_it_is_written(page: Page, written: str) -> None:
    assert (await page.upload(RIGHT["bmp"], written))["objectKey"].endswith(".bmp")


@pytest.mark.parametrize("file_type", RIGHT)
async def test_h11_what_the_bytes_do_not_look_like_is_wrong(page: Page, file_type: str) -> None:
    refused = await page.upload(b"\0\x81 MZ: a program", file_type)
    assert (refused["returnCode"], refused["resultCode"]) == ("3", "3")


@pytest.mark.parametrize("file_type", ["exe", "html", "svg", "pdf", "zip", "../png", "x" * 1_000])
async def test_h11_other_types_are_wrong(page: Page, file_type: str) -> None:
    assert (await page.upload(PNG, file_type))["returnCode"] == "3"


@pytest.mark.parametrize(
    "body",
    [
        {"channel": "WEB"},
        {"channel": "WEB", "fileType": "png"},
        {"channel": "WEB", "fileStream": "iVBORw=="},
        {"channel": "WEB", "fileType": "", "fileStream": "iVBORw=="},
        {"channel": "WEB", "fileType": "png", "fileStream": ""},
    ],
)
async def test_h11_a_missing_field_is_2(page: Page, body: dict[str, str]) -> None:
    assert (await page.ask("uploadFileStream", **body))["returnCode"] == "2"


@pytest.mark.parametrize("stream", ["no base64!", "aGk", "data:image/png;base64,iVBORw==", "你好", "===="])
async def test_h11_what_is_no_base64_is_3(page: Page, stream: str) -> None:
    answer = await page.ask("uploadFileStream", fileType="txt", fileStream=stream, channel="WEB")
    assert answer["returnCode"] == "3"


async def test_h11_a_file_may_have_two_megabytes_and_no_more(page: Page) -> None:
    assert (await page.upload(b"x" * FILE_BYTES_MAX, "txt"))["returnCode"] == "0"
    assert (await page.upload(b"x" * (FILE_BYTES_MAX + 1), "txt"))["returnCode"] == "3"


async def test_h11_a_body_beyond_all_bounds_is_a_bad_request(page: Page) -> None:
    body = {"fileType": "txt", "fileStream": "eHh4" * FILE_BYTES_MAX, "channel": "WEB"}
    assert (await page.post("uploadFileStream", body)).status_code == 400


async def test_h12_a_local_file_is_the_same_file(page: Page) -> None:
    key = (await page.upload(PNG, "png"))["objectKey"]
    assert (await page.download(f"local/{key}"))["resultCode"] == "0"


async def test_h12_multi_media_may_be_left_out(page: Page) -> None:
    key = (await page.upload(PNG, "png"))["objectKey"]
    answer = await page.ask("downloadFileStream", fileId=key, channel="WEB", fileType="png")
    assert answer["resultCode"] == "0"


@pytest.mark.parametrize("file_id", ["", None])
async def test_h12_no_key_is_401(page: Page, file_id: object) -> None:
    answer = await page.ask("downloadFileStream", fileId=file_id, channel="WEB", fileType="jpg")
    assert answer["resultCode"] == "401"


@pytest.mark.parametrize("file_id", ["unknown", f"{'0' * 32}.png", "../../secret", f"../{TENANT}/x", "%2e%2e/x", "/"])
async def test_h12_an_unknown_key_fails(page: Page, file_id: str) -> None:
    assert (await page.download(file_id))["resultCode"] == "13"


@pytest.mark.parametrize("body", [{"fileId": "x"}, {"fileId": "x", "fileType": "exe"}, {"fileType": "jpg"}])
async def test_h12_a_wrong_type_or_a_missing_field_is_2(page: Page, body: dict[str, str]) -> None:
    assert (await page.ask("downloadFileStream", channel="WEB", **body))["resultCode"] == "2"


@pytest.mark.parametrize("file_type", ["richtext", "doc", "docx", "pdf", "zip"])
async def test_h12_documents_may_be_asked_for(page: Page, file_type: str) -> None:
    assert (await page.download("unknown", file_type))["resultCode"] == "13"


async def test_h12_another_tenants_key_opens_nothing(office: Office, page: Page) -> None:
    key = (await page.upload(PNG, "png"))["objectKey"]
    theirs = await Page(http=office.http).enter(app_key=f"{OTHER_TENANT}-{CLIENT_ID}")
    assert (await theirs.download(key))["resultCode"] == "13"


async def test_h11_two_uploads_have_two_keys(page: Page) -> None:
    first, second = await page.upload(PNG, "png"), await page.upload(PNG, "png")
    assert first["objectKey"] != second["objectKey"]


@pytest.mark.parametrize("name", ["notes", "notes.txt", "0.txt"])
async def test_h12_only_what_was_uploaded_can_be_asked_for(office: Office, page: Page, name: str) -> None:
    await office.blobs.put(f"{TENANT}/{name}", b"of somebody else's making")
    assert (await page.download(name, "txt"))["resultCode"] == "13"


class Full(MemoryBlobs):
    async def put(self, key: str, content: bytes) -> None:
        raise BlobError(f"no room for {key} of {len(content)} bytes")


async def test_h11_a_file_that_cannot_be_kept_is_13(office: Office, page: Page) -> None:
    async with client_of(office.shop, Full(), 0.02) as http:
        answer = await Page(http=http, headers=page.headers).upload(PNG, "png")
    assert (answer["resultCode"], answer["returnCode"]) == ("13", "13")
