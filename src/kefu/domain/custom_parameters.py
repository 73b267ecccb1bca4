"""What a visitor's app wants CRM windows to be told: `ext.cmd.updateVisitorInfoSrc.params`, in any type of message."""

import json
from collections.abc import Mapping
from typing import Any

from kefu.domain.bounds import CUSTOM_PARAMETERS_MAX
from kefu.domain.message import Message
from kefu.domain.routing_keys import clean_keys

MARKER = "updateVisitorInfoSrc"


def is_marker(ext: Mapping[str, object] | None) -> bool:
    """Whether a message only carries custom parameters: it is never displayed. Some clients send it as an empty text."""
    return _marker(ext) is not None


def read_custom_parameters(ext: Mapping[str, object] | None) -> tuple[tuple[str, str], ...] | None:
    """Names and values as an address shows them, in their order; None if the message says nothing of them."""
    marker = _marker(ext)
    if marker is None:
        return None
    params = clean_keys(marker).get("params")
    if params is None:
        return ()
    if not isinstance(params, Mapping):
        return None
    return tuple((name, _text(value)) for name, value in list(params.items())[:CUSTOM_PARAMETERS_MAX])


def custom_parameters_in(message: Message) -> tuple[tuple[str, str], ...] | None:
    """As `read_custom_parameters`, of a message in the log."""
    return read_custom_parameters(json.loads(message.ext)) if MARKER in message.ext else None


def is_marker_message(message: Message) -> bool:
    return MARKER in message.ext and is_marker(json.loads(message.ext))


def _marker(ext: Mapping[str, object] | None) -> Mapping[str, Any] | None:
    commands = clean_keys(ext or {}).get("cmd")
    if not isinstance(commands, Mapping) or MARKER not in clean_keys(commands):
        return None
    marker = clean_keys(commands)[MARKER]
    return marker if isinstance(marker, Mapping) else {"params": marker} if marker is not None else {}


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
