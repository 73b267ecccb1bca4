"""What a caller sends, held against its bounds before anything is read."""

import unicodedata
from collections.abc import Mapping

import msgspec

from kefu.domain.bounds import EXT_BYTES_MAX, EXT_DEPTH_MAX, NAME_LENGTH_MAX, TEXT_LENGTH_MAX
from kefu.domain.refusals import Invalid, RefusalCode

_UNPRINTED = ("Cc", "Cs")


def named(value: str, field: str, *, length_max: int = NAME_LENGTH_MAX) -> str:
    """A name as it came: not blank, not too long, never trimmed."""
    if not value.strip():
        raise Invalid(f"{field} is empty. Send one non-blank value.", field)
    if not value.isprintable() and any(unicodedata.category(each) in _UNPRINTED for each in value):
        raise Invalid(f"{field} holds a control character or half a surrogate pair. Send plain text.", field)
    return at_most(value, field, length_max)


def at_most(value: str, field: str, length_max: int) -> str:
    if len(value) > length_max:
        raise Invalid(f"{field} has {len(value)} characters; at most {length_max} are accepted.", field)
    return value


def message_text(text: str, field: str = "text") -> str:
    if any("\ud800" <= each <= "\udfff" for each in text):
        raise Invalid(f"{field} holds half a surrogate pair. Send plain Unicode text.", field)
    if len(text) > TEXT_LENGTH_MAX:
        raise Invalid(
            f"{field} has {len(text)} characters; at most {TEXT_LENGTH_MAX} are accepted. "
            "Split it, or send a file as type FILE.",
            field,
            code=RefusalCode.TEXT_TOO_LONG,
        )
    return text


def json_object(value: object, field: str) -> Mapping[str, object] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Invalid(f"{field} must be a JSON object.", field)
    if _is_too_deep(value):
        raise Invalid(f"{field} nests deeper than {EXT_DEPTH_MAX} levels. Send it flatter.", field)
    try:
        size = len(msgspec.json.encode(value))
    except UnicodeError as invalid:
        raise Invalid(f"{field} holds half a surrogate pair. Send plain Unicode text.", field) from invalid
    if size > EXT_BYTES_MAX:
        raise Invalid(f"{field} is over {EXT_BYTES_MAX} bytes. Send large content as a file.", field)
    return value


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(EXT_DEPTH_MAX):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def json_text(value: Mapping[str, object] | None) -> str:
    return msgspec.json.encode(value).decode() if value is not None else ""
