"""LEGACY. DES as Easemob's CRM windows want it, and for nothing else: it is broken, and ECB shows what is alike.

Pages that already hold such a key go on working. A page made today should rather trust a signed URL or its own login.
"""

from collections.abc import Callable
from string import hexdigits
from typing import TYPE_CHECKING, cast

from kefu.domain.iframe import CipherMode

if TYPE_CHECKING:
    from Crypto.Cipher._mode_cbc import CbcMode
    from Crypto.Cipher._mode_ecb import EcbMode

KEY_BYTES = 8
"""Of a key's UTF-8 text these count, the rest is for the eye."""
_BLOCK = 8


class NotDeciphered(ValueError):
    """No hex, no whole blocks, or not what this key has written."""


def encrypter(key: str, mode: CipherMode) -> Callable[[str], str]:
    """`key` has at least eight characters. What comes out is lower-case hex."""

    def encrypt(text: str) -> str:
        raw = text.encode()
        fill = _BLOCK - len(raw) % _BLOCK
        return _cipher(key, mode).encrypt(raw + bytes([fill]) * fill).hex()

    return encrypt


def decrypt(hex_text: str, key: str, mode: CipherMode = CipherMode.ECB) -> str:
    """What the page that is opened does. Raises `NotDeciphered`."""
    if not hex_text or len(hex_text) % (2 * _BLOCK):
        raise NotDeciphered(f"{len(hex_text)} hex digits are no whole blocks of {2 * _BLOCK}.")
    if not set(hex_text) <= set(hexdigits):
        raise NotDeciphered("There are other characters than hex digits.")
    raw = _cipher(key, mode).decrypt(bytes.fromhex(hex_text))
    fill = raw[-1]
    if not 1 <= fill <= _BLOCK or not raw.endswith(bytes([fill]) * fill):
        raise NotDeciphered("The padding is wrong: another key, another mode, or not encrypted at all.")
    try:
        return raw[:-fill].decode()
    except UnicodeDecodeError as garbled:
        raise NotDeciphered("That is no UTF-8: another key or another mode.") from garbled


def _cipher(key: str, mode: CipherMode) -> "EcbMode | CbcMode":
    from Crypto.Cipher import DES  # noqa: PLC0415  pycryptodome; loaded where a window has a key

    first = key.encode()[:KEY_BYTES]
    if mode is CipherMode.CBC_ZERO_IV:
        return cast("CbcMode", DES.new(first, DES.MODE_CBC, iv=bytes(_BLOCK)))  # noqa: S304  the vendor's
    return cast("EcbMode", DES.new(first, DES.MODE_ECB))  # noqa: S304  the vendor's
