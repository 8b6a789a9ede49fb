"""Whether a request comes from whom it says: the whole way from a header to a user, in one place."""

from collections.abc import Sequence
from typing import Protocol

from taskward.auth.claims import ClaimsValidator
from taskward.auth.clock import Clock
from taskward.auth.current_user import User
from taskward.auth.development import development_secret, secret_file
from taskward.auth.jws import UnverifiedToken, bearer_token, parse_jwt
from taskward.auth.shared_secret import SharedSecret
from taskward.auth.token_cache import TokenCache
from taskward.metrics import Samples
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

    def collect(self) -> Samples:
        """Give what there is to count; callable from any thread."""


class Keys(Protocol):
    """What signatures are checked with: a shared secret or a provider's key set."""

    @property
    def ready(self) -> bool: ...

    @property
    def generation(self) -> int:
        """A number that changes whenever a key is withdrawn."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def verify(self, token: UnverifiedToken) -> None: ...

    def collect(self) -> Samples: ...


def authenticator(settings: Settings, clock: Clock | None = None) -> Authenticator:
    """Choose how tokens are verified, by the configuration and never by a token.

    Raises:
        SettingsError: the development secret cannot be used, or JWT_SECRET is no secret.

    """
    validator = ClaimsValidator(settings.jwt_issuer, settings.jwt_audiences)
    clock = clock or Clock()
    return TokenAuthenticator(_keys(settings, clock), validator, clock)


async def describe_keys(settings: Settings) -> list[str]:
    """Say what tokens are verified with, a line for each key; of a key set, also what is passed over and why.

    Raises:
        SettingsError: there is nothing to verify tokens with; the text says why.

    """
    if settings.jwt_jwks_url is not None:
        from taskward.auth.jwks_fetch import describe_key_set  # noqa: PLC0415 - see _keys

        return await describe_key_set(settings.jwt_jwks_url)
    if settings.jwt_secrets:
        return [f"JWT_SECRET: secret {number + 1} (HS256)" for number in range(len(settings.jwt_secrets))]
    file = secret_file(settings)
    if not file.exists():
        return [f"a development secret, which the first start makes in {file} (HS256)"]
    development_secret(settings)
    return [f"the development secret in {file} (HS256)"]


def _keys(settings: Settings, clock: Clock) -> Keys:
    if settings.jwt_jwks_url is not None:
        # An HTTP client: 5 MB and 50 ms of a start that only those pay who have a provider.
        from taskward.auth.jwks import JWKSClient  # noqa: PLC0415 - see above

        return JWKSClient(settings.jwt_jwks_url, clock)
    return SharedSecret(settings.jwt_secrets or (development_secret(settings),))


class TokenAuthenticator:
    """Form first, then the signature, then the claims: nothing that is not proven is looked into."""

    def __init__(self, keys: Keys, validator: ClaimsValidator, clock: Clock) -> None:
        self._keys = keys
        self._validator = validator
        self._clock = clock
        self._cache = TokenCache()

    @property
    def ready(self) -> bool:
        return self._keys.ready

    async def start(self) -> None:
        await self._keys.start()

    async def stop(self) -> None:
        await self._keys.stop()

    async def identify(self, authorization: Sequence[bytes]) -> User:
        text = bearer_token(authorization)
        user = self._cache.get(text, self._keys.generation, self._clock.now())
        return user or await self._verify(text)

    def collect(self) -> Samples:
        return self._keys.collect()

    async def _verify(self, text: bytes) -> User:
        token = parse_jwt(text)
        await self._keys.verify(token)
        claims = self._validator.validate(token.payload, self._clock.now())
        self._cache.put(text, self._keys.generation, claims)
        return claims.user
