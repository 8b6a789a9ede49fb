"""The directory of e-mail addresses: on a distributed database it ensures that the first owner keeps one.

A unique index can only be one of a table's distribution column, and owners are distributed by their id. So
there is a table distributed by the address. It is written when an owner is created or erased, in the same
transaction; Citus commits that on both servers or on neither.
"""

from collections.abc import Sequence
from typing import Any, Final

from taskward.database.postgres.distributed.routed_sql import RoutedStatement
from taskward.database.statements import Row, Values

TABLE: Final = "email_directory"
CREATE: Final = "CREATE TABLE IF NOT EXISTS email_directory (email text PRIMARY KEY, user_id uuid NOT NULL)"
FILL: Final = (
    "INSERT INTO email_directory SELECT email, id FROM users WHERE email IS NOT NULL ON CONFLICT DO NOTHING"
)

CLAIM: Final = (
    "INSERT INTO email_directory AS known (email, user_id) VALUES ($1, $2) ON CONFLICT (email) DO UPDATE "
    "SET user_id = excluded.user_id WHERE known.user_id = excluded.user_id RETURNING user_id"
)
"""Returns a row if the address is the owner's. It waits for others that claim the same one."""

STORE: Final = "UPDATE users SET email = $1 WHERE id = $2 AND email IS NULL"
RELEASE: Final = "DELETE FROM email_directory WHERE email = $1 AND user_id = $2"


async def claim(
    connection: Any, statement: RoutedStatement, values: Values, rows: Sequence[Row]
) -> Sequence[Row]:
    """Claims the address of the owner that a statement has created; returns its rows as the caller expects.

    The last column is the time of creation: another one than in the values is that of an existing owner.
    """
    email, owner = values.get("email"), values["owner"]
    returned = [list(row) for row in rows]
    for row in returned:
        created_at = row.pop()
        if email is None or created_at != values["user_since"]:
            continue
        if await connection.fetchval(CLAIM, email, owner) is None:
            continue
        await connection.execute(STORE, email, owner)
        if statement.email_column is not None:
            row[statement.email_column] = email
    return returned


async def release(connection: Any, values: Values, rows: Sequence[Row]) -> None:
    """Releases the address of an owner who was erased; the last column of the row is the address."""
    for row in rows:
        if row[-1] is not None:
            await connection.execute(RELEASE, row[-1], values["owner"])
