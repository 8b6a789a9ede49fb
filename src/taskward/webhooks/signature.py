"""The signature of a webhook: Standard Webhooks 1.0.0."""

import hmac
from base64 import b64encode
from collections.abc import Sequence


def signature_headers(
    secrets: Sequence[bytes], delivery_id: str, body: bytes, timestamp: int
) -> dict[str, str]:
    """Returns the headers of one attempt, at a time in seconds since 1970; every secret signs."""
    signed = b"%b.%d.%b" % (delivery_id.encode(), timestamp, body)
    signatures = (b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets)
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }
