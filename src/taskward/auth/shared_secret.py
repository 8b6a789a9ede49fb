"""Tokens that are signed with a secret which the issuer shares with this service: HS256, nothing else."""

from collections.abc import Sequence

from jwt.algorithms import HMACAlgorithm

from taskward.auth.jws import UnverifiedToken
from taskward.http.errors import InvalidToken
from taskward.metrics import Samples


class SharedSecret:
    """The secrets of JWT_SECRET. During a rotation there are several; a token may be signed with any."""

    ready = True
    generation = 0

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = tuple(secrets)

    async def start(self) -> None:
        """Nothing: the secrets are at hand."""

    async def stop(self) -> None:
        """Nothing: the secrets are at hand."""

    def collect(self) -> Samples:
        return {}

    async def verify(self, token: UnverifiedToken) -> None:
        """Check the signature.

        Raises:
            InvalidToken: it is of another algorithm, or of none of the secrets.

        """
        if token.alg != "HS256":
            raise InvalidToken(reason="alg not allowed for the key")
        if not any(_HS256.verify(token.signing_input, secret, token.signature) for secret in self._secrets):
            raise InvalidToken(reason="signature does not match")


_HS256 = HMACAlgorithm(HMACAlgorithm.SHA256)
