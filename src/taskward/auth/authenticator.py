"""Whether a request comes from whom it says: the whole way from a header to a user, in one place."""

from collections.abc import Sequence
from typing import Protocol

from taskward.auth.claims import ClaimRules
from taskward.auth.clock import Clock
from taskward.auth.current_user import User
from taskward.auth.development import development_secret
from taskward.auth.shared_secret import SharedSecret
from taskward.auth.tokens import Token, bearer_token, read_token
from taskward.settings import Settings


class Authenticator(Protocol):
    """Who tells users from strangers."""

    @property
    def ready(self) -> bool:
        """False only while a configured key set has never been loaded."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def identify(self, authorization: Sequence[bytes]) -> User:
        """Say who is calling, given the values of all `Authorization` headers of one request.

        Raises:
            Unauthorized: there is no token.
            InvalidToken: the token does not hold.
            TokenExpired: it held until a while ago.
            ServiceUnavailable: there are no keys yet to judge it with.

        """


class Keys(Protocol):
    """What signatures are checked with: a shared secret or a provider's key set."""

    @property
    def ready(self) -> bool: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def verify(self, token: Token) -> None: ...


def authenticator(settings: Settings, clock: Clock | None = None) -> Authenticator:
    """Choose how tokens are verified, by the configuration and never by a token.

    Raises:
        SettingsError: the development secret cannot be used, or JWT_SECRET is no secret.

    """
    rules = ClaimRules(settings.jwt_issuer, settings.jwt_audience)
    return TokenAuthenticator(_keys(settings), rules, clock or Clock())


def _keys(settings: Settings) -> Keys:
    return SharedSecret(settings.jwt_secrets or (development_secret(settings),))


class TokenAuthenticator:
    """Form first, then the signature, then the claims: nothing that is not proven is looked into."""

    def __init__(self, keys: Keys, rules: ClaimRules, clock: Clock) -> None:
        self._keys = keys
        self._rules = rules
        self._clock = clock

    @property
    def ready(self) -> bool:
        return self._keys.ready

    async def start(self) -> None:
        await self._keys.start()

    async def stop(self) -> None:
        await self._keys.stop()

    async def identify(self, authorization: Sequence[bytes]) -> User:
        token = read_token(bearer_token(authorization))
        await self._keys.verify(token)
        return self._rules.judge(token.payload, self._clock.now()).user
