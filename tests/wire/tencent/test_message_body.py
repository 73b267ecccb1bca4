"""MsgBody: every kind of message as an element that Tencent's receivers know."""

from typing import Any

import msgspec
import pytest

from kefu.domain.message import Message, MessageSender, MessageType
from kefu.wire.tencent.message_body import message_body, message_key
from wire.histories import message


def sent(type_: MessageType, text: str = "", **payload: Any) -> Message:
    written = msgspec.json.encode(payload).decode() if payload else ""
    return message(MessageSender.VISITOR, text, type=type_, payload=written)


@pytest.mark.parametrize(
    ("given", "kind", "content"),
    [
        (sent(MessageType.TEXT, "您好"), "TIMTextElem", {"Text": "您好"}),
        (
            sent(MessageType.LOCATION, "here", latitude=39.9, longitude=116),
            "TIMLocationElem",
            {"Desc": "here", "Latitude": 39.9, "Longitude": 116.0},
        ),
        (
            sent(MessageType.LOCATION, lat=1, lng=2, addr="there"),
            "TIMLocationElem",
            {"Desc": "there", "Latitude": 1.0, "Longitude": 2.0},
        ),
        (
            sent(MessageType.AUDIO, url="https://f.example/1", length=3, file_length=9),
            "TIMSoundElem",
            {"Url": "https://f.example/1", "UUID": "01a1", "Size": 9, "Second": 3},
        ),
        (
            sent(MessageType.VIDEO, url="https://f.example/1", duration=3, size=9),
            "TIMVideoFileElem",
            {"VideoUrl": "https://f.example/1", "VideoUUID": "01a1", "VideoSize": 9, "VideoSecond": 3},
        ),
        (
            sent(MessageType.FILE, "a.pdf", objectKey="k", size=9),
            "TIMFileElem",
            {"Url": "k", "UUID": "01a1", "FileSize": 9, "FileName": "a.pdf"},
        ),
        (
            sent(MessageType.CARD, "order 7", order={"title": "7"}),
            "TIMCustomElem",
            {"Data": '{"order":{"title":"7"}}', "Desc": "order 7", "Ext": "CARD", "Sound": ""},
        ),
        (sent(MessageType.LOCATION, "x"), "TIMCustomElem", {"Data": "", "Desc": "x", "Ext": "LOCATION", "Sound": ""}),
    ],
    ids=["text", "place", "place of Easemob", "sound", "film", "file", "card", "place without degrees"],
)
def test_a_message_is_told_as_what_it_is(given: Message, kind: str, content: dict[str, Any]) -> None:
    assert message_body(given) == [{"MsgType": kind, "MsgContent": content}]


def test_a_picture_is_told_with_its_link_and_size() -> None:
    [element] = message_body(sent(MessageType.IMAGE, url="https://f.example/1", width=3, height=4, size=9))
    [image] = element["MsgContent"]["ImageInfoArray"]
    assert element["MsgType"] == "TIMImageElem"
    assert image == {"Type": 1, "Size": 9, "Width": 3, "Height": 4, "URL": "https://f.example/1"}


@pytest.mark.parametrize("type_", MessageType)
def test_a_payload_of_any_shape_is_told(type_: MessageType) -> None:
    odd: dict[str, Any] = {
        "url": 7,
        "size": "x",
        "latitude": "y",
        "longitude": True,
        "name": [],
        "length": None,
        "width": {},
    }
    assert len(message_body(sent(type_, **odd))) == 1


def test_a_key_is_the_same_whenever_it_is_written() -> None:
    given = sent(MessageType.TEXT, "x")
    assert message_key(2, given) == message_key(2, given) != message_key(3, given)
