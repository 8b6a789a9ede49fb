"""The declaration of an entity: one kind of object, with an id and a version, that users have in their feed.

`taskward.features` lists all of them, and what concerns every kind is made from these declarations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Table


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

    parts: tuple[Table, ...] = ()
    """Tables with further rows of one object, which change only with its version."""
