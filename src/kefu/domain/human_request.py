from collections.abc import Mapping

from kefu.domain.message import MessageType

TRANSFER_ACTION = "TransferToKf"
TRANSFER_TEXTS = frozenset({"转人工", "转人工客服"})
"""Menu entries that are plain text; a tenant's own keywords come with the bot."""


def asks_for_human(type_: MessageType, text: str, payload: Mapping[str, object] | None) -> bool:
    """Whether a visitor's message in the bot stage asks for a human."""
    if type_ is MessageType.COMMAND:
        return (payload or {}).get("action") == TRANSFER_ACTION
    return text.strip() in TRANSFER_TEXTS
