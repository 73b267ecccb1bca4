import uuid

from kefu.domain.instants import Instant

RANDOM_BITS = 74
"""How many random bits `time_ordered_id` takes."""


def time_ordered_id(now: Instant, random_bits: int) -> str:
    """A UUID of version 7 (RFC 9562, 5.7): ids sort by the millisecond they were made in."""
    high, low = random_bits >> 62 & 0xFFF, random_bits & (1 << 62) - 1
    return str(uuid.UUID(int=now << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))


def login_of(user_name: str) -> str:
    """The form under which an agent's user name is compared: logins are e-mails and ignore case."""
    return user_name.casefold()
