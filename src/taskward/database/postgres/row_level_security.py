"""Row-level security on PostgreSQL: a second line of defence.

A statement without an owner filter sees no rows. The first line of defence is the owner in each statement's
own WHERE. With `DATABASE_RLS=on` the statements of a request run as a role that has four rights on the tables
and nothing else, and that sees only the rows of the owner set for the transaction. Role and owner end with
the transaction, so a pooler does not matter.

Each table has two policies. `taskward_owner_rows` gives the role the owner's rows. `taskward_other_roles`
gives every other role the rights that it has without policies: with `DATABASE_RLS=off` nothing changes. The
policy recognises the role by the beginning of its name, so that it also holds for the role of the database
that this one was copied from.

The rows of a space are those of an owner who is not the caller. The role sees them only if the caller, who is
set for the transaction too, is a member of it. The service's own work has no caller but the owner. The tables
that decide this have the condition on the owner alone.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from taskward.database import DatabaseUnusable, schema
from taskward.database.postgres.rls_status import RlsStatus, rls_status
from taskward.database.tables import owned_tables, shared_tables
from taskward.http.caller import CALLER
from taskward.http.errors import DatabaseError

NO_OWNER: Final = UUID(int=0)
"""An owner without rows, for statements that need none."""

_DECIDING: Final = frozenset({"users", "members", "invitations", "webhook_marks"})
"""Tables that are used before the caller is known to be a member or, to mark a deletion, afterwards."""

# Roles are global to the server: the database's OID makes the name unique.
_SETUP: Final = """
DO $rls_role$
DECLARE
    rls_role text := 'taskward_rls_' || (SELECT oid FROM pg_database WHERE datname = current_database());
    entry text := CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END;
    protected record;
    shared text;
BEGIN
    -- Citus takes no policies with sub-selects on a distributed table, and DATABASE_RLS is refused there.
    IF to_regclass('pg_dist_partition') IS NOT NULL THEN
        RETURN;
    END IF;
    -- Without the right to create roles this is skipped: DATABASE_RLS=on then reports what is missing.
    BEGIN
        IF to_regrole(rls_role) IS NULL THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', rls_role);
        END IF;
        IF NOT pg_has_role(rls_role, entry) THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', rls_role)
                || CASE entry WHEN 'SET' THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END;
    IF to_regrole(rls_role) IS NOT NULL AND NOT has_schema_privilege(rls_role, current_schema(), 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), rls_role);
    END IF;
    FOR protected IN
        SELECT * FROM (VALUES {owned}) AS every (name, owner, decides) WHERE to_regclass(name) IS NOT NULL
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', protected.name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', protected.name);
        EXECUTE format('DROP POLICY IF EXISTS taskward_other_roles ON %I', protected.name);
        EXECUTE format('CREATE POLICY taskward_other_roles ON %I TO PUBLIC '
            'USING ((SELECT NOT starts_with(CURRENT_USER::text, ''taskward_rls_'')))', protected.name);
        EXECUTE format('DROP POLICY IF EXISTS taskward_owner_rows ON %I', protected.name);
        IF to_regrole(rls_role) IS NOT NULL THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO %I', protected.name, rls_role);
            EXECUTE format('CREATE POLICY taskward_owner_rows ON %I TO %I '
                'USING (%I = (SELECT owner FROM (SELECT '
                'nullif(current_setting(''taskward.owner'', true), '''')::uuid AS owner, '
                'nullif(current_setting(''taskward.caller'', true), '''')::uuid AS caller) AS settings%s))',
                protected.name, rls_role, protected.owner,
                CASE WHEN protected.decides OR to_regclass('members') IS NULL THEN '' ELSE
                ' WHERE owner = caller OR EXISTS (SELECT FROM members '
                'WHERE user_id = owner AND person_id = caller AND role IS NOT NULL)' END);
        END IF;
    END LOOP;
    FOR shared IN
        SELECT name FROM (VALUES {shared}) AS every (name)
        WHERE to_regclass(name) IS NOT NULL AND to_regrole(rls_role) IS NOT NULL
    LOOP
        EXECUTE format('GRANT SELECT ON %I TO %I', shared, rls_role);
    END LOOP;
END
$rls_role$
"""


def setup_sql() -> str:
    """Returns the statement that creates the role, grants and policies, as far as the current user may.

    Running it again repairs them; a migration that adds a table runs it. It names all tables of this version
    and skips those that are not there. Each policy covers reading and writing; its sub-SELECTs are evaluated
    once per statement, not once per row. A setting that ended with its transaction is empty afterwards, not
    null.
    """
    owned = ", ".join(
        f"('{table.name}', '{column.name}', {table.name in _DECIDING})" for table, column in owned_tables()
    )
    shared = ", ".join(f"('{table.name}')" for table in shared_tables())
    return _SETUP.format(owned=owned, shared=shared)


class RowLevelSecurity:
    """Runs statements under row-level security. Rejects them until `ensure` has verified the setup."""

    def __init__(self) -> None:
        self._set_role: str | None = None

    async def ensure(self, connection: Any) -> None:
        """Sets up row-level security if needed, within the open transaction.

        Raises:
            DatabaseUnusable: something is missing, and this login may not create it; the text names it.

        """
        found = await _status(connection)
        if found.problem:
            try:
                async with connection.transaction():
                    await connection.execute(f"SELECT pg_advisory_xact_lock({schema.LOCK})")
                    await connection.execute(setup_sql())
            except asyncpg.InsufficientPrivilegeError:
                pass  # the missing parts are still missing
            found = await _status(connection)
        if found.problem:
            raise DatabaseUnusable(f"DATABASE_RLS is on, and {found.problem}")
        self._set_role = await _set_role_sql(connection, found)

    async def set_owner(self, connection: Any, owner: UUID) -> None:
        """Runs the rest of the open transaction under row-level security, as that owner."""
        await connection.execute(self._set_owner_sql(owner))

    async def fetch(
        self, connection: Any, owner: UUID, sql: str, arguments: Sequence[Any], begin: str
    ) -> Sequence[Any]:
        """Runs one statement in a transaction under row-level security, as that owner: three round trips.

        Behind a pooler each statement is a transaction anyway, and takes as many without it.
        """
        entry = f"{begin}; {self._set_owner_sql(owner)}"
        try:
            await connection.execute(entry)
            rows: Sequence[Any] = await connection.fetch(sql, *arguments)
        except asyncpg.PostgresError:
            if not connection.is_closed():
                await connection.execute("ROLLBACK")
            raise
        await connection.execute("COMMIT")
        return rows

    def _set_owner_sql(self, owner: UUID) -> str:
        if self._set_role is None:
            raise DatabaseError(reason="row-level security has not been verified yet")
        caller = CALLER.get() or owner
        settings = f"SET LOCAL taskward.owner = '{owner.hex}'; SET LOCAL taskward.caller = '{caller.hex}'"
        return f"{self._set_role}; {settings}"


async def check(connection: Any, *, after_setup: bool) -> str | None:
    """Returns what row-level security is missing, now or after a start with it, and changes nothing."""
    trial = connection.transaction()
    await trial.start()
    try:
        if not after_setup:
            return (await _status(connection)).problem
        await RowLevelSecurity().ensure(connection)
    except DatabaseUnusable as error:
        return str(error)
    finally:
        await trial.rollback()
    return None


async def _status(connection: Any) -> RlsStatus:
    owned = [table.name for table, _ in owned_tables()]
    return await rls_status(connection, owned, [table.name for table in shared_tables()])


async def _set_role_sql(connection: Any, found: RlsStatus) -> str:
    """Returns the statements that switch to the RLS role.

    The search path stays that of the login, except for "$user", which needs to be spelled out.
    """
    entry = f"SET LOCAL ROLE {found.role}"
    trial = connection.transaction()
    await trial.start()
    try:
        await connection.execute(entry)
        if await connection.fetchval("SELECT to_regclass('tasks') IS NOT NULL"):
            return entry
    finally:
        await trial.rollback()
    return f"SET LOCAL search_path TO {found.schema_name}; {entry}"
