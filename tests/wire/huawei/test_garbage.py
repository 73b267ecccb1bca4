"""Garbage at every door, made from the vectors: the dialect's own error, and nothing changes."""

import json
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop import Shop

from kefu.blobs.memory import MemoryBlobs
from kefu.domain.bounds import REQUEST_BYTES_MAX
from kefu.testing.faults import FaultRates, FaultyStore
from kefu.wire.huawei.routes import APP_CALLS, CALLS
from wire.huawei.conftest import client_of
from wire.huawei.office import APP_KEY, ENTRY, SECRET_ID, Office, Page

USER = "xiaoming"
SEND = {"channel": "WEB", "controlType": "CONNECT", "from": USER, "to": ENTRY}
TOKEN_BY_AK_SK = "/apigovernance/api/oauth/tokenByAkSk"

VECTORS: dict[str, dict[str, Any]] = {
    TOKEN_BY_AK_SK: {"app_key": APP_KEY, "app_secret": SECRET_ID},
    "applytoken": {"userId": "another", "channelId": ENTRY},
    "mobileagent/createcall": {"called": "10086"},
    "send": SEND,
    "sendasync": SEND,
    "sendsync": SEND,
    "poll": {"receiverId": USER, "channel": "WEB"},
    "queryqueueinfo": {"userId": USER, "channelConfigId": ENTRY, "channel": "WEB"},
    "uploadfilestream": {"fileType": "txt", "fileStream": "aGVsbG8=", "channel": "WEB"},
    "downloadfilestream": {"fileId": f"{'0' * 32}.txt", "channel": "WEB", "fileType": "txt"},
    "savesatisfaction": {"channel": "WEB", "userId": USER, "evaluation": "5", "channelConfigId": ENTRY},
    "getsatisfactionsurveymode": {},
    "robot/feedbacksatisfaction": {"feedback": 1, "from": USER, "interIdx": "1"},
    "queryphrasebykeyword": {"strContent": "x", "channel": "WEB"},
    "doleavemessage": {"callId": USER, "caller": "10086", "leaveMessage": "x", "channel": "WEB"},
    "queryhistorychatmessage": {
        "channelId": ENTRY, "userId": USER, "limit": "1", "offset": "0", "channel": "WEB",
    },
    "checkclicktocallsupport": {"channel": "WEB"},
    "createclicktocall": {"channel": "WEB", "mediaAbility": "0"},
    "getclicktocallevents": {"channel": "WEB"},
    "dropclicktocall": {"channel": "WEB"},
}  # fmt: skip
"""The fields that each call needs, right."""

QUERIES = [path for path, door in CALLS.items() if door.method == "GET"]
FIELDS = [(path, name) for path, body in VECTORS.items() for name in body]
BODIES = [path for path in VECTORS if path not in QUERIES]

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
NOT_A_FIELD = ANY_JSON.filter(lambda value: not isinstance(value, str) and value not in (0, 1))
FUZZED = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def test_every_door_is_here() -> None:
    assert VECTORS.keys() == {TOKEN_BY_AK_SK, *APP_CALLS, *CALLS}


async def refused(office: Office, page: Page, path: str, content: bytes) -> None:
    """The door answers in its dialect, with an error, and what the desk keeps is as it was."""
    before = await office.shop.desk.store.position()
    address = path if path.startswith("/") else f"/apiaccess/ccmessaging/{path}"
    answered = await page.http.post(address, content=content, headers=dict(page.headers))
    answer = answered.json()
    assert answered.status_code in {200, 400, 403}
    assert isinstance(answer["resultCode"], str)
    assert answer["resultCode"] != "0"
    assert await office.shop.desk.store.position() == before


@pytest.mark.parametrize(("path", "name"), [each for each in FIELDS if each[0] not in QUERIES])
async def test_a_field_that_is_missing_is_refused(office: Office, page: Page, path: str, name: str) -> None:
    body = {each: value for each, value in VECTORS[path].items() if each != name}
    await refused(office, page, path, json.dumps(body).encode())


@pytest.mark.parametrize(("path", "name"), [each for each in FIELDS if each[0] in QUERIES])
async def test_a_query_field_that_is_missing_is_refused(office: Office, page: Page, path: str, name: str) -> None:
    before = await office.shop.desk.store.position()
    params = {each: value for each, value in VECTORS[path].items() if each != name}
    assert (await page.get(path, **params)).json()["resultCode"] == "1"
    assert await office.shop.desk.store.position() == before


@pytest.mark.parametrize(("path", "name"), [each for each in FIELDS if each[0] not in QUERIES])
@FUZZED
@given(value=NOT_A_FIELD)
async def test_a_field_of_another_type_is_refused(
    office: Office, page: Page, path: str, name: str, value: object
) -> None:
    await refused(office, page, path, json.dumps(VECTORS[path] | {name: value}).encode())


@pytest.mark.parametrize(("path", "name"), FIELDS)
@FUZZED
@given(value=st.text(max_size=60))
async def test_any_text_in_a_field_is_answered_in_the_dialect(page: Page, path: str, name: str, value: str) -> None:
    fields = VECTORS[path] | {name: value}
    answered = await (page.get(path, **fields) if path in QUERIES else page.post(path, fields))
    assert answered.status_code in {200, 400, 403}
    assert isinstance(answered.json().get("resultCode", "AccessToken" in answered.text and "0"), str)


@pytest.mark.parametrize("path", BODIES)
@FUZZED
@given(content=st.binary(max_size=80))
async def test_any_bytes_are_refused(office: Office, page: Page, path: str, content: bytes) -> None:
    if content.strip() == b"{}" and not VECTORS[path]:
        return
    await refused(office, page, path, content)


BROKEN = {
    "nothing": b"",
    "a list": b"[]",
    "a text": b'"text"',
    "null": b"null",
    "a number": b"5",
    "no end": b'{"channel": "WEB"',
    "two": b"{}{}",
    "GB 18030": '{"channel": "网页"}'.encode("gb18030"),
    "UTF-16": '{"channel": "WEB"}'.encode("utf-16"),
    "half a pair": b'{"channel": "\\ud800"}',
    "half a pair as a key": b'{"\\ud800": 1}',
    "typographic quotes": "{“channel”: “WEB”}".encode(),
    "deep lists": b'{"channel": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "huge": b'{"channel": "' + b"x" * 3_000_000 + b'"}',
    "a comment": b'{"channel": "WEB" // here\n}',
    "a form": b"channel=WEB&userId=1",
    "a byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_body_is_refused_at_every_door(office: Office, page: Page, name: str) -> None:
    for path in BODIES:
        await refused(office, page, path, BROKEN[name])


@pytest.mark.parametrize("path", [path for path in VECTORS if path != TOKEN_BY_AK_SK])
async def test_w13_c33_the_result_code_is_a_text_in_every_reply(page: Page, path: str) -> None:
    await page.connect()
    fields = VECTORS[path]
    answered = await (page.get(path, **fields) if path in QUERIES else page.post(path, fields))
    assert isinstance(answered.json()["resultCode"], str)


@pytest.mark.parametrize("name", ["tenant", "exp"])
async def test_a_token_that_is_none_is_unauthorised(page: Page, name: str) -> None:
    page.headers = {**page.headers, "authorization": f"Bearer {name}"}
    assert (await page.post("send", SEND)).status_code == 401


@pytest.mark.parametrize("path", ["applyToken", "send"])
@pytest.mark.parametrize("rates", [FaultRates(conflict=1), FaultRates(throttled=1)], ids=["conflict", "throttled"])
async def test_w13_a_store_that_carries_nothing_out_is_told_in_the_dialect(
    office: Office, page: Page, path: str, rates: FaultRates
) -> None:
    rough = Shop(clock=office.shop.clock, store=FaultyStore(office.shop.desk.store, Random(1), rates))
    newcomer = {"userId": "newcomer", "userName": "", "channelId": ENTRY}
    body = newcomer if path == "applyToken" else page.sent("CONNECT", "hello")
    async with client_of(rough, office.blobs, 0.02) as http:
        answered = await Page(http=http, headers=page.headers).post(path, body)
    answer = answered.json()
    assert (answered.status_code, answer["resultCode"]) in {(500, "500"), (200, "13")}
    assert answer["resultCode"] != "0"


class Broken(MemoryBlobs):
    async def get(self, key: str) -> bytes | None:
        raise ZeroDivisionError(key)


async def test_w13_a_fault_without_a_name_is_told_in_the_dialect(
    office: Office, page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    async with client_of(office.shop, Broken(), 0.02) as http:
        asked = {"fileId": f"{0:032x}.png", "channel": "WEB", "fileType": "png"}
        answered = await Page(http=http, headers=page.headers).post("downloadFileStream", asked)
    assert (answered.status_code, answered.json()["resultCode"]) == (500, "500")
    assert "ZeroDivisionError" in caplog.text


async def test_a_body_over_the_bound_is_let_pass_before_it_is_answered(office: Office, page: Page) -> None:
    """Who still sends does not hear an answer."""
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(4):
            yield b"x" * REQUEST_BYTES_MAX
            sent += 1

    answered = await office.http.post("/apiaccess/ccmessaging/send", content=chunks(), headers=dict(page.headers))
    assert (answered.status_code, sent) == (400, 4)
