"""The text of an access token: `twp_`, 86 characters for two ids and a secret, 6 of a checksum.

By its form a scanner recognises a leaked one, and the service refuses a mistyped one before any row is read.
"""

import base64
import re
import secrets
import string
import zlib
from hashlib import sha256
from typing import Final, NamedTuple, Self
from uuid import UUID

from taskward.auth.authenticator import ACCESS_TOKEN_PREFIX
from taskward.http.errors import InvalidToken
from taskward.ids import new_id

SECRET_BYTES: Final = 32

_ID_BYTES: Final = 16
_CHECKSUM_LENGTH: Final = 6
_FORM: Final = re.compile(ACCESS_TOKEN_PREFIX + rb"[A-Za-z0-9_-]{86}[0-9A-Za-z]{6}")
_DIGITS: Final = (string.digits + string.ascii_uppercase + string.ascii_lowercase).encode()


class TokenText(NamedTuple):
    """The content of a token's text: the ids of its user and of the token, and the secret."""

    user_id: UUID
    token_id: UUID
    secret: bytes

    @classmethod
    def new(cls, user_id: UUID) -> Self:
        return cls(user_id, new_id(), secrets.token_bytes(SECRET_BYTES))

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Returns the content of a text.

        Raises:
            InvalidToken: it is not of that form, or the checksum does not fit.

        """
        if not _FORM.fullmatch(text):
            raise InvalidToken(reason="not the form of an access token")
        content = base64.urlsafe_b64decode(text[len(ACCESS_TOKEN_PREFIX) : -_CHECKSUM_LENGTH] + b"==")
        user, token = content[:_ID_BYTES], content[_ID_BYTES : 2 * _ID_BYTES]
        found = cls(UUID(bytes=user), UUID(bytes=token), content[2 * _ID_BYTES :])
        if found.text != text:
            reason = "the checksum of the access token does not fit, or it is not canonical"
            raise InvalidToken(reason=reason)
        return found

    @property
    def text(self) -> bytes:
        content = base64.urlsafe_b64encode(self.user_id.bytes + self.token_id.bytes + self.secret)
        content = content.rstrip(b"=")
        return ACCESS_TOKEN_PREFIX + content + _checksum(content)

    @property
    def digest(self) -> str:
        """The hash that is stored: the secret has 256 random bits, so it need not be a slow one."""
        return sha256(self.secret).hexdigest()


def _checksum(content: bytes) -> bytes:
    """Returns the CRC-32 in base 62, as scanners know it from the tokens of GitHub."""
    number, digits = zlib.crc32(content), bytearray()
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return bytes(reversed(digits))
