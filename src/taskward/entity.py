"""The declarations of the kinds of objects, with an id and a version, that owners have in their change feed.

`taskward.features` lists all of them, and what concerns every kind is made from these declarations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, FromClause, Table

from taskward.database.statements import Read, TransactionSteps
from taskward.http.caller import Owner
from taskward.http.conditional import Versions
from taskward.users.retention import Retention


class EntitySteps(Protocol):
    """The writes of one owner's objects of a kind, each with the checks and errors of its single request.

    Any of them may follow others in one transaction. With `versions`, an object is changed only if it is in
    one of them.
    """

    def create(self, new: Any, given_id: UUID | None, /) -> TransactionSteps[Any]:
        """Stores a new object, with the id that the client has made, if any; returns its record."""

    def update(self, object_id: UUID, changes: Any, versions: Versions | None, /) -> TransactionSteps[Any]:
        """Changes the given fields, and returns the record."""

    def delete(
        self, object_id: UUID, versions: Versions | None, option: Any, to: Any, /
    ) -> TransactionSteps[None]:
        """Deletes an object; see `Entity.option` and `Entity.trash`."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FeedKind:
    """One kind of object of a change feed."""

    kind: str
    """Its name, in singular: the key of one object in JSON, and with `_id` of its id."""

    plural: str
    """Its name in `kinds` of the change feed."""

    table: Table
    """Each row has a `version`: the owner's counter at its last change."""

    record: Any
    """The named tuple of a stored one. Its fields include `id` and `version`."""

    to_json: Callable[[Any], dict[str, Any]]
    """Returns a record, ready for the JSON writer."""

    model: type[BaseModel]
    """Documents what `to_json` returns."""

    tombstones: Table | None = None
    """The rows of deleted ones, each with the number of the deletion as `version`; None if there are none."""

    has_ended: ColumnElement[bool] | None = None
    """Of a kind without tombstones: the condition of the rows of `table` that are deletions."""

    goes_with: str | None = None
    """The `plural` of the kind it belongs to: deleting that object deletes these, without changes of their
    own. A feed with these has that kind, too."""

    rows: FromClause | None = None
    """The rows that `columns` are of, if it is not `table` alone."""

    columns: tuple[ColumnElement[Any], ...] = ()
    """Those of `record`, in its order, if they are not columns of `table` with the names of its fields."""

    @property
    def can_end(self) -> bool:
        """Whether the feed can have deletions of it."""
        return self.tombstones is not None or self.has_ended is not None

    def columns_by_field(self) -> dict[str, ColumnElement[Any]]:
        """Returns the column of each field of `record`."""
        names = self.record._fields
        return dict(zip(names, self.columns or [self.table.c[name] for name in names], strict=True))


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Entity(FeedKind):
    """One kind of object that clients create, change and delete, as its folder declares it in `entity.py`.

    `plural` is also the name of its path, and the fields of `record` are columns of `table`.
    """

    tombstones: Table

    new: type[BaseModel]
    """The body of a creation."""

    changes: type[BaseModel]
    """The body of an update."""

    get: Read
    """Returns the columns of `record` by `owner` and the id."""

    batch_steps: Callable[[Owner, Retention], EntitySteps]
    """Takes the owner and the retention; returns the steps of a batch."""

    option: str | None = None
    """The parameter of a deletion for the objects in it or below it, whose value is `delete` or `keep`."""

    trash: Literal["object", "option"] | None = None
    """The objects that a deletion with `to=trash` puts into the trash: the object itself, or those in it,
    which needs the `option` to be `delete`; None if there is no such deletion."""

    fields_of_others: frozenset[str] = frozenset()
    """The fields whose change may change other objects."""

    parts: tuple[Table, ...] = ()
    """Tables with further rows of one object, which change only with its version."""
