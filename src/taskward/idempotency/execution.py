"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a repeated POST is executed once."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from pydantic import BeforeValidator
from starlette.types import Scope

from taskward.auth.current_user import CurrentUser
from taskward.database import IdempotencyConflict, Queries
from taskward.http.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from taskward.http.validation import field_error
from taskward.idempotency.statements import FIND_RESPONSE

KEY_LIFETIME: Final = timedelta(hours=24)
"""The time during which a repeated request gets the stored response."""

THREADED_DIGEST_BYTES: Final = 256 * 1024
"""Minimum bytes of a body whose digest is computed in a thread."""

_KEY: Final = re.compile(rb"[\x21-\x7e]{1,255}")

InFlightKeys = set[tuple[UUID, str]]
"""The keys of the requests in progress in this process, each with its owner."""


@dataclass(frozen=True, slots=True)
class PendingRecord:
    """The record of a keyed request, stored in the transaction of its write."""

    key: str
    digest: str

    def values(self, status: int, body: bytes, location: str | None = None) -> dict[str, Any]:
        """Returns the values of `store_response`."""
        now = datetime.now(UTC)
        return {
            "key": self.key,
            "digest": self.digest,
            "status": status,
            "body": body.decode(),
            "location": location,
            "kept_at": now,
            "keys_since": now - KEY_LIFETIME,
        }


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """The response to a request that changed nothing: it is not stored, and the key stays free."""

    response: Response


Handler = Callable[[PendingRecord | None], Awaitable[Response | Unrecorded]]


class IdempotentExecution:
    """Executes requests with the same key once."""

    def __init__(self, request: Request, owner: UUID) -> None:
        self._database: Queries = request.app.state.database
        self._in_flight: InFlightKeys = request.app.state.in_flight_keys
        self._request = request
        self._owner = owner

    async def run(self, key: str | None, handler: Handler) -> Response:
        """Returns the handler's response, or the stored one if the key was used before.

        Raises:
            IdempotencyKeyReused: the key was used before for another request.
            IdempotencyKeyInUse: the first request with it is still running in this process.

        """
        if key is None:
            return _response(await handler(None))
        if (self._owner, key) in self._in_flight:
            raise IdempotencyKeyInUse
        self._in_flight.add((self._owner, key))
        try:
            return await self._run(PendingRecord(key, await self._digest()), handler)
        finally:
            self._in_flight.discard((self._owner, key))

    async def _run(self, record: PendingRecord, handler: Handler) -> Response:
        if stored := await self._find_response(record):
            return stored
        try:
            result = await handler(record)
        except IdempotencyConflict:  # another process was first, and this write is rolled back
            if stored := await self._find_response(record):
                return stored
            raise
        if isinstance(result, Unrecorded):
            # Another process may have applied the same request while this one was running.
            return await self._find_response(record) or result.response
        return result

    async def _find_response(self, record: PendingRecord) -> Response | None:
        values = {"owner": self._owner, "key": record.key, "keys_since": datetime.now(UTC) - KEY_LIFETIME}
        rows = await self._database.rows(FIND_RESPONSE, values)
        if not rows:
            return None
        digest, status, body, location, tag = rows[0]
        if digest != record.digest:
            raise IdempotencyKeyReused
        headers = {"Idempotent-Replayed": "true"}
        headers |= {name: value for name, value in (("Location", location), ("ETag", tag)) if value}
        return Response(body, status, headers, "application/json")

    async def _digest(self) -> str:
        scope = self._request.scope
        if digest := scope.get("digest"):  # of a body that was not read into memory
            return str(digest)
        request = digest_prefix(scope) + scope["body"]
        if len(request) < THREADED_DIGEST_BYTES:
            return sha256(request).hexdigest()
        return (await asyncio.to_thread(sha256, request)).hexdigest()


def _response(result: Response | Unrecorded) -> Response:
    return result.response if isinstance(result, Unrecorded) else result


def digest_prefix(scope: Scope) -> bytes:
    """Returns the prefix of a request's digest, before the body."""
    return f"{scope['method']} {scope['path']}\n".encode()


def _idempotent(request: Request, user: CurrentUser) -> IdempotentExecution:
    return IdempotentExecution(request, user.id)


def _single_key(values: Any) -> str:
    if len(values) != 1 or not _KEY.fullmatch(values[0]):
        raise field_error("Idempotency-Key must be 1-255 visible ASCII characters")
    key: str = values[0].decode()
    return key


Idempotent = Annotated[IdempotentExecution, Depends(_idempotent)]
"""For a handler of POST: executes it once per key."""

IdempotencyKey = Annotated[
    str | None,
    BeforeValidator(_single_key),
    Header(
        alias="Idempotency-Key",
        description="1-255 visible ASCII characters of your choice, best a UUID: a repeat within 24 hours "
        "with the same bytes gets the same response again, with `Idempotent-Replayed: true`.",
        min_length=1,
        max_length=255,
        json_schema_extra={"pattern": "^[!-~]+$"},
        examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ),
]
