"""The envelopes that visitors' clients send, read as one.

| sent by             | looks like                                                          |
|---------------------|---------------------------------------------------------------------|
| REST send           | {"from", "msg": {"type", "msg" or "action"}, "ext"}                 |
| web client          | {"from", "bodies": [{"type", "msg"}], "ext", "originType": "webim"} |
| callback of an IM   | {"from", "msg_id", "payload": {"bodies": […], "ext"}}, or its payload |
"""

from collections.abc import Mapping
from typing import Any

from kefu.dataclass import dataclass
from kefu.domain.channel import Channel
from kefu.domain.custom_parameters import is_marker
from kefu.domain.message import MessageType
from kefu.domain.routing_keys import clean_keys, weichat_of

_TYPES = {
    "txt": MessageType.TEXT,
    "img": MessageType.IMAGE,
    "audio": MessageType.AUDIO,
    "video": MessageType.VIDEO,
    "file": MessageType.FILE,
    "loc": MessageType.LOCATION,
    "cmd": MessageType.COMMAND,
    "custom": MessageType.CARD,
}
_CHANNELS = {
    "app": Channel.APP,
    "webim": Channel.WEB,
    "weixin": Channel.WECHAT,
    "weibo": Channel.WEIBO,
    "phone": Channel.PHONE,
    "rest": Channel.API,
}
_REQUIRED = {"txt": "msg", "cmd": "action"}
"""What a body of this type says at least."""
_CARDS = ("track", "order")
"""Keys of `ext.msgtype` that make a message a card."""
_CARD_NEEDS = ("title", "item_url")
"""Of these a card has one at least."""


class NoEnvelope(Exception):
    """It has none of the known shapes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    sender: str | None
    channel: Channel
    type: MessageType
    text: str
    payload: dict[str, Any] | None
    ext: dict[str, Any] | None
    message_id: str | None
    """The client's own id: who sends a message again, for want of an answer, sends the same."""


def read_envelope(raw: Mapping[str, Any]) -> Envelope:
    """Raises `NoEnvelope`."""
    inner = clean_keys(_object(raw["payload"])) if "payload" in raw else raw
    body, ext = clean_keys(_only_body(inner)), _ext(inner.get("ext", raw.get("ext")))
    kind = _one_of(_TYPES, body.get("type"))
    if kind in _REQUIRED and not isinstance(body.get(_REQUIRED[kind]), str):
        raise NoEnvelope
    text = str(body["msg"]) if kind == "txt" else ""
    card = _card(ext) if kind == "txt" else None
    return Envelope(
        sender=_text_or_none(raw.get("from")),
        channel=_CHANNELS[_one_of(_CHANNELS, raw.get("originType", "app"))],
        type=MessageType.COMMAND if is_marker(ext) else MessageType.CARD if card else _TYPES[kind],
        text="" if text == " " else text,
        payload=card or {key: value for key, value in body.items() if key not in {"type", "msg"}} or None,
        ext=ext,
        message_id=_text_or_none(weichat_of(ext).get("msg_id_for_ack")) or _text_or_none(raw.get("msg_id")) or None,
    )


def _only_body(inner: Mapping[str, Any]) -> dict[str, Any]:
    found = [inner[name] for name in ("msg", "bodies") if name in inner]
    if len(found) != 1:
        raise NoEnvelope
    bodies = found[0] if "bodies" in inner else found
    if not isinstance(bodies, list) or len(bodies) != 1:
        raise NoEnvelope
    return _object(bodies[0])


def _ext(value: object) -> dict[str, Any] | None:
    """Objects where objects belong; of what stands in them, what cannot be used is left unused."""
    if value is None:
        return None
    ext = _object(value)
    for name in ("weichat", "msgtype", "cmd"):
        if clean_keys(ext).get(name) is not None:
            _object(clean_keys(ext)[name])
    return ext


def _card(ext: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the visitor looks at or has ordered: the texts of `ext.msgtype.track` or `.order`."""
    msgtype = clean_keys(ext or {}).get("msgtype")
    for name in _CARDS:
        card = clean_keys(msgtype).get(name) if isinstance(msgtype, dict) else None
        texts = {key: text for key, text in card.items() if isinstance(text, str)} if isinstance(card, dict) else {}
        if any(texts.get(key, "").strip() for key in _CARD_NEEDS):
            return {name: texts}
    return None


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NoEnvelope
    return value


def _one_of(known: Mapping[str, object], value: object) -> str:
    if not isinstance(value, str) or value not in known:
        raise NoEnvelope
    return value


def _text_or_none(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise NoEnvelope
