"""The statements that store a response in the transaction of its write, and that find it again."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Integer,
    Text,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from taskward.database.functions import earlier
from taskward.database.statements import Command, Read, TransactionSteps, Values
from taskward.database.types import Counter, Instant
from taskward.idempotency.tables import IDEMPOTENCY_KEYS
from taskward.users.statements import OWNER
from taskward.users.tables import USERS

_KEY: Final = bindparam("key", type_=Text())
KEY_LIFETIME: Final = timedelta(hours=24)
"""The time during which a repeated request gets the stored response."""

_LIFETIME: Final = literal_column(str(KEY_LIFETIME // timedelta(microseconds=1)), Counter)
_SINCE: Final = bindparam("keys_since", type_=Instant())
"""Keys older than this have expired."""

FIND_RESPONSE: Final = Read(
    "find response",
    select(
        IDEMPOTENCY_KEYS.c.digest,
        IDEMPOTENCY_KEYS.c.status,
        IDEMPOTENCY_KEYS.c.body,
        IDEMPOTENCY_KEYS.c.location,
        IDEMPOTENCY_KEYS.c.tag,
    ).where(
        IDEMPOTENCY_KEYS.c.user_id == OWNER,
        IDEMPOTENCY_KEYS.c.key == _KEY,
        IDEMPOTENCY_KEYS.c.created_at > _SINCE,
    ),
)

CONFIRM_RESPONSE: Final = Command(
    "confirm response",
    update(IDEMPOTENCY_KEYS)
    .where(IDEMPOTENCY_KEYS.c.user_id == OWNER, IDEMPOTENCY_KEYS.c.key == _KEY)
    .values(created_at=IDEMPOTENCY_KEYS.c.created_at)
    .returning(IDEMPOTENCY_KEYS.c.key),
    quiet=True,
)
"""Changes nothing; its commit is durable, and replicated, only if that of the response is."""


def store_response(tag: ColumnElement[str] | None, changed: ColumnElement[bool]) -> Insert:
    """Stores the response to a write that `changed` something.

    It replaces an expired response with the same key. A valid one makes the statement fail, and with it the
    whole write: its status would become null, which the table rejects. So of two concurrent writes with one
    key the second is rolled back.
    """
    response: dict[str, ColumnElement[Any]] = {
        "user_id": OWNER,
        "key": _KEY,
        "digest": bindparam("digest", type_=Text()),
        "status": bindparam("status", type_=Integer()),
        "body": bindparam("body", type_=Text()),
        "location": bindparam("location", type_=Text()),
        "tag": null() if tag is None else tag,
        "created_at": bindparam("kept_at", type_=Instant()),
    }
    kept = insert(IDEMPOTENCY_KEYS).from_select(list(response), select(*response.values()).where(changed))
    expired = IDEMPOTENCY_KEYS.c.created_at <= earlier(kept.excluded.created_at, _LIFETIME)
    replaced = {name: kept.excluded[name] for name in response if name not in {"user_id", "key"}}
    return kept.on_conflict_do_update(
        index_elements=["user_id", "key"],
        set_=replaced | {"status": case((expired, kept.excluded.status), else_=null())},
    )


def drop_expired_responses() -> Delete:
    """Drops the owner's other expired responses; each keyed write cleans up after earlier ones."""
    return delete(IDEMPOTENCY_KEYS).where(
        IDEMPOTENCY_KEYS.c.user_id == OWNER,
        IDEMPOTENCY_KEYS.c.created_at <= _SINCE,
        IDEMPOTENCY_KEYS.c.key != _KEY,
    )


STORE_RESPONSE: Final = Command(
    "store a response",
    store_response(bindparam("tag", type_=Text()), exists().where(USERS.c.id == OWNER)),
)
"""Without a `tag`, the response has none."""

DROP_EXPIRED_RESPONSES: Final = Command("drop expired responses", drop_expired_responses())

_PREFIX: Final = bindparam("prefix", type_=Text())
FORGET_RESPONSES: Final = Command(
    "forget the responses to a caller",
    delete(IDEMPOTENCY_KEYS).where(
        IDEMPOTENCY_KEYS.c.user_id == OWNER,
        func.substr(IDEMPOTENCY_KEYS.c.key, 1, func.length(_PREFIX)) == _PREFIX,
    ),
    quiet=True,
)
"""Those whose keys begin so, see `IdempotentExecution`."""


def store_response_steps(values: Values) -> TransactionSteps[None]:
    """Stores the response of a transaction of several statements."""
    yield STORE_RESPONSE, values
    yield DROP_EXPIRED_RESPONSES, values
