"""The settings of webhooks, as the rest of the service sees them."""

import base64
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, SecretStr

from taskward.settings.parsing import parse_list

_EVENTS: Final = frozenset({"changes", "reminders"})
KINDS: Final = ("tasks", "lists", "comments", "spaces", "members", "space")
"""The kinds of all change feeds, in the order of `taskward.features`."""

_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = range(24, 65)
"""The length of a secret in Standard Webhooks 1.0.0."""


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """The URL of the receiver, the secrets that sign, and the events that are delivered.

    `kinds` are the kinds of objects whose changes are, by their names in the change feed.
    """

    url: str
    secrets: tuple[bytes, ...]
    changes: bool
    reminders: bool
    kinds: frozenset[str]


def webhook_settings(
    url: str | None, secret: SecretStr | None, events: str, kinds: str
) -> WebhookSettings | None:
    """Returns the settings; None if there are no webhooks."""
    if url is None:
        return None
    if secret is None:
        raise ValueError("WEBHOOK_SECRET must be set with WEBHOOK_URL")
    secrets = tuple(map(_parse_secret, parse_list(secret.get_secret_value())))
    delivered = parse_list(events)
    delivered_kinds = frozenset(parse_list(kinds))
    return WebhookSettings(url, secrets, "changes" in delivered, "reminders" in delivered, delivered_kinds)


def _parse_secret(text: str) -> bytes:
    try:
        secret = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except ValueError:  # its text contains the value
        secret = b""
    if not text.startswith(_PREFIX) or len(secret) not in _SECRET_BYTES:
        raise ValueError("each secret must be whsec_ and the base64 of 24 to 64 random bytes")
    return secret


def _check_secrets(value: SecretStr) -> SecretStr:
    for part in parse_list(value.get_secret_value()):
        _parse_secret(part)
    return value


def _check_events(text: str) -> str:
    if not _EVENTS.issuperset(parse_list(text)):
        raise ValueError("must be changes, reminders or both, separated by a comma")
    return text


def _check_kinds(text: str) -> str:
    given = parse_list(text)
    if not set(KINDS).issuperset(given) or len(set(given)) < len(given):
        raise ValueError(f"must be some of {', '.join(KINDS)}, each once, separated by commas")
    return text


WebhookSecrets = Annotated[SecretStr, AfterValidator(_check_secrets)]
WebhookEvents = Annotated[str, AfterValidator(_check_events)]
WebhookKinds = Annotated[str, AfterValidator(_check_kinds)]
