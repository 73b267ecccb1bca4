"""Reading a call-back of Tencent Desk, as a tenant's receiver does: tolerant of fields that are not there or unknown."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import msgspec

from kefu.dataclass import dataclass
from kefu.wire.tencent.session_events import COMMAND, EVENT_NAMES
from kefu.wire.tencent.signature import is_signed

RATED = "SatisfactionSelected"
ANSWER = {"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0}
_STARS = range(1, 6)
_EVENTS = frozenset(EVENT_NAMES.values())


class NoEvent(Exception):
    """It is none for this receiver; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionEvent:
    session_id: str
    event: str
    at_ms: int
    visitor: str = ""
    agent: str = ""
    request_id: str = ""
    """The same again is the same event."""
    stars: int | None = None
    """Of a rating; on any other event they mean nothing, whatever stands there."""
    elements: list[dict[str, Any]] = field(default_factory=list)
    """As they came: a type that is not known is kept."""

    @property
    def text(self) -> str:
        contents = [each.get("MsgContent") for each in self.elements if each.get("MsgType") == "TIMTextElem"]
        return "".join(str(each.get("Text", "")) for each in contents if isinstance(each, dict))


def read_event(query: Mapping[str, str], body: bytes, *, sdk_app_id: str, token: str = "", now_s: int) -> SessionEvent:
    """Raises `NoEvent`."""
    asked = {name.lower(): value for name, value in query.items()}
    if asked.get("sdkappid") != sdk_app_id:
        raise NoEvent("another application's")
    if token and not is_signed(token, asked.get("requesttime", ""), asked.get("sign", ""), now_s=now_s):
        raise NoEvent("not signed with the token, or too late")
    try:
        told = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as wrong:
        raise NoEvent("no JSON object") from wrong
    return _event(told, asked.get("requestid", ""))


def _event(told: Mapping[str, Any], request_id: str) -> SessionEvent:
    event, session, at = _text(told, "Event"), _text(told, "SessionId"), told.get("EventTime")
    if told.get("CallbackCommand") != COMMAND or event not in _EVENTS or not session:
        raise NoEvent("no session event")
    if not isinstance(at, int) or isinstance(at, bool):
        raise NoEvent("EventTime is no integer of milliseconds")
    stars, elements = told.get(RATED), told.get("MsgBody")
    return SessionEvent(
        session_id=session,
        event=event,
        at_ms=at,
        visitor=_text(told, "ClientUserId"),
        agent=_text(told, "AgentId"),
        request_id=request_id,
        stars=stars if event == RATED and type(stars) is int and stars in _STARS else None,
        elements=[each for each in elements if isinstance(each, dict)] if isinstance(elements, list) else [],
    )


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""
