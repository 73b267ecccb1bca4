"""A message as Tencent's `MsgBody`: one element, of the type that its content has."""

import zlib
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from kefu.domain.message import Message, MessageType

Element: TypeAlias = dict[str, Any]
Payload: TypeAlias = Mapping[str, Any]
Told: TypeAlias = tuple[str, Element]

_UNKNOWN_IMAGE = 255
_ORIGINAL_IMAGE = 1


def message_key(seq: int, message: Message) -> str:
    """`<number>_<Unix seconds>_<random>`; the last part is of the message's id, so that it never changes."""
    return f"{seq}_{message.sent_at // 1_000}_{zlib.crc32(message.id.encode()):010d}"


def message_body(message: Message) -> list[Element]:
    payload = msgspec.json.decode(message.payload, type=dict[str, Any]) if message.payload else {}
    write = _ELEMENTS.get(message.type, _custom)
    kind, content = write(message, payload) or _custom(message, payload)
    return [{"MsgType": kind, "MsgContent": content}]


def _text(message: Message, _payload: Payload) -> Told | None:
    return "TIMTextElem", {"Text": message.text}


def _image(message: Message, payload: Payload) -> Told | None:
    image = {
        "Type": _ORIGINAL_IMAGE,
        "Size": _size(payload),
        "Width": _whole(payload, "width"),
        "Height": _whole(payload, "height"),
        "URL": _link(payload),
    }
    return "TIMImageElem", {"UUID": message.id, "ImageFormat": _UNKNOWN_IMAGE, "ImageInfoArray": [image]}


def _sound(message: Message, payload: Payload) -> Told | None:
    second = _whole(payload, "length", "duration")
    return "TIMSoundElem", {"Url": _link(payload), "UUID": message.id, "Size": _size(payload), "Second": second}


def _video(message: Message, payload: Payload) -> Told | None:
    return "TIMVideoFileElem", {
        "VideoUrl": _link(payload),
        "VideoUUID": message.id,
        "VideoSize": _size(payload),
        "VideoSecond": _whole(payload, "length", "duration"),
    }


def _file(message: Message, payload: Payload) -> Told | None:
    name = payload.get("name") or payload.get("filename") or message.text
    size = _size(payload)
    return "TIMFileElem", {"Url": _link(payload), "UUID": message.id, "FileSize": size, "FileName": str(name)}


def _custom(message: Message, _payload: Payload) -> Told:
    content = {"Data": message.payload, "Desc": message.text, "Ext": message.type.value, "Sound": ""}
    return "TIMCustomElem", content


def _place(message: Message, payload: Payload) -> Told | None:
    north, east = (_degrees(payload, *names) for names in (("latitude", "lat"), ("longitude", "lng")))
    if north is None or east is None:
        return None
    described = payload.get("address") or payload.get("addr") or message.text
    return "TIMLocationElem", {"Desc": str(described), "Latitude": north, "Longitude": east}


_ELEMENTS: Mapping[MessageType, Callable[[Message, Payload], Told | None]] = {
    MessageType.TEXT: _text,
    MessageType.IMAGE: _image,
    MessageType.AUDIO: _sound,
    MessageType.VIDEO: _video,
    MessageType.FILE: _file,
    MessageType.LOCATION: _place,
}
"""Whatever else there is, or cannot be told as what it is, is told as a custom element."""


def _degrees(payload: Payload, *names: str) -> float | None:
    found = next((payload[name] for name in names if name in payload), None)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def _link(payload: Payload) -> str:
    """Where the file is, or under which key the desk has it."""
    found = payload.get("url") or payload.get("objectKey")
    return found if isinstance(found, str) else ""


def _whole(payload: Payload, *names: str) -> int:
    found = next((payload[name] for name in names if name in payload), 0)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def _size(payload: Payload) -> int:
    return _whole(payload, "size", "file_length")
