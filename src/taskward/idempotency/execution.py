"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a repeated POST is executed once."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from time import monotonic
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Header, Response
from pydantic import BeforeValidator

from taskward.database import OWNED_ROWS, ConnectionLost, IdempotencyConflict, Queries
from taskward.database.statements import TransactionSteps, Values
from taskward.http.context import Context, RequestContext
from taskward.http.parts import Key
from taskward.http.validation import field_error
from taskward.idempotency.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from taskward.idempotency.statements import CONFIRM_RESPONSE, FIND_RESPONSE, KEY_LIFETIME

RETRY_WITHIN: Final = 4.0
"""Seconds after which a request whose connection was lost is not run again: the answer must come in time."""

THREADED_DIGEST_BYTES: Final = 256 * 1024
"""Minimum bytes of a body whose digest is computed in a thread."""

_KEY: Final = re.compile(rb"[\x21-\x7e]{1,255}")

InFlightKeys = set[tuple[UUID, str]]
"""The keys of the requests in progress in this process, each with the owner of the rows."""

IN_FLIGHT_KEYS: Final = Key[InFlightKeys]("idempotency keys in flight")


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
class Unchanged:
    """The response to a request that changed nothing. Unless it is recorded, the key stays free."""

    response: Response
    is_recorded: bool


Handler = Callable[[PendingRecord | None], Awaitable[Response | Unchanged]]


class IdempotentExecution:
    """Executes requests with the same key once."""

    def __init__(self, context: RequestContext) -> None:
        self._database: Queries = context.parts[OWNED_ROWS]
        self._in_flight = context.parts[IN_FLIGHT_KEYS]
        self._context = context

    async def run(self, key: str | None, handler: Handler) -> Response:
        """Returns the handler's response, or the stored one if the key was used before.

        Raises:
            IdempotencyKeyReused: the key was used before for another request.
            IdempotencyKeyInUse: the first request with it is still running in this process.

        """
        if key is None:
            return self._response(await handler(None))
        key = self._key_of_caller(key)
        running = (self._context.owner.id, key)
        if running in self._in_flight:
            # In a space it raises if the caller is no member any more.
            await self._database.rows(FIND_RESPONSE, self._values(key))
            raise IdempotencyKeyInUse
        self._in_flight.add(running)
        try:
            return await self._run(PendingRecord(key, await self._digest()), handler)
        finally:
            self._in_flight.discard(running)

    def _key_of_caller(self, key: str) -> str:
        """Returns the key under which the owner's rows have the response: several callers may use one key.

        A caller's key has no space in it.
        """
        caller, owner = self._context.caller.id, self._context.owner.id
        return key if caller == owner else f"{caller} {key}"

    async def _run(self, record: PendingRecord, handler: Handler) -> Response:
        if stored := await self._find_response(record):
            return self._response(Unchanged(stored, is_recorded=True))
        try:
            result = await self._attempt(record, handler)
        except IdempotencyConflict:  # another process was first, and this write is rolled back
            if stored := await self._find_response(record):
                return stored
            raise
        if isinstance(result, Unchanged) and not result.is_recorded:
            # Another process may have applied the same request while this one was running.
            return await self._find_response(record) or self._response(result)
        return self._response(result)

    def _response(self, result: Response | Unchanged) -> Response:
        if isinstance(result, Unchanged):
            self._context.has_changed_nothing = True
            return result.response
        return result

    async def _attempt(self, record: PendingRecord, handler: Handler) -> Response | Unchanged:
        """Runs the handler; if the connection was lost, once more, unless the write was committed."""
        begun = monotonic()
        try:
            return await handler(record)
        except ConnectionLost:
            if monotonic() - begun > RETRY_WITHIN:
                raise
            return await self._find_response(record) or await handler(record)

    async def _find_response(self, record: PendingRecord) -> Response | None:
        """Returns the stored response, once it is known to be kept.

        Under synchronous replication a commit whose wait was interrupted can be read, and may still be lost
        with its server. A commit after it waits for both.
        """
        values = self._values(record.key)
        rows = await self._database.rows(FIND_RESPONSE, values)
        if not rows:
            return None
        digest, status, body, location, tag = rows[0]
        if digest != record.digest:
            raise IdempotencyKeyReused
        await self._database.transact(lambda: _confirm(values))
        headers = {"Idempotent-Replayed": "true"}
        headers |= {name: value for name, value in (("Location", location), ("ETag", tag)) if value}
        return Response(body, status, headers, "application/json")

    def _values(self, key: str) -> Values:
        since = datetime.now(UTC) - KEY_LIFETIME
        return {"owner": self._context.owner.id, "key": key, "keys_since": since}

    async def _digest(self) -> str:
        if self._context.digest is not None:
            return self._context.digest
        request = digest_prefix(self._context) + self._context.body
        if len(request) < THREADED_DIGEST_BYTES:
            return sha256(request).hexdigest()
        return (await asyncio.to_thread(sha256, request)).hexdigest()


def _confirm(values: Values) -> TransactionSteps[None]:
    yield CONFIRM_RESPONSE, values


def digest_prefix(context: RequestContext) -> bytes:
    """Returns the prefix of a request's digest, before the body."""
    return f"{context.method} {context.path}\n".encode()


def _idempotent(context: Context) -> IdempotentExecution:
    return IdempotentExecution(context)


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
