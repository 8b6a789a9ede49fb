"""The types of arrays in statements, known to the driver from the start.

The driver looks up a type that it does not know, once on each connection, while the first statement with it
runs. In a write that is after the owner's row has been locked. Its query reads the whole catalogue: 4 ms on a
plain server, and half a second on Citus, which calls a function for each row of `pg_class`.
"""

from typing import Any, Final

_ELEMENTS: Final = {
    "bool": (1000, 16),
    "int2": (1005, 21),
    "int4": (1007, 23),
    "int8": (1016, 20),
    "text": (1009, 25),
    "varchar": (1015, 1043),
    "timestamptz": (1185, 1184),
    "uuid": (2951, 2950),
}
"""The object ids of the array and of its element: constants of PostgreSQL (`pg_type.dat`)."""

_OTHER_COLUMNS: Final = (
    *("basetype", "basetype_name", "elemtype_name", "range_subtype", "range_subtype_name"),
    *("attrtypoids", "attrnames"),
)
_TYPES: Final = [
    {"oid": oid, "ns": "pg_catalog", "name": f"_{name}", "kind": b"b", "elemtype": element, "elemdelim": ","}
    | dict.fromkeys(_OTHER_COLUMNS)
    for name, (oid, element) in _ELEMENTS.items()
]
"""The rows that the driver's query would return."""


def register(connection: Any) -> None:
    """Makes the types known on a connection of asyncpg."""
    connection.get_settings().register_data_types(_TYPES)
