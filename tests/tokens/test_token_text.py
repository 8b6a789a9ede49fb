"""The text of an access token, and its checksum."""

import string
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskward.http.errors import InvalidToken
from taskward.tokens.token_text import TokenText

PARTS = TokenText(UUID(int=1), UUID(int=2), bytes(range(32)))
BASE_62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def test_it_is_the_documented_text() -> None:
    content = "AAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAIAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw"
    text = PARTS.text.decode()

    assert (text[:4], text[4:90], len(text)) == ("twp_", content, 96)
    assert _crc32(content.encode()) == sum(
        BASE_62.index(digit) * 62**place for place, digit in enumerate(reversed(text[90:]))
    )


@given(st.uuids(), st.uuids(), st.binary(min_size=32, max_size=32))
def test_each_one_is_read_back(user: UUID, token: UUID, secret: bytes) -> None:
    parts = TokenText(user, token, secret)

    assert TokenText.parse(parts.text) == parts


@given(st.integers(min_value=0, max_value=95), st.sampled_from(BASE_62 + "-_.é"))
def test_one_wrong_character_is_refused(place: int, character: str) -> None:
    text = PARTS.text.decode()
    wrong = text[:place] + character + text[place + 1 :]
    if wrong == text:
        return

    with pytest.raises(InvalidToken):
        TokenText.parse(wrong.encode())


@pytest.mark.parametrize("change", [b"x", b"=", b" ", b"\n", b"\0"])
def test_one_character_more_or_less_is_refused(change: bytes) -> None:
    for wrong in (PARTS.text + change, change + PARTS.text, PARTS.text[:-1], b"twp_", b""):
        with pytest.raises(InvalidToken):
            TokenText.parse(wrong)


def test_bits_that_no_token_has_are_refused() -> None:
    content = PARTS.text[4:90]
    other = content[:-1] + b"x"  # the last character has two bits of the secret, and four that are zero
    digits, number = "", _crc32(other)
    for _ in range(6):
        digits, number = BASE_62[number % 62] + digits, number // 62

    with pytest.raises(InvalidToken, match="canonical"):
        TokenText.parse(b"twp_" + other + digits.encode())


def _crc32(data: bytes) -> int:
    """Returns the CRC-32 of IEEE 802.3, bit by bit."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xEDB88320 if register & 1 else 0)
    return register ^ 0xFFFFFFFF
