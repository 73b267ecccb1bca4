"""Standard Webhooks: who sent it, when, and that nobody changed it on the way."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from kefu.domain.instants import SECOND, Instant
from kefu.domain.webhook_secret import key_of


def signed(secret: str, message_id: str, now: Instant, body: bytes) -> Mapping[str, str]:
    """The headers of a request that is sent now."""
    timestamp = str(now // SECOND)
    digest = hmac.new(key_of(secret), f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
