"""Asking for a human in the bot stage: by a command, or by a text that says so."""

from collections.abc import Collection, Mapping
from hashlib import blake2b

from kefu.domain.message import MessageType
from kefu.domain.routing_keys import weichat_of

TRANSFER_ACTION = "TransferToKf"
TRANSFER_LABEL = "转人工客服"
TRANSFER_TEXTS = frozenset({"转人工", TRANSFER_LABEL})
"""Menu entries that are plain text; a tenant's own keywords come beside them."""


def transfer_id(session_id: str) -> str:
    """The id that a session's transfer button is issued with: a command of that name asks for a human."""
    return blake2b(session_id.encode(), digest_size=16, person=b"transfer").hexdigest()


def asks_for_human(  # noqa: PLR0917  as a message has them
    type_: MessageType,
    text: str,
    payload: Mapping[str, object] | None,
    ext: Mapping[str, object] | None = None,
    keywords: Collection[str] = (),
    session_id: str | None = None,
) -> bool:
    """Whether a visitor's message in the bot stage asks for a human."""
    if type_ is not MessageType.COMMAND:
        said = text.strip()
        return bool(said) and (said in TRANSFER_TEXTS or said.casefold() in {each.casefold() for each in keywords})
    action = (payload or {}).get("action")
    return action == TRANSFER_ACTION or action in {transfer_id(each) for each in _sessions(ext, session_id)}


def _sessions(ext: Mapping[str, object] | None, session_id: str | None) -> list[str]:
    """The session itself, and the one whose button was pressed: it may stand in an earlier talk."""
    arguments = weichat_of(ext).get("ctrlArgs")
    named = arguments.get("serviceSessionId") if isinstance(arguments, Mapping) else None
    return [each for each in (session_id, named) if isinstance(each, str)]
