"""The text of an invitation, which admits its holder to a space.

It is `twi_` and base64url of the ids of the space and of the invitation, which only say where to look, and of
32 random bytes, the secret, of which a SHA-256 digest is stored.
"""

import binascii
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Final, NamedTuple, Self
from uuid import UUID

from taskward.ids import new_id

_PREFIX: Final = "twi_"
_BYTES: Final = 64
_CHARACTERS: Final = 86


class Secret(NamedTuple):
    """The parts of an invitation's text."""

    space_id: UUID
    invitation_id: UUID
    secret: bytes

    @classmethod
    def new(cls, space_id: UUID) -> Self:
        return cls(space_id, new_id(), secrets.token_bytes(32))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Returns the parts of a text; None if it is no invitation."""
        try:
            parts = urlsafe_b64decode(text.removeprefix(_PREFIX) + "==")
        except (binascii.Error, ValueError):
            return None
        if len(parts) != _BYTES:
            return None
        found = cls(UUID(bytes=parts[:16]), UUID(bytes=parts[16:32]), parts[32:])
        return found if found.text == text else None

    @property
    def text(self) -> str:
        parts = self.space_id.bytes + self.invitation_id.bytes + self.secret
        return _PREFIX + urlsafe_b64encode(parts).decode()[:_CHARACTERS]

    @property
    def digest(self) -> str:
        return sha256(self.secret).hexdigest()
