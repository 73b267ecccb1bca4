"""DES of CRM windows; rows C6, C7, C9, vectors D1 to D24, and what follows from the rule."""

import warnings

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from hypothesis import given
from hypothesis import strategies as st

from kefu.desk.legacy_des import NotDeciphered, decrypt, encrypter
from kefu.domain.iframe import CipherMode

KEY = "12345678"
ECB, CBC = CipherMode
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=40)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@pytest.mark.parametrize(
    ("key", "mode", "plain", "cipher"),
    [
        pytest.param(KEY, ECB, "Jack", "877523f86f18f55e", id="D1"),
        pytest.param(KEY, ECB, "40", "e86b4e789891107c", id="D2"),
        pytest.param(KEY, ECB, "man", "d221cba8e6efd0ad", id="D3"),
        pytest.param(KEY, ECB, "", "feb959b7d4642fcb", id="D4"),
        pytest.param(KEY, ECB, "1234567", "998a3e058213e353", id="D5"),
        pytest.param(KEY, ECB, "12345678", "96d0028878d58c89feb959b7d4642fcb", id="D6"),
        pytest.param(KEY, ECB, "1234567812345678", "96d0028878d58c8996d0028878d58c89feb959b7d4642fcb", id="D7"),
        pytest.param(KEY, ECB, "abc@123.com", "4674a29a2bcc4049b447be7e1d9fd04e", id="D10"),
        pytest.param(KEY, ECB, "107937", "2582915978973a91", id="D11"),
        pytest.param("123456789", ECB, "Jack", "877523f86f18f55e", id="D13, nine characters"),
        pytest.param("12345678ABCDEF", ECB, "Jack", "877523f86f18f55e", id="D13, fourteen"),
        pytest.param("03254769", ECB, "Jack", "877523f86f18f55e", id="D14"),
        pytest.param("11111111", ECB, "Jack", "5baa0f9fb39edf06", id="D15, ones"),
        pytest.param("00000000", ECB, "Jack", "5baa0f9fb39edf06", id="D15, zeros"),
        pytest.param("11111111", ECB, "40", "d7e31b75f7a59ab1", id="D16, 40"),
        pytest.param("11111111", ECB, "man", "7b924431bb7becf0", id="D16, man"),
        pytest.param(KEY, CBC, "12345678", "96d0028878d58c898e250d5f4c76644b", id="D20"),
        pytest.param(KEY, CBC, "107937", "2582915978973a91", id="D21"),
    ],
)
def test_c6_vectors_d1_to_d21_a_page_that_holds_the_key_recovers_the_text(
    key: str, mode: CipherMode, plain: str, cipher: str
) -> None:
    assert encrypter(key, mode)(plain) == cipher
    assert decrypt(cipher, key, mode) == plain


@pytest.mark.parametrize(
    ("cipher", "why"),
    [
        pytest.param("877523f86f18f55f", "padding", id="D22"),
        pytest.param("8775", "4 hex digits", id="D23, length"),
        pytest.param("zz", "2 hex digits", id="D23, two of no hex"),
        pytest.param("zz7523f86f18f55e", "hex digits", id="D23, a block of no hex"),
        pytest.param("877523f86f18f55", "15 hex digits", id="an odd length"),
        pytest.param("87 75 23 f8 6f18", "hex digits", id="spaces between"),
        pytest.param("", "0 hex digits", id="nothing"),
    ],
)
def test_vectors_d22_d23_what_no_key_wrote_is_an_error_and_no_text(cipher: str, why: str) -> None:
    with pytest.raises(NotDeciphered, match=why):
        decrypt(cipher, KEY)


def test_vector_d24_upper_case_is_read_as_well() -> None:
    assert decrypt("877523F86F18F55E", KEY) == "Jack"


@given(key=KEYS, text=TEXTS, mode=st.sampled_from(CipherMode))
def test_c6_every_text_under_every_key_comes_back(key: str, text: str, mode: CipherMode) -> None:
    assert decrypt(encrypter(key, mode)(text), key, mode) == text


@given(key=KEYS, text=TEXTS)
def test_every_cipher_text_is_whole_blocks_of_lower_case_hex_and_one_byte_longer_at_least(key: str, text: str) -> None:
    cipher = encrypter(key, ECB)(text)
    assert set(cipher) <= set("0123456789abcdef")
    assert len(cipher) == 16 * (len(text.encode()) // 8 + 1)


@given(key=KEYS, text=TEXTS, mode=st.sampled_from(CipherMode))
def test_another_library_writes_the_same(key: str, text: str, mode: CipherMode) -> None:
    """Single DES as triple DES with one key three times."""
    raw = text.encode()
    fill = 8 - len(raw) % 8
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chain = modes.ECB() if mode is ECB else modes.CBC(bytes(8))  # noqa: S305  the vendor's
        other = Cipher(TripleDES(key.encode()[:8] * 3), chain).encryptor()
    written = other.update(raw + bytes([fill]) * fill) + other.finalize()
    assert encrypter(key, mode)(text) == written.hex()
