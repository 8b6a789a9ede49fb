"""Staging of an import: written in small transactions, published as one.

Staged tasks are rows of a separate table. Publishing takes their numbers from the owner's counter, stores the
response under its idempotency key, and copies the rows to `tasks`, on PostgreSQL in one transaction. SQLite
would block all other writes, so its first transaction decides, and locks the owner until all is copied.
"""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Final
from uuid import UUID, uuid4

import orjson

from taskward.database import Queries
from taskward.database.statements import RESUME, SPLIT, Command, TransactionSteps, Values, command_steps
from taskward.http.caller import Owner
from taskward.http.errors import RateLimited, ServiceUnavailable
from taskward.idempotency.execution import PendingRecord
from taskward.idempotency.statements import store_response_steps
from taskward.me.import_comments import (
    STAGE_COMMENTS,
    ImportComments,
    comment_copy_steps,
    unstage_comments_steps,
)
from taskward.me.import_document import Problems
from taskward.me.import_lists import ImportLists
from taskward.me.import_models import ImportedComment, ImportedTask
from taskward.me.import_series import RESOLVE_SERIES, ImportSeries
from taskward.me.import_statements import (
    ABANDONED,
    BEGIN_PUBLICATION,
    CLAIM_IMPORT,
    DROP_TOMBSTONES,
    FIND_IMPORT,
    GIVE_UP_IMPORT,
    IMPORT_LEASE,
    PUBLISH,
    PUBLISH_LABELS,
    RELEASE_IMPORT,
    RENEW_IMPORT,
    STAGE,
    STAGED_IDS,
    STAGED_ROWS,
    UNSTAGE,
)
from taskward.me.import_tree import ImportTree
from taskward.me.import_tree_statements import RESOLVE
from taskward.me.staged_rows import staged_row
from taskward.tasks.steps.reminders import add_reminders_between_steps
from taskward.users.statements import COUNT_MANY_OF_PERSON, LOCK_OWNER, person_values

CHANGE: Final = "import"
"""The name of the change in the owner's lock."""

RENEW_AFTER: Final = IMPORT_LEASE.seconds / 5
"""After so long without a write of its own an import is renewed: to validate what is refused takes long."""

RETRY_AFTER: Final = int(IMPORT_LEASE.seconds)
"""Seconds after which a user with a running import may retry: by then it has ended, if its process has."""

MAX_ROWS: Final = 1000
MAX_BYTES: Final = 512 * 1024
"""The limits of one transaction that stages, publishes or deletes, so that no other write waits long. What is
staged is bounded by its bytes; of a task that is published its labels and reminders are rows too."""

_FIRST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class _Page:
    """Staged tasks that are changed in one transaction, by their ids; `after` and `up_to` are its bounds."""

    owner: UUID
    after: UUID
    up_to: UUID
    count: int
    is_followed: bool

    @property
    def range(self) -> Values:
        return {"owner": self.owner, "after_id": self.after, "up_to_id": self.up_to}


class Staging:
    """One import of an owner."""

    def __init__(self, database: Queries, owner: Owner) -> None:
        self._database = database
        self._person = owner
        self._owner: Values = {"owner": owner.id}
        self._held: Values = {"owner": owner.id, **IMPORT_LEASE.values(uuid4())}
        self.lists = ImportLists(database, owner.id)
        """To be added before the tasks, which may refer to them."""
        self.is_publishing = False
        self._tree = ImportTree(database, owner.id)
        self._series = ImportSeries(database, owner.id, self._tree.stored_ids)
        self._comments = ImportComments(database, owner.id)
        self._added = 0
        self._ids: set[UUID] = set()
        self._rows: list[bytes] = []
        self._size = 0
        self._renewed_at = time.monotonic()

    async def claim(self) -> None:
        """Starts the import; deletes the staged rows of an abandoned one.

        Raises:
            RateLimited: another import of the owner is in progress.

        """
        if not await self._database.transact(lambda: command_steps(CLAIM_IMPORT, self._held)):
            raise RateLimited("Another import is running", retry_after=RETRY_AFTER)
        await self._delete_rows()

    async def add(self, tasks: Sequence[ImportedTask]) -> None:
        """Stages tasks, except those that the owner has. It renews the import, also without tasks."""
        for number, task in enumerate(tasks, self._added):
            self._tree.add(number, task)
            if not self._ids.isdisjoint((task.id, task.stored_id)):
                continue
            self._ids.update((task.id, task.stored_id))
            self._rows.append(staged_row(task, self.lists.stored_id(task.list_id)))
            self._size += len(self._rows[-1])
            if len(self._rows) >= MAX_ROWS or self._size >= MAX_BYTES:
                await self._flush()
        self._added += len(tasks)
        if time.monotonic() - self._renewed_at >= RENEW_AFTER:
            await self._database.transact(self._renew)

    async def add_comments(self, comments: Sequence[ImportedComment]) -> None:
        """Stages comments, after all tasks, except those that the owner has, and those without a task."""
        await self._flush()
        for rows in self._comments.staged_rows(comments, self._tree.stored_ids):
            await self._change(STAGE_COMMENTS, comments=rows)
        if time.monotonic() - self._renewed_at >= RENEW_AFTER:
            await self._database.transact(self._renew)

    async def resolve(self, problems: Problems) -> None:
        """Resolves the references between tasks; adds what is wrong with them to `problems`."""
        await self._flush()
        await self._tree.resolve(problems)
        if problems.named:
            return
        for rows in self._tree.changed_rows():
            await self._change(RESOLVE, rows=rows)
        async for rows in self._series.changed_rows():
            await self._change(RESOLVE_SERIES, rows=rows)

    async def publish(self, total: int, record: PendingRecord | None) -> bytes:
        """Publishes what is staged; returns the body of the response. The document has `total` tasks."""
        new = await self._count()
        await self._comments.count()
        body = orjson.dumps({"imported": new, "skipped": total - new})
        self.is_publishing = True
        return await self._database.transact(lambda: self._publish_steps(new, body, record), long=True)

    async def clean_up(self) -> None:
        """Ends the import, deletes what is still staged, and frees the memory."""
        await self._tree.clear()
        await self._delete_rows()
        await self._database.transact(lambda: command_steps(RELEASE_IMPORT, self._held))

    async def _flush(self) -> None:
        if not self._rows:
            return
        tasks = f"[{b','.join(self._rows).decode()}]"
        self._rows.clear()
        self._ids.clear()
        self._size = 0
        await self._change(STAGE, tasks=tasks)

    async def _change(self, command: Command, **values: str) -> None:
        await self._database.transact(partial(self._change_steps, command, values), long=True)

    def _change_steps(self, command: Command, values: Values) -> TransactionSteps[None]:
        yield from self._renew()
        yield command, {**self._owner, **values}

    def _renew(self) -> TransactionSteps[None]:
        if not (yield RENEW_IMPORT, self._held):
            raise _interrupted()
        self._renewed_at = time.monotonic()

    async def _count(self) -> int:
        count, after, page = 0, _FIRST, {**self._owner, "limit": MAX_ROWS}
        while ids := await self._database.rows(STAGED_IDS, page | {"after_id": after}):
            count += len(ids)
            after = UUID(str(ids[-1][0]))
            await asyncio.sleep(0)  # SQLite returns the next page at once; this lets other requests run
        return count

    async def _delete_rows(self) -> None:
        page = _before_all(self._person.id)
        while page.is_followed:
            page = await self._database.transact(partial(self._delete_steps, page), long=True)
        while await self._database.transact(self._delete_comments_steps, long=True):
            pass

    def _delete_steps(self, before: _Page) -> TransactionSteps[_Page]:
        """Deletes the staged tasks that follow a page; returns their page."""
        yield from self._renew()
        page = yield from _next_steps(before)
        yield UNSTAGE, page.range
        return page

    def _delete_comments_steps(self) -> TransactionSteps[bool]:
        yield from self._renew()
        return (yield from unstage_comments_steps(self._person.id))

    def _publish_steps(self, new: int, body: bytes, record: PendingRecord | None) -> TransactionSteps[bytes]:
        first, lists, comments = 0, len(self.lists.new), self._comments.new
        copied = new + comments
        yield LOCK_OWNER, self._owner
        if not (yield from self._series.verify_steps()):
            raise _interrupted()
        if copied or lists:
            rows = yield COUNT_MANY_OF_PERSON, person_values(self._person) | {"count": copied + lists}
            first = rows[0][0] - copied + 1
            if copied and not (yield BEGIN_PUBLICATION, {**self._held, "first_number": first}):
                raise _interrupted()
            yield from self._comments.check_steps()
            yield from self.lists.publish_steps(first - lists)
            if not (yield from self._tree.verify_steps()):
                raise _interrupted()
        if record is not None:
            yield from store_response_steps({**self._owner, **record.values(200, body)})
        if copied > MAX_ROWS:
            yield SPLIT, {**self._owner, "change": CHANGE}
        if copied:
            yield from copy_steps(self._person.id, first)
        return body


def copy_steps(owner: UUID, first: int) -> TransactionSteps[None]:
    """Copies the staged tasks and comments, numbered from `first` on, each in the order of their ids."""
    page = _before_all(owner)
    locked = yield LOCK_OWNER, {"owner": owner}
    zone = locked[0][0] if locked else None
    while True:
        page = yield from _next_steps(page)
        numbers = {**page.range, "first_number": first, "count": page.count}
        yield PUBLISH, numbers
        yield PUBLISH_LABELS, numbers
        yield from add_reminders_between_steps(owner, first, page.count, zone)
        yield DROP_TOMBSTONES, page.range
        first += page.count
        if not page.is_followed:
            break
        yield SPLIT, {"owner": owner, "change": CHANGE}
    yield from comment_copy_steps(owner, first, CHANGE)


def resume_steps(owner: UUID) -> TransactionSteps[None]:
    """Completes a publication that was interrupted after its decision; then another import may start."""
    if not (yield RESUME, {"owner": owner}):
        return
    rows = yield FIND_IMPORT, {"owner": owner}
    if rows and rows[0][0] is not None:
        yield from copy_steps(owner, rows[0][0])
        yield GIVE_UP_IMPORT, {"owner": owner, **IMPORT_LEASE.values()}


async def delete_abandoned(database: Queries) -> None:
    """Deletes the staged rows of imports without a running process."""
    for (owner,) in await database.rows(ABANDONED, IMPORT_LEASE.values()):
        staging = Staging(database, Owner(UUID(str(owner))))
        try:
            await staging.claim()
        except RateLimited:  # another process is deleting it
            continue
        await staging.clean_up()


def _before_all(owner: UUID) -> _Page:
    return _Page(owner, _FIRST, _FIRST, MAX_ROWS, is_followed=True)


def _next_steps(page: _Page) -> TransactionSteps[_Page]:
    """Returns the next staged tasks that become at most `MAX_ROWS` rows, or one that becomes more.

    At most twice the tasks of the page before are read: counting the rows of a task reads its texts.
    """
    limit = min(MAX_ROWS, 2 * page.count)
    tasks = yield STAGED_ROWS, {"owner": page.owner, "after_id": page.up_to, "limit": limit}
    fitting = bisect_right(list(accumulate(rows for _, rows in tasks)), MAX_ROWS)
    count = max(fitting, min(len(tasks), 1))
    up_to = UUID(str(tasks[count - 1][0])) if tasks else page.up_to
    return _Page(page.owner, page.up_to, up_to, count, is_followed=count < len(tasks) or len(tasks) == limit)


def _interrupted() -> ServiceUnavailable:
    return ServiceUnavailable("The import was interrupted", reason="its staged rows were deleted")
