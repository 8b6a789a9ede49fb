"""Spaces for an operator: without the API, by ids."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from taskward.database import Database
from taskward.database.engines import open_database
from taskward.database.observers import Observer
from taskward.database.statements import TransactionSteps
from taskward.http.responses import rfc3339
from taskward.http.roles import Role
from taskward.settings import Settings
from taskward.spaces.errors import MemberNotFound
from taskward.spaces.records import MemberRecord, SpaceRecord
from taskward.spaces.statements import (
    CHANGE_MEMBER,
    COUNT_MEMBER_CHANGE,
    GET_MEMBER_OF_PERSON,
    GET_SPACE,
    LIST_MEMBERS,
    MEMBERSHIPS_OF,
    SPACES_AFTER,
)
from taskward.spaces.steps import space_steps
from taskward.users.statements import LOCK_OWNER

PAGE: Final = 500
"""Spaces that are read at once."""

_BEFORE_ALL: Final = UUID(int=0)


async def spaces_of(settings: Settings, user_id: UUID | None) -> AsyncIterator[dict[str, Any]]:
    """Yields the spaces that a user is in, by default all: ids, time, title, and the ids of the owners."""
    async with _database(settings, ()) as database:
        async for space_id in _ids(database, user_id):
            found = await database.rows(GET_SPACE, {"owner": space_id})
            if not found:  # it was deleted meanwhile
                continue
            space = SpaceRecord(*found[0])
            members = [MemberRecord(*row) for row in await database.rows(LIST_MEMBERS, {"owner": space_id})]
            if user_id is not None and not any(str(one.person_id) == str(user_id) for one in members):
                continue
            yield {
                "space_id": str(space_id),
                "created_at": rfc3339(space.created_at),
                "members": len(members),
                "owners": [str(one.person_id) for one in members if one.role == Role.OWNER],
                "title": space.title,
            }


async def make_owner(
    settings: Settings, space_id: UUID, user_id: UUID, observers: tuple[Observer, ...] = ()
) -> bool:
    """Makes a member of a space an owner; returns False for one who is an owner already.

    Raises:
        SpaceNotFound: there is no such space.
        MemberNotFound: the user is no member of it.

    """
    async with _database(settings, observers) as database:
        return await database.transact(lambda: _make_owner_steps(space_id, user_id))


def _make_owner_steps(space_id: UUID, user_id: UUID) -> TransactionSteps[bool]:
    space = {"owner": space_id}
    yield LOCK_OWNER, space
    yield from space_steps(space_id, None)
    rows = yield GET_MEMBER_OF_PERSON, {**space, "person_id": user_id}
    member = MemberRecord(*rows[0]) if rows else None
    if member is None or member.role is None:
        raise MemberNotFound
    if member.role == Role.OWNER:
        return False
    rows = yield COUNT_MEMBER_CHANGE, space
    changed = {"role": Role.OWNER, "name": member.name, "fields": ["role"], "version": rows[0][0]}
    yield CHANGE_MEMBER, {**space, "member_id": member.id, "now": datetime.now(UTC), **changed}
    return True


async def _ids(database: Database, user_id: UUID | None) -> AsyncIterator[UUID]:
    """Yields the ids of the spaces of a user, or of all."""
    if user_id is not None:
        for row in await database.rows(MEMBERSHIPS_OF, {"owner": user_id}):
            yield UUID(str(row[0]))
        return
    after = _BEFORE_ALL
    while rows := await database.rows(SPACES_AFTER, {"after_id": after, "limit": PAGE}):
        for row in rows:
            after = UUID(str(row[0]))
            yield after


@asynccontextmanager
async def _database(settings: Settings, observers: tuple[Observer, ...]) -> AsyncIterator[Database]:
    database = open_database(settings)
    database.observers.extend(observers)
    await database.start()
    try:
        yield database
    finally:
        await database.stop()
