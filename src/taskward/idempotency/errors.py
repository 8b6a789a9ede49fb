"""The errors of requests with an `Idempotency-Key`."""

from taskward.http.errors import ServiceError


class IdempotencyKeyInUse(ServiceError):
    """The first request with this key is still running, so its response is not known yet."""

    status = 409
    code = "IDEMPOTENCY_KEY_IN_USE"
    text = "A request with this idempotency key is still running"

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"retry-after", b"1")]


class IdempotencyKeyReused(ServiceError):
    """The key was used before, for a request with another body."""

    status = 422
    code = "IDEMPOTENCY_KEY_REUSED"
    text = "The idempotency key was used for another request"
