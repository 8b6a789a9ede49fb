"""The verification keys that the settings select: a shared secret, or the key set of a provider."""

from typing import Protocol

from taskward.auth.clock import Clock
from taskward.auth.development import development_secret, secret_file
from taskward.auth.jws import UnverifiedToken
from taskward.auth.shared_secret import SharedSecret
from taskward.metrics import Samples
from taskward.settings import Settings


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


def verification_keys(settings: Settings, clock: Clock) -> Keys:
    """Returns the keys that the settings select; a token never decides it."""
    if settings.jwt_jwks_url is not None:
        # Importing the HTTP client costs 5 MB and 50 ms at start, which only services with a provider need.
        from taskward.auth.jwks import JWKSClient  # noqa: PLC0415 - imports the HTTP client

        return JWKSClient(settings.jwt_jwks_url, clock)
    return SharedSecret(settings.jwt_secrets or (development_secret(settings),))
