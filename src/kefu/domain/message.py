from enum import StrEnum

from kefu.dataclass import dataclass
from kefu.domain.instants import Instant


class MessageSender(StrEnum):
    VISITOR = "VISITOR"
    AGENT = "AGENT"
    BOT = "BOT"
    SYSTEM = "SYSTEM"


class MessageType(StrEnum):
    TEXT = "TEXT"
    IMAGE = "IMAGE"
    AUDIO = "AUDIO"
    VIDEO = "VIDEO"
    FILE = "FILE"
    LOCATION = "LOCATION"
    CARD = "CARD"
    COMMAND = "COMMAND"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    id: str
    sender: MessageSender
    type: MessageType = MessageType.TEXT
    text: str = ""
    payload: str = ""
    """Media and card content: compact JSON text, empty if none."""
    ext: str = ""
    """The Easemob-style extension as it came: compact JSON text, empty if none."""
    client_message_id: str | None = None
    sent_at: Instant
    agent: str | None = None
    """Login of the agent who wrote it."""

    @property
    def says_something(self) -> bool:
        """A person said it: no command between programs, and no carrier of an extension alone."""
        return self.type is not MessageType.COMMAND and bool(self.text.strip() or self.payload)
