"""The declaration of an entity: one kind of object, with an id and a version, that users have in their feed.

`taskward.features` lists all of them, and what concerns every kind is made from these declarations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Table

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


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of object, as its folder declares it in `entity.py`."""

    kind: str
    """Its name, in singular: the key of one object in JSON, and with `_id` of its id."""

    plural: str
    """The name of several: of their path, and in `kinds` of the change feed."""

    table: Table
    """Each row has a `version`: the owner's counter at its last change."""

    tombstones: Table
    """The rows of deleted ones, each with the number of the deletion as `version`."""

    record: Any
    """The named tuple of a stored one. Its fields are columns of `table`, and include `id`, `user_id` and
    `version`."""

    to_json: Callable[[Any], dict[str, Any]]
    """Returns a record, ready for the JSON writer."""

    model: type[BaseModel]
    """Documents what `to_json` returns."""

    new: type[BaseModel]
    """The body of a creation."""

    changes: type[BaseModel]
    """The body of an update."""

    get: Read
    """Returns the columns of `record` by `owner` and the id."""

    batch_steps: Callable[[Owner, Retention], EntitySteps]
    """Returns the steps for a batch, by whose and how long what is deleted is kept."""

    option: str | None = None
    """The parameter of a deletion for the objects in it or below it, whose value is `delete` or `keep`."""

    trash: Literal["object", "option"] | None = None
    """The objects that a deletion with `to=trash` puts into the trash: the object itself, or those in it,
    which needs the `option` to be `delete`; None if there is no such deletion."""

    fields_of_others: frozenset[str] = frozenset()
    """The fields whose change may change other objects."""

    parts: tuple[Table, ...] = ()
    """Tables with further rows of one object, which change only with its version."""
