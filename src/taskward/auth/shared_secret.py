"""Verification of tokens signed with a shared secret: HS256 only."""

from collections.abc import Sequence

from jwt.algorithms import HMACAlgorithm

from taskward.auth.jws import UnverifiedToken
from taskward.http.errors import InvalidToken
from taskward.metrics import Samples


class SharedSecret:
    """The secrets of JWT_SECRET: several during a rotation. A token may be signed with any of them."""

    ready = True
    generation = 0

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = tuple(secrets)

    async def start(self) -> None:
        """Does nothing: the secrets need no loading."""

    async def stop(self) -> None:
        """Does nothing: the secrets need no loading."""

    def collect(self) -> Samples:
        return {}

    async def verify(self, token: UnverifiedToken) -> None:
        """Checks the signature.

        Raises:
            InvalidToken: the algorithm is another one, or no secret matches.

        """
        if token.alg != "HS256":
            raise InvalidToken(reason="alg not allowed for the key")
        if not any(_HS256.verify(token.signing_input, secret, token.signature) for secret in self._secrets):
            raise InvalidToken(reason="signature does not match")


_HS256 = HMACAlgorithm(HMACAlgorithm.SHA256)
