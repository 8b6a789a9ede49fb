"""The lists of an import. There are few, so they wait in memory until they are published with the tasks."""

from collections.abc import Sequence
from uuid import UUID

from taskward.database import Queries
from taskward.database.statements import TransactionSteps
from taskward.http.errors import FieldError, ValidationFailed
from taskward.lists.statements import COUNT_LISTS, LIST_POSITIONS
from taskward.lists.steps import MAX_LISTS, TOO_MANY_LISTS
from taskward.me.import_models import ImportedList
from taskward.me.import_statements import DROP_LIST_TOMBSTONES, PUBLISH_LISTS
from taskward.me.staged_rows import list_rows


class ImportLists:
    """The lists of one import; by default none."""

    def __init__(self, database: Queries, owner: UUID) -> None:
        self.new: Sequence[ImportedList] = ()
        """Those that the owner does not have."""
        self._stored_ids: dict[UUID, UUID] = {}
        self._database = database
        self._owner = owner

    async def add(self, lists: Sequence[ImportedList]) -> None:
        """Adds the lists of the document."""
        rows = await self._database.rows(LIST_POSITIONS, {"owner": self._owner})
        owned = {UUID(str(list_id)) for list_id, _ in rows}
        new = {one.stored_id: one for one in lists if owned.isdisjoint((one.id, one.stored_id))}
        self.new = list(new.values())
        self._stored_ids = {one.id: one.stored_id for one in lists} | {one: one for one in owned}

    def stored_id(self, given: UUID | None) -> UUID | None:
        """Returns the id of the list that a task refers to; None if there is no such list."""
        return None if given is None else self._stored_ids.get(given)

    def publish_steps(self, first: int) -> TransactionSteps[None]:
        """Stores the new lists, numbered from `first` on.

        Raises:
            ValidationFailed: the owner would have too many lists.

        """
        if not self.new:
            return
        ids = [one.stored_id for one in self.new]
        values = {"owner": self._owner, "ids": ids, "first_number": first, "count": len(ids)}
        yield PUBLISH_LISTS, {**values, "lists": list_rows(self.new)}
        yield DROP_LIST_TOMBSTONES, values
        rows = yield COUNT_LISTS, values
        if rows[0][0] > MAX_LISTS:
            raise ValidationFailed([FieldError("lists", TOO_MANY_LISTS)])
