"""`Sign` and `RequestTime`, as Tencent's receivers hold them against the token they were given."""

import hashlib
import hmac

VALID_FOR_S = 60
"""A receiver refuses a request whose time differs by more."""


def sign(token: str, request_time: str) -> str:
    """SHA-256 of the token and the Unix seconds, in lower-case hex."""
    return hashlib.sha256(f"{token}{request_time}".encode()).hexdigest()


def is_signed(token: str, request_time: str, signature: str, *, now_s: int) -> bool:
    if not (request_time.isascii() and request_time.isdecimal()):
        return False
    is_fresh = abs(now_s - int(request_time)) <= VALID_FOR_S
    return is_fresh and hmac.compare_digest(sign(token, request_time), signature)
