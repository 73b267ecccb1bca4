"""Garbage made of the vectors: types swapped, fields missing, huge, nested, wrong encodings.

Never a fault, always the dialect's own answer; and what is refused changes nothing.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from shop import TENANT

from kefu.desk.call import Role
from wire.easemob.vendor import CREDENTIALS, FV, FVA, TEXTS, Vendor, bearer

PLATFORM = f"/api/platform/tenants/{TENANT}"
BIND, MESSAGES = f"{PLATFORM}/busniessbind", f"{PLATFORM}/messages"


class Vector(NamedTuple):
    method: str
    path: str
    body: dict[str, Any]
    strict: tuple[str, ...] = ()
    """Fields at the top whose value must be right: any other type there is refused."""


VISITOR = {"trueName": "李明", "qq": "1", "userNickname": "小明", "tags": ["vip1", "vip2"]}
KEYS = {"agentUsername": "b", "queueName": "售前", "businessFlag": "F", "routingRuleFlag": "R", "visitor": VISITOR}
CARD = {"title": "我的订单", "order_title": "a110083", "price": "¥: 235.00", "item_url": "https://x.example"}
MENU = {"items": [{"id": "1", "name": "1.列表内容"}], "title": "t", "menuid": "1"}
ENQUIRY = {"inviteId": 1, "serviceSessionId": "", "detail": "非常好", "summary": "1"}
HELLO = {"type": "txt", "msg": "你好"}
VECTORS = {
    "accessToken": Vector("POST", f"{PLATFORM}/accessToken", {"tenantId": TENANT} | CREDENTIALS, tuple(CREDENTIALS)),
    "bind": Vector("POST", BIND, FVA, tuple(FVA)),
    "unbind": Vector("DELETE", BIND, FV, tuple(FV)),
    "keys": Vector("POST", MESSAGES, {"msg": HELLO, "ext": {"weichat": KEYS}}, ("msg",)),
    "web client": Vector(
        "POST", MESSAGES, {"from": "V", "bodies": [HELLO], "ext": {}, "originType": "webim"}, ("bodies",)
    ),
    "callback": Vector("POST", MESSAGES, {"msg_id": "1", "payload": {"bodies": [HELLO], "ext": {}}}, ("payload",)),
    "card": Vector("POST", MESSAGES, {"msg": HELLO, "ext": {"msgtype": {"order": CARD}}}, ("msg",)),
    "menu": Vector("POST", MESSAGES, {"msg": HELLO, "ext": {"msgtype": {"choice": MENU}}}, ("msg",)),
    "command": Vector(
        "POST",
        MESSAGES,
        {"msg": {"type": "cmd", "action": "TransferToKf"}, "ext": {"weichat": {"ctrlArgs": {"id": "1"}}}},
        ("msg",),
    ),
    "enquiry": Vector(
        "POST", MESSAGES, {"msg": HELLO, "ext": {"weichat": {"ctrlType": "enquiry", "ctrlArgs": ENQUIRY}}}, ("msg",)
    ),
    "ack": Vector("POST", MESSAGES, {"msg": HELLO, "ext": {"weichat": {"msg_id_for_ack": "m1"}}}, ("msg",)),
}
NEST = 60
SWAPPED: list[Any] = [
    None, True, 0, -1, 1.5, 10**30, "", " ", "\x00", "\u200b", "x" * 50_000, [], {}, ["F", "G"], {"a": 1}, [[]],
    json.loads("[" * NEST + "]" * NEST),
]  # fmt: skip
NO_TEXT = [value for value in SWAPPED if not isinstance(value, str)]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a body, the body itself left out."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from places(each, (*path, key))


def swapped(body: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    _parent(changed, path)[path[-1]] = value
    return changed


def missing(body: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    del _parent(changed, path)[path[-1]]
    return changed


def padded(body: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """With a key beside it that has half a surrogate pair."""
    changed = copy.deepcopy(body)
    parent = _parent(changed, path)
    if isinstance(parent, dict):
        parent["\udc00 half"] = "\ud800"
    return changed


def _parent(body: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        body = body[key]
    return body


def raw_garbage(body: dict[str, Any]) -> Iterator[bytes]:
    text = json.dumps(body, ensure_ascii=False)
    right = text.encode()
    yield from (right[:length] for length in range(1, len(right), 7))
    yield from (text.encode("utf-16"), text.encode("utf-32"), b"\xef\xbb\xbf" + right, right + b"\xff", right + right)
    yield from (text.encode("gb18030", "replace").replace(b"{", b"{\xff", 1), right.replace(b'"', b"'"))
    yield from (b"null", b"[]", b'"x"', b"0", b"true", b"NaN", b"{" * 100_000, b"[" * 100_000, b"\x00" * 100)
    yield from (b'{"a":' * 900 + b"1" + b"}" * 900, b'{"a":1e999}', b'{"a":' + b"9" * 5_000 + b"}")
    yield from (right[:-1] + b',"x":"\xff\xfe"}', right[:-1] + b',"x":"\\ud800"}', b"// note\n" + right)
    yield right[:-1] + b',"x":"' + b"x" * 1_100_000 + b'"}'


async def sent(vendor: Vendor, vector: Vector, content: bytes) -> dict[str, Any]:
    """The answer to garbage, after it was held against what every answer must be."""
    is_message = vector.path == MESSAGES
    headers = bearer(Role.VISITOR, "V", vendor.shop) if is_message else {"Kefu-Token": vendor.token}
    before = await vendor.position()
    vendor.shop.clock.advance(1)
    response = await vendor.http.request(vector.method, vector.path, content=content, headers=headers)
    answer: dict[str, Any] = response.json()
    assert response.status_code == 200, content[:200]
    if answer["status"] == "OK":
        return answer
    assert answer == {
        "status": "FAIL",
        "errorCode": answer["errorCode"],
        "errorDescription": TEXTS[answer["errorCode"]],
    }
    assert answer["errorCode"] != "API_400", content[:200]
    assert await vendor.position() == before, content[:200]
    return answer


def encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
async def test_swapped_missing_and_broken_fields_are_answered_in_the_dialect(vendor: Vendor, vector: Vector) -> None:
    for path in places(vector.body):
        for value in SWAPPED:
            await sent(vendor, vector, encoded(swapped(vector.body, path, value)))
        await sent(vendor, vector, encoded(missing(vector.body, path)))
        await sent(vendor, vector, encoded(padded(vector.body, path)))
    await vendor.shop.check()


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
async def test_what_must_be_right_is_refused_otherwise(vendor: Vendor, vector: Vector) -> None:
    for name in vector.strict:
        bodies = [swapped(vector.body, (name,), value) for value in NO_TEXT] + [missing(vector.body, (name,))]
        answers = [await sent(vendor, vector, encoded(body)) for body in bodies]
        assert {answer["errorCode"] for answer in answers if answer["status"] == "FAIL"} == {"API_001"}
        assert all(answer["status"] == "FAIL" for answer in answers)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
async def test_bytes_that_are_no_right_json_are_refused(vendor: Vendor, vector: Vector) -> None:
    answers = [await sent(vendor, vector, content) for content in raw_garbage(vector.body)]
    assert {answer.get("errorCode") for answer in answers} == {"API_001"}


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
async def test_the_vector_itself_is_no_garbage(vendor: Vendor, vector: Vector) -> None:
    await sent(vendor, VECTORS["ack"], encoded(VECTORS["ack"].body))  # an enquiry is about a session
    assert (await sent(vendor, vector, encoded(vector.body)))["status"] == "OK"


async def test_after_all_that_a_poll_still_tells_what_came_in(vendor: Vendor) -> None:
    await vendor.told()
    deepest = json.loads('{"a":' * 25 + "1" + "}" * 25)
    await vendor.write({"msg": HELLO, "ext": {"weichat": {"msg_id_for_ack": "m1"}, "deep": deepest}})
    actions = [each["msg"]["action"] for each in await vendor.told()]
    assert actions == ["ServiceSessionCreatedEvent", "KF-ACK", "ServiceSessionOpenedEvent"]


@pytest.mark.parametrize("token", [b"\xff\xfe", b"a" * 5_000, b"Bearer", b"a.b.c", b"\xe5\xae\xa2"])
@pytest.mark.parametrize("header", [b"kefu-token", b"kefu-toke", b"authorization"])
async def test_a_token_that_is_none_is_an_unknown_one(vendor: Vendor, header: bytes, token: bytes) -> None:
    for vector in (VECTORS["bind"], VECTORS["unbind"], VECTORS["keys"]):
        response = await vendor.http.request(
            vector.method, vector.path, content=encoded(vector.body), headers=[(header, token)]
        )
        assert (response.status_code, response.json()["errorCode"]) == (200, "API_002")
