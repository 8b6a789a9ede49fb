"""Builds tokens byte by byte: valid ones, and ones that no library would build."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from support.apps import new_settings

from taskward.auth.authenticator import Authenticator, authenticator
from taskward.auth.clock import Clock
from taskward.http.caller import Caller
from taskward.http.errors import InvalidToken
from taskward.settings import Settings

NOW = 1_800_000_000.0
SECRET = b"a secret for tests of more than 32 bytes"
OTHER_SECRET = b"another secret for tests as long as that"

Sign = Callable[[bytes], bytes]


class StoppedClock(Clock):
    """A clock that only tests advance; it wakes the sleepers whose time has come."""

    def __init__(self, now: float = NOW) -> None:
        self.time = now
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def advance(self, seconds: float) -> None:
        self.time += seconds
        for until, alarm in self._sleepers:
            if until <= self.time and not alarm.done():
                alarm.set_result(None)

    async def sleep(self, seconds: float) -> None:
        alarm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + seconds, alarm))
        self.advance(0)
        await alarm

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


def b64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def hs256(secret: bytes) -> Sign:
    return lambda signing_input: hmac.digest(secret, signing_input, hashlib.sha256)


def forge(header: object, payload: object, sign: Sign | None = None) -> bytes:
    """Joins and signs these parts: a mapping is written as JSON, bytes are used as they are."""
    sign = sign or hs256(SECRET)
    signing_input = b64(_bytes(header)) + b"." + b64(_bytes(payload))
    return signing_input + b"." + b64(sign(signing_input))


def claims(**changes: object) -> dict[str, Any]:
    """Returns claims that are valid at NOW; a change of ... leaves that claim out."""
    good: dict[str, Any] = {"sub": "user-1", "exp": NOW + 900, "iat": NOW}
    return {name: value for name, value in (good | changes).items() if value is not ...}


def token(secret: bytes = SECRET, /, **changes: object) -> bytes:
    return forge({"alg": "HS256", "typ": "JWT"}, claims(**changes), hs256(secret))


def settings(**overrides: Any) -> Settings:
    return new_settings(**{"jwt_secret": SECRET.decode()} | overrides)


def guard(clock: Clock | None = None, /, **overrides: Any) -> Authenticator:
    return authenticator(settings(**overrides), clock or StoppedClock())


async def identify(text: bytes, clock: Clock | None = None, /, **overrides: Any) -> Caller:
    return await guard(clock, **overrides).identify([b"Bearer " + text])


async def accepted(text: bytes, clock: Clock | None = None, /, **overrides: Any) -> None:
    await identify(text, clock, **overrides)


async def refused(text: bytes, reason: str, clock: Clock | None = None, /, **overrides: Any) -> None:
    with pytest.raises(InvalidToken) as refusal:
        await identify(text, clock, **overrides)
    assert refusal.value.reason == reason


def _bytes(part: object) -> bytes:
    if isinstance(part, Mapping):
        return json.dumps(part).encode()
    assert isinstance(part, bytes)
    return part
