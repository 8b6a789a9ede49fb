"""Every SQL statement on access tokens."""

from typing import Final

from sqlalchemy import Integer, Text, bindparam, delete, func, insert, or_, select, update

from taskward.database.statements import Command, Read
from taskward.database.types import Flag, Id, Instant
from taskward.spaces.tables import MEMBERSHIPS
from taskward.tokens.tables import ACCESS_TOKENS, COLUMNS
from taskward.users.statements import OWNER, upsert_person
from taskward.users.tables import USERS

_TOKEN_ID: Final = bindparam("token_id", type_=Id())
_KEPT_SINCE: Final = bindparam("kept_since", type_=Instant())
_HOUR: Final = bindparam("hour", type_=Instant())
_MINE: Final = (ACCESS_TOKENS.c.user_id == OWNER, ACCESS_TOKENS.c.id == _TOKEN_ID)
_SHOWN: Final = (ACCESS_TOKENS.c.user_id == OWNER, ACCESS_TOKENS.c.expires_at > _KEPT_SINCE)

FIND_TOKEN: Final = Read(
    "find an access token",
    select(
        ACCESS_TOKENS.c.digest,
        ACCESS_TOKENS.c.access,
        ACCESS_TOKENS.c.spaces,
        ACCESS_TOKENS.c.private,
        ACCESS_TOKENS.c.expires_at,
        ACCESS_TOKENS.c.last_used_at,
    ).where(*_MINE),
    batch_keys=("owner", "token_id"),
)
LIST_TOKENS: Final = Read(
    "list access tokens", select(*COLUMNS).where(*_SHOWN).order_by(ACCESS_TOKENS.c.id.desc())
)
COUNT_TOKENS: Final = Read("count of access tokens", select(func.count(ACCESS_TOKENS.c.id)).where(*_SHOWN))

SPACES_OF: Final = Read(
    "spaces that a token may reach",
    select(MEMBERSHIPS.c.space_id).where(MEMBERSHIPS.c.user_id == OWNER, ~MEMBERSHIPS.c.has_left),
)
"""Those that the user is in. Each request is authorized by the member's row all the same."""

ENSURE_PERSON: Final = Command(
    "ensure the row of a person",
    upsert_person(updated_at=USERS.c.updated_at),
    quiet=True,
)
"""Creates it, as a first write does, or locks it."""

CREATE_TOKEN: Final = Command(
    "create an access token",
    insert(ACCESS_TOKENS)
    .values(
        user_id=OWNER,
        id=_TOKEN_ID,
        digest=bindparam("token_digest", type_=Text()),
        name=bindparam("name", type_=Text()),
        access=bindparam("access", type_=Text()),
        spaces=bindparam("spaces", type_=Text()),
        private=bindparam("private", type_=Flag()),
        created_at=bindparam("created_at", type_=Instant()),
        expires_at=bindparam("expires_at", type_=Instant()),
    )
    .returning(*COLUMNS),
    "token.create",
    quiet=True,
)
DROP_OLD_TOKENS: Final = Command(
    "drop old access tokens",
    delete(ACCESS_TOKENS).where(ACCESS_TOKENS.c.user_id == OWNER, ACCESS_TOKENS.c.expires_at <= _KEPT_SINCE),
    quiet=True,
)
REVOKE_TOKEN: Final = Command(
    "revoke an access token",
    delete(ACCESS_TOKENS).where(*_MINE, *_SHOWN[1:]).returning(ACCESS_TOKENS.c.id),
    "token.revoke",
    quiet=True,
)
REVOKE_TOKENS: Final = Command(
    "revoke all access tokens",
    delete(ACCESS_TOKENS).where(*_SHOWN).returning(ACCESS_TOKENS.c.id),
    "token.revoke",
    quiet=True,
)
NOTE_USE: Final = Command(
    "note the use of an access token",
    update(ACCESS_TOKENS)
    .where(*_MINE, or_(ACCESS_TOKENS.c.last_used_at.is_(None), ACCESS_TOKENS.c.last_used_at < _HOUR))
    .values(last_used_at=_HOUR),
    quiet=True,
)
"""`hour` is the beginning of an hour."""

TOKENS_AFTER: Final = Read(
    "access tokens after an id",
    select(*COLUMNS)
    .where(ACCESS_TOKENS.c.user_id == OWNER, ACCESS_TOKENS.c.id > bindparam("after_id", type_=Id()))
    .order_by(ACCESS_TOKENS.c.id)
    .limit(bindparam("limit", type_=Integer())),
)
