"""The text of an invitation, which admits its holder to a space.

It is `twi_` and base64url of the ids of the space and of the invitation, which only say where to look, and of
32 random bytes, the secret, of which a SHA-256 digest is stored.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Final, NamedTuple, Self
from uuid import UUID

from taskward.ids import new_id

_PREFIX: Final = "twi_"
_BYTES: Final = 64
_CHARACTERS: Final = 86


class InvitationText(NamedTuple):
    """The content of an invitation's text."""

    space_id: UUID
    invitation_id: UUID
    secret: bytes

    @classmethod
    def new(cls, space_id: UUID) -> Self:
        return cls(space_id, new_id(), secrets.token_bytes(32))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Returns the content of a text.

        Raises:
            ValueError: it is no invitation.

        """
        content = urlsafe_b64decode(text.removeprefix(_PREFIX) + "==")
        if len(content) != _BYTES:
            raise ValueError("an invitation has 64 bytes")
        found = cls(UUID(bytes=content[:16]), UUID(bytes=content[16:32]), content[32:])
        if found.text != text:
            raise ValueError("the invitation is not canonical")
        return found

    @property
    def text(self) -> str:
        content = self.space_id.bytes + self.invitation_id.bytes + self.secret
        return _PREFIX + urlsafe_b64encode(content).decode()[:_CHARACTERS]

    @property
    def digest(self) -> str:
        return sha256(self.secret).hexdigest()
