"""What a webhook's secret must look like, in each dialect."""

import base64
from random import Random

from kefu.desk.input import at_most
from kefu.domain.bounds import WEBHOOK_SECRET_LENGTH_MAX
from kefu.domain.refusals import Invalid
from kefu.domain.webhook import Dialect
from kefu.domain.webhook_secret import PREFIX, key_of

MADE_BYTES = 32
KEY_BYTES_MIN, KEY_BYTES_MAX = 24, 64


def new_secret(random: Random) -> str:
    return PREFIX + base64.b64encode(random.randbytes(MADE_BYTES)).decode()


def checked_secret(secret: str, dialect: Dialect) -> str:
    """Raises `Invalid`."""
    at_most(secret, "secret", WEBHOOK_SECRET_LENGTH_MAX)
    if not secret.isascii() or not secret.isprintable():
        raise Invalid("secret must be printable ASCII.", "secret")
    if dialect is Dialect.KEFU and not KEY_BYTES_MIN <= len(key_of(secret)) <= KEY_BYTES_MAX:
        raise Invalid(
            f"secret must be {PREFIX} and {KEY_BYTES_MIN} to {KEY_BYTES_MAX} bytes in base64; left out, one is made.",
            "secret",
        )
    return secret
