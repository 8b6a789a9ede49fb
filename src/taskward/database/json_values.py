"""Values of rows from a JSON array of arrays: one parameter for any number of rows, on every engine."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Table, Text, cast, column, literal_column

from taskward.database.functions import instant_of, json_item, json_rows
from taskward.database.types import Id, Instant


def values_of_json(
    table: Table, names: Sequence[str], array: BindParameter[str]
) -> dict[str, ColumnElement[Any]]:
    """Returns the values of columns, by name. Times are in microseconds; what the table lacks is an id."""
    given = json_rows(array).table_valued(column("value"), name="given")
    items = {name: json_item(given.c.value, literal_column(str(n))) for n, name in enumerate(names)}
    return {
        name: instant_of(item) if isinstance(type_ := _type(table, name), Instant) else cast(item, type_)
        for name, item in items.items()
    }


def _type(table: Table, name: str) -> Any:
    """Returns the type of a column, for a cast, which takes no collation."""
    found = table.c[name].type if name in table.c else Id()
    return Text() if isinstance(found, Text) else found
