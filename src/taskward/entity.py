"""The declaration of an entity: one kind of object, with an id and a version, that users have in their feed.

`taskward.features` lists all of them, and what concerns every kind is made from these declarations.
"""

from dataclasses import dataclass

from sqlalchemy import Table


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of object, as its folder declares it in `entity.py`."""

    kind: str
    """Its name, in singular."""

    table: Table
    """Each row has a `version`: the owner's counter at its last change."""

    tombstones: Table
    """The rows of deleted ones, each with the number of the deletion as `version`."""

    parts: tuple[Table, ...] = ()
    """Tables with further rows of one object, which change only with its version."""
