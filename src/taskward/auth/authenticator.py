"""Authentication: from the Authorization header to a User."""

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
    """Authenticates requests."""

    @property
    def ready(self) -> bool:
        """False only while a configured key set has never been loaded."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def identify(self, authorization: Sequence[bytes]) -> User:
        """Returns the calling user, given the values of all `Authorization` headers of one request.

        Raises:
            Unauthorized: there is no token.
            InvalidToken: the token is not valid.
            TokenExpired: the token has expired.
            ServiceUnavailable: no keys have been loaded yet.

        """

    def collect(self) -> Samples:
        """Returns the metrics; callable from any thread."""


class Keys(Protocol):
    """The verification keys: a shared secret or a provider's key set."""

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
    """Returns the authenticator that the settings select; a token never decides it.

    Raises:
        SettingsError: the development secret is not usable, or JWT_SECRET is not valid.

    """
    validator = ClaimsValidator(settings.jwt_issuer, settings.jwt_audiences)
    clock = clock or Clock()
    return TokenAuthenticator(_keys(settings, clock), validator, clock)


async def describe_keys(settings: Settings) -> list[str]:
    """Returns a line for each verification key; for a key set, also for each entry that is ignored, and why.

    Raises:
        SettingsError: there are no verification keys.

    """
    if settings.jwt_jwks_url is not None:
        from taskward.auth.jwks_fetch import describe_key_set  # noqa: PLC0415 - imports the HTTP client

        return await describe_key_set(settings.jwt_jwks_url)
    if settings.jwt_secrets:
        return [f"JWT_SECRET: secret {number + 1} (HS256)" for number in range(len(settings.jwt_secrets))]
    file = secret_file(settings)
    if not file.exists():
        return [f"a development secret, created in {file} at the first start (HS256)"]
    development_secret(settings)
    return [f"the development secret in {file} (HS256)"]


def _keys(settings: Settings, clock: Clock) -> Keys:
    if settings.jwt_jwks_url is not None:
        # Importing the HTTP client costs 5 MB and 50 ms at start, which only services with a provider need.
        from taskward.auth.jwks import JWKSClient  # noqa: PLC0415 - imports the HTTP client

        return JWKSClient(settings.jwt_jwks_url, clock)
    return SharedSecret(settings.jwt_secrets or (development_secret(settings),))


class TokenAuthenticator:
    """Verifies the form first, then the signature, then the claims: nothing unverified is used."""

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
