"""Authentication: from the Authorization header to the user.

A token is verified once. Then its user comes from the cache, which is the whole path of most requests.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, Protocol

from taskward.auth.claims import Claims, ClaimsValidator
from taskward.auth.clock import Clock
from taskward.auth.jws import parse_jwt
from taskward.auth.keys import Keys, verification_keys
from taskward.auth.service import TYPE as SERVICE_TYPE
from taskward.auth.service import ServiceTokens, service_tokens
from taskward.http.caller import Caller
from taskward.http.context import RequestContext
from taskward.http.errors import InvalidToken, Unauthorized
from taskward.http.parts import Key
from taskward.metrics import Samples
from taskward.settings import Settings

ACCESS_TOKEN_PREFIX: Final = b"twp_"
"""The beginning of an access token; a JWT begins with a base64url of `{`, and has no such one."""

MAX_TOKENS = 10_000
"""Cached tokens. Each takes under a kilobyte; the oldest is evicted."""


class IdentifiesText(Protocol):
    """Authentication by tokens of another kind."""

    async def identify(self, text: bytes, /) -> Caller:
        """Returns the caller of a token; raises a ServiceError if it is not valid."""


def authenticator(
    settings: Settings, clock: Clock | None = None, access_tokens: IdentifiesText | None = None
) -> "Authenticator":
    """Returns the authenticator that the settings select; a token never decides it.

    Raises:
        SettingsError: the development secret, JWT_SECRET or SERVICE_PUBLIC_KEYS is not usable.

    """
    clock = clock or Clock()
    validator = ClaimsValidator(settings.jwt_issuer, settings.jwt_audiences)
    keys = verification_keys(settings, clock)
    return Authenticator(keys, validator, clock, access_tokens, service_tokens(settings))


class Authenticator:
    """Authenticates requests: form first, then signature, then claims; nothing unverified is used."""

    def __init__(
        self,
        keys: Keys,
        validator: ClaimsValidator,
        clock: Clock,
        access_tokens: IdentifiesText | None = None,
        service_tokens: ServiceTokens | None = None,
    ) -> None:
        self._keys = keys
        self._validator = validator
        self._clock = clock
        self._access_tokens = access_tokens
        self._service_tokens = service_tokens
        self._cache = TokenCache()

    @property
    def ready(self) -> bool:
        """False only while a configured key set has never been loaded."""
        return self._keys.ready

    async def start(self) -> None:
        await self._keys.start()

    async def stop(self) -> None:
        await self._keys.stop()

    async def identify(self, authorization: Sequence[bytes]) -> Caller:
        """Returns the calling user, given the values of all `Authorization` headers of one request.

        Raises:
            Unauthorized: there is no token, it is not valid, or it has expired; each has a class.
            ServiceUnavailable, DatabaseError: no keys are loaded, or a row of a token cannot be read.

        """
        token = bearer_token(authorization)
        if self._access_tokens is not None and token.startswith(ACCESS_TOKEN_PREFIX):
            return await self._access_tokens.identify(token)
        return self._cache.get(token, self._keys.generation, self._clock.now()) or await self._verify(token)

    def collect(self) -> Samples:
        """Returns the metrics; callable from any thread."""
        return self._keys.collect()

    async def _verify(self, text: bytes) -> Caller:
        token = parse_jwt(text)
        if self._service_tokens is not None and token.header.get("typ") == SERVICE_TYPE:
            claims = self._service_tokens.verify(token, self._clock.now())
        else:
            await self._keys.verify(token)
            claims = self._validator.validate(token.payload, self._clock.now())
        self._cache.put(text, self._keys.generation, claims)
        return claims.caller


AUTHENTICATOR: Final = Key[Authenticator]("authenticator")


async def authenticate(context: RequestContext) -> Caller:
    """Returns the caller of a request; raises as `Authenticator.identify` does."""
    return await context.parts[AUTHENTICATOR].identify(context.headers.get(b"authorization", ()))


def bearer_token(authorization: Sequence[bytes]) -> bytes:
    """Returns the token from the values of all `Authorization` headers of one request.

    Raises:
        Unauthorized: there is no header, another scheme, or nothing after the scheme.
        InvalidToken: there is more than one header, so that the token is ambiguous.

    """
    if not authorization:
        raise Unauthorized(reason="no Authorization header")
    if len(authorization) > 1:
        raise InvalidToken(reason="more than one Authorization header")
    scheme, _, token = authorization[0].strip(b" \t").partition(b" ")
    if scheme.lower() != b"bearer":
        raise Unauthorized(reason="not the Bearer scheme")
    if not (token := token.lstrip(b" ")):
        raise Unauthorized(reason="empty token")
    return token


class TokenCache:
    """The users of verified tokens, by the digest of the token: the tokens themselves are not stored."""

    def __init__(self) -> None:
        self._claims: dict[tuple[bytes, int], Claims] = {}

    def get(self, token: bytes, generation: int, now: float) -> Caller | None:
        """Returns the user of a cached token, if it is valid now and its key is still in use."""
        claims = self._claims.get(_cache_key(token, generation))
        return claims.caller if claims and claims.valid_from <= now < claims.caller.expires_at else None

    def put(self, token: bytes, generation: int, claims: Claims) -> None:
        """Stores the claims of a token that was verified with the keys of that generation."""
        if len(self._claims) >= MAX_TOKENS:
            del self._claims[next(iter(self._claims))]
        self._claims[_cache_key(token, generation)] = claims


def _cache_key(token: bytes, generation: int) -> tuple[bytes, int]:
    return hashlib.sha256(token).digest(), generation
