"""Standard Webhooks: who sent it, when, and that nobody changed it on the way."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from kefu.desk.webhook_secrets import key_of
from kefu.domain.instants import SECOND, Instant


def signed(secret: str, message_id: str, now: Instant, body: bytes) -> Mapping[str, str]:
    """The headers of a request that is sent now."""
    timestamp = str(now // SECOND)
    digest = hmac.new(key_of(secret), f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
