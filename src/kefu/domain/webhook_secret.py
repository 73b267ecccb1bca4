"""The secret that Standard Webhooks sign with: a key in base64 behind a prefix."""

import base64
import binascii

PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The bytes that a secret of Standard Webhooks stands for; none if it is no such secret."""
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else b""
    except binascii.Error:
        return b""
