"""What the desk understands and declines.

Refusal                 data for the caller: a code, a sentence that says what to do, the input field at fault
├── Invalid             the input can never be right
├── NotFound            nothing of that name in this tenant
└── Declined            right in form, but not in this state of the desk

Fault-like conditions (a store that is down, a bug) are not here: they are masked at the edge.
"""

from enum import StrEnum


class RefusalCode(StrEnum):
    INVALID_INPUT = "INVALID_INPUT"
    TEXT_TOO_LONG = "TEXT_TOO_LONG"
    AGENT_NOT_FOUND = "AGENT_NOT_FOUND"
    AGENT_FULL = "AGENT_FULL"
    AGENT_NOT_ONLINE = "AGENT_NOT_ONLINE"
    AGENT_HAS_SESSIONS = "AGENT_HAS_SESSIONS"
    BINDING_EXISTS = "BINDING_EXISTS"
    BINDING_NOT_FOUND = "BINDING_NOT_FOUND"
    BINDING_RULE_NOT_FOUND = "BINDING_RULE_NOT_FOUND"
    SESSION_NOT_FOUND = "SESSION_NOT_FOUND"
    SESSION_CLOSED = "SESSION_CLOSED"
    SESSION_NOT_ACTIVE = "SESSION_NOT_ACTIVE"
    FAQ_ENTRY_NOT_FOUND = "FAQ_ENTRY_NOT_FOUND"
    RATING_EXISTS = "RATING_EXISTS"
    RATING_TOO_LATE = "RATING_TOO_LATE"
    RATING_NOT_POSSIBLE = "RATING_NOT_POSSIBLE"
    SKILL_GROUP_NOT_FOUND = "SKILL_GROUP_NOT_FOUND"
    SKILL_GROUP_NAME_TAKEN = "SKILL_GROUP_NAME_TAKEN"
    SKILL_GROUP_IN_USE = "SKILL_GROUP_IN_USE"
    OVERFLOW_CYCLE = "OVERFLOW_CYCLE"
    ROUTING_RULE_NOT_FOUND = "ROUTING_RULE_NOT_FOUND"
    VISITOR_NOT_FOUND = "VISITOR_NOT_FOUND"
    WEBHOOK_NOT_FOUND = "WEBHOOK_NOT_FOUND"
    WEBHOOK_DISABLED = "WEBHOOK_DISABLED"
    WEBHOOK_DELIVERY_NOT_FOUND = "WEBHOOK_DELIVERY_NOT_FOUND"
    IFRAME_NOT_FOUND = "IFRAME_NOT_FOUND"
    INTERACTIVE_FLAG_TAKEN = "INTERACTIVE_FLAG_TAKEN"
    NOT_ALLOWED = "NOT_ALLOWED"
    OUTSIDE_HOURS = "OUTSIDE_HOURS"
    TIME_ZONE_UNKNOWN = "TIME_ZONE_UNKNOWN"
    HOURS_EMPTY = "HOURS_EMPTY"
    HOURS_OVERLAP = "HOURS_OVERLAP"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    BUSY = "BUSY"


class Refusal(Exception):
    def __init__(self, code: RefusalCode, message: str, *field: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


class Invalid(Refusal):
    def __init__(self, message: str, *field: str, code: RefusalCode = RefusalCode.INVALID_INPUT) -> None:
        super().__init__(code, message, *field)


class NotFound(Refusal):
    pass


class Declined(Refusal):
    pass
