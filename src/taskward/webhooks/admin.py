"""The commands of an operator: a test, the status, a replay."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID, uuid4

from taskward.changes.feed import decode_position
from taskward.database import Database
from taskward.database.engines import open_database
from taskward.database.outbox import MARK
from taskward.database.statements import TransactionSteps
from taskward.http.errors import FieldError, NotFound, ValidationFailed
from taskward.settings import Settings, SettingsError
from taskward.settings.webhooks import WebhookSettings
from taskward.tasks.zone_data_statements import OWNERS_AFTER
from taskward.webhooks.backlog import Backlog
from taskward.webhooks.deliveries import Source, compose
from taskward.webhooks.receiver import ReceiverState, state_of
from taskward.webhooks.sender import Outcome, WebhookSender
from taskward.webhooks.statements import FIND_OWNER, REWIND, WAITING

PAGE: Final = 500
"""Owners who are marked in one transaction."""


class Status(NamedTuple):
    """The state of the receiver, how many owners wait, and the seconds for which the first of them has."""

    receiver: ReceiverState
    owners: int
    seconds: float


async def send_test(settings: Settings) -> Outcome:
    """Sends a `ping` and returns its outcome; nothing is stored or repeated."""
    webhooks = _enabled(settings)
    ping = compose("ping", {}, upto=None, delivery_id=f"ping_{uuid4().hex}")
    sender = WebhookSender(webhooks.url, webhooks.secrets)
    try:
        return await sender.send(str(ping.id), str(ping.body).encode())
    finally:
        await sender.stop()


async def read_status(settings: Settings) -> Status:
    """Reads what is known of the receiver and of those who wait."""
    _enabled(settings)
    async with _started(settings) as database:
        rows = await database.rows(WAITING, {"limit": 1})
        return Status(state_of(rows), *await Backlog(database).count())


async def replay(settings: Settings, user_id: UUID | None, since: str | None) -> int:
    """Delivers again what follows a cursor, or everything; returns to how many owners.

    Raises:
        NotFound: nothing is stored about the user.
        ValidationFailed: the cursor is none of that user's.

    """
    kinds = _enabled(settings).kinds
    if since is not None and user_id is None:
        raise _no_cursor()
    async with _started(settings) as database:
        if user_id is None:
            return await _replay_all(database)
        found = await database.rows(FIND_OWNER, {"owner": user_id})
        if not found:
            raise NotFound("User not found")
        source = Source(user_id, bool(found[0][0]), kinds)
        if since is not None and decode_position(since, user_id, source.kinds) is None:
            raise _no_cursor()
        upto = None if since is None else source.acknowledged(since)
        await database.transact(partial(_rewind_steps, [user_id], upto))
        return 1


def _no_cursor() -> ValidationFailed:
    return ValidationFailed([FieldError("--since", "It must be a cursor of the user of --user")])


async def _replay_all(database: Database) -> int:
    count, after = 0, UUID(int=0)
    while rows := await database.rows(OWNERS_AFTER, {"after_id": after, "limit": PAGE}):
        owners = [UUID(str(row[0])) for row in rows]
        await database.transact(partial(_rewind_steps, owners, None))
        count, after = count + len(owners), owners[-1]
    return count


def _rewind_steps(owners: Sequence[UUID], upto: str | None) -> TransactionSteps[None]:
    for owner in owners:
        yield MARK, {"owner": owner}
        yield REWIND, {"owner": owner, "upto": upto}


def _enabled(settings: Settings) -> WebhookSettings:
    if settings.webhooks is None:
        raise SettingsError("WEBHOOK_URL is not set, so there are no webhooks")
    return settings.webhooks


@asynccontextmanager
async def _started(settings: Settings) -> AsyncIterator[Database]:
    database = open_database(settings)
    await database.start()
    try:
        yield database
    finally:
        await database.stop()


def format_time(microseconds: int) -> str:
    """Returns a time of the database's clock, to the second."""
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).isoformat().replace("+00:00", "Z")
