"""A message's content as the dialect writes it, and as the desk keeps it.

Media lie in the desk as a payload `{"objectKey", "fileType", "name"?, "size"?}`: what a visitor's page uploaded, and
what an agent's client sends to be shown there. An agent's media that is no such file is told as its link or text.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from kefu.dataclass import dataclass
from kefu.domain.message import Message, MessageType
from kefu.wire.huawei.file_types import DOWNLOADED, known_type
from kefu.wire.huawei.requests import Wrong

TEXT_BYTES_MAX = 1_024
CARD_FIELDS = frozenset({"title", "description", "mediaFileId", "mediaFileType", "redirectUrl"})
TOLD_LENGTH_MAX = 500
"""Characters of one polled item's content."""

_MEDIA = {
    "IMAGE": MessageType.IMAGE,
    "AUDIO": MessageType.AUDIO,
    "VIDEO": MessageType.VIDEO,
    "FILE_IMAGE": MessageType.IMAGE,
    "FILE_VIDEO": MessageType.VIDEO,
}
_POLLED_AS = {
    MessageType.IMAGE: "IMAGE",
    MessageType.AUDIO: "AUDIO",
    MessageType.VIDEO: "VIDEO",
    MessageType.FILE: "DOCUMENT",
}
_FILE_TYPES = {
    MessageType.IMAGE: frozenset({"jpg", "jpeg", "png", "bmp"}),
    MessageType.AUDIO: frozenset({"mp3", "aac"}),
    MessageType.VIDEO: frozenset({"mp4"}),
}
_SAME = {"jpg": "jpeg", "jpeg": "jpg"}
_WEB_SCHEMES = frozenset({"http", "https"})
_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,15})?", re.ASCII)
_SIZE_DIGITS_MAX = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    type: MessageType
    text: str = ""
    payload: Mapping[str, object] | None = None

    @property
    def object_key(self) -> str | None:
        key = (self.payload or {}).get("objectKey")
        return key if isinstance(key, str) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    media_type: str
    content: str
    file_type: str | None = None


def read_content(media_type: str, content: str) -> Content:
    """What a visitor sends. Raises `Wrong`."""
    match media_type:
        case "TEXT":
            return _text(content)
        case "FILE":
            return _file(content)
        case "WEBCARD":
            return _card(content)
        case "LOCATE":
            return _place(content)
        case "FILE_IMAGE" | "FILE_VIDEO":
            key, _, extension = content.partition(",")
            return _media(media_type, key, extension)
        case _:
            return _media(media_type, content, content.rpartition(".")[2])


def shown(message: Message) -> Shown:
    """A message as a polled item shows it."""
    payload = _payload(message)
    key, file_type = payload.get("objectKey"), payload.get("fileType")
    if message.type in _POLLED_AS and isinstance(key, str):
        told_type = file_type if isinstance(file_type, str) else key.rpartition(".")[2]
        return Shown(media_type=_POLLED_AS[message.type], content=key, file_type=told_type)
    if message.type is MessageType.LOCATION and (place := _told_place(payload)):
        return Shown(media_type="LOCATE", content=place)
    link = payload.get("url")
    return Shown(media_type="TEXT", content=message.text or (link if isinstance(link, str) else ""))


def shown_in_history(message: Message) -> Shown:
    """As `shown`; files are told with their names, cards whole."""
    payload = _payload(message)
    if message.type is MessageType.FILE and isinstance(payload.get("objectKey"), str):
        told = [str(payload.get(each, "")) for each in ("name", "size", "objectKey", "fileType")]
        return Shown(media_type="FILE", content=",".join(told))
    if message.type is MessageType.CARD and payload:
        return Shown(media_type="WEBCARD", content=message.payload)
    return shown(message)


def sim_questions(message: Message) -> list[str] | None:
    """A robot's similar questions, if it offers any."""
    listed = _payload(message).get("simQuestions")
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else None


def _text(content: str) -> Content:
    if not content.strip():
        raise Wrong("content is empty.", is_missing=True)
    require_short(content)
    return Content(type=MessageType.TEXT, text=content)


def require_short(content: str) -> None:
    """Raises `Wrong`."""
    if len(content.encode(errors="surrogatepass")) > TEXT_BYTES_MAX:
        raise Wrong(f"content is over {TEXT_BYTES_MAX} bytes of UTF-8.")


def _media(media_type: str, key: str, extension: str) -> Content:
    file_type = _type_of(key, extension)
    if file_type not in _FILE_TYPES[_MEDIA[media_type]]:
        raise Wrong(f"A file of type {file_type} is no {media_type}.")
    return Content(type=_MEDIA[media_type], payload={"objectKey": key.strip(), "fileType": file_type})


def _type_of(key: str, said: str) -> str:
    """A stored file's own type stands in its key, where its bytes were held against it. Raises `Wrong`."""
    own = key.strip().rpartition(".")[2]
    if known_type(said, DOWNLOADED) not in {own, _SAME.get(own, own)}:
        raise Wrong("The type is not that of the uploaded file.")
    return own


def _file(content: str) -> Content:
    parts = content.rsplit(",", 3)
    if len(parts) != 4 or not (parts[1].isascii() and parts[1].isdecimal() and len(parts[1]) <= _SIZE_DIGITS_MAX):  # noqa: PLR2004  name, size, file id and type
        raise Wrong("content of a FILE is name,size,fileId,type.")
    name, size, key, extension = parts
    if not name.strip() or {"/", "\\"} & set(name):
        raise Wrong("The name of a FILE is a bare name, without / or \\.")
    payload = {"objectKey": key, "fileType": _type_of(key, extension), "name": name, "size": int(size)}
    return Content(type=MessageType.FILE, text=name, payload=payload)


def _card(content: str) -> Content:
    try:
        card = msgspec.json.decode(content, type=dict[str, str | None])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as wrong:
        raise Wrong("content of a WEBCARD is a JSON object of texts.") from wrong
    title, link = (card.get("title") or "").strip(), (card.get("redirectUrl") or "").strip()
    if not (title or link):
        raise Wrong("A WEBCARD needs a title or a redirectUrl.")
    if link and not _is_web_link(link):
        raise Wrong("redirectUrl must be an http or https URL.")
    return Content(
        type=MessageType.CARD, text=title, payload={name: card[name] for name in card if name in CARD_FIELDS}
    )


def _is_web_link(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in _WEB_SCHEMES and bool(parts.hostname)


def _place(content: str) -> Content:
    latitude, longitude, *described = content.split("/", 2)[:3] if content.count("/") else ("", "")
    if not (_DEGREES.fullmatch(latitude) and _DEGREES.fullmatch(longitude)):
        raise Wrong("content of a LOCATE is latitude/longitude/description.")
    north, east = float(latitude), float(longitude)
    if not (-90 <= north <= 90 and -180 <= east <= 180):  # noqa: PLR2004  degrees
        raise Wrong("There is no such place on Earth.")
    address = described[0] if described else ""
    return Content(
        type=MessageType.LOCATION,
        text=address,
        payload={"latitude": north, "longitude": east, "address": address},
    )


def _told_place(payload: Mapping[str, Any]) -> str | None:
    north, east = payload.get("latitude"), payload.get("longitude")
    if not (isinstance(north, int | float) and isinstance(east, int | float)):
        return None
    return f"{north}/{east}/{payload.get('address', '')}"


def _payload(message: Message) -> dict[str, Any]:
    return msgspec.json.decode(message.payload, type=dict[str, Any]) if message.payload else {}
