"""The second wall, on PostgreSQL: row-level security. A statement that forgot its owner meets no row.

The first wall is the owner in each statement's own WHERE. Behind this one (`DATABASE_RLS=on`) the statements
of a request run as a role that has four rights on the tables and nothing else, and that sees only the rows of
the owner who was set for the transaction. Both end with the transaction, so a pooler does not matter.

Each table has two policies. `owner_wall_inside` gives the role the owner's rows. `owner_wall_outside` gives
every other role what it had before there were policies: with `DATABASE_RLS=off` nothing changes. It knows the
role by how its name begins, so that it stays shut for the role of the database that this one is a copy of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from taskward.database import DatabaseUnusable, schema
from taskward.errors import DatabaseError

WALLED: Final = (
    ("users", "id"),
    ("tasks", "user_id"),
    ("tombstones", "user_id"),
    ("idempotency_keys", "user_id"),
    ("imports", "user_id"),
    ("import_tasks", "user_id"),
    ("owner_locks", "user_id"),
)
"""Tables with an owner, and the column that holds it. The migration that adds one calls `RAISE` once more."""

SHARED: Final = ("restores",)
"""Tables without one: the role may read them. The migration that adds one calls `RAISE` once more."""

NOBODY: Final = UUID(int=0)
"""The owner of nothing, for what needs no row."""

_VALUES: Final = ", ".join(f"('{table}', '{column}')" for table, column in WALLED)
_SHARED: Final = ", ".join(f"('{table}')" for table in SHARED)

# Roles belong to the whole server: with the database's number in it, the name is that of this database alone.
RAISE: Final = f"""
DO $wall$
DECLARE
    wall text := 'taskward_rls_' || (SELECT oid FROM pg_database WHERE datname = current_database());
    entry text := CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END;
    walled record;
    shared text;
BEGIN
    -- Whoever may not make roles goes on without: the service names what is missing once it is asked for.
    BEGIN
        IF to_regrole(wall) IS NULL THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', wall);
        END IF;
        IF NOT pg_has_role(wall, entry) THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', wall)
                || CASE entry WHEN 'SET' THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END;
    IF to_regrole(wall) IS NOT NULL AND NOT has_schema_privilege(wall, current_schema(), 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), wall);
    END IF;
    FOR walled IN
        SELECT * FROM (VALUES {_VALUES}) AS every (name, owner) WHERE to_regclass(name) IS NOT NULL
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled.name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled.name);
        EXECUTE format('DROP POLICY IF EXISTS owner_wall_outside ON %I', walled.name);
        EXECUTE format('CREATE POLICY owner_wall_outside ON %I TO PUBLIC '
            'USING ((SELECT NOT starts_with(CURRENT_USER::text, ''taskward_rls_'')))', walled.name);
        EXECUTE format('DROP POLICY IF EXISTS owner_wall_inside ON %I', walled.name);
        IF to_regrole(wall) IS NOT NULL THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO %I', walled.name, wall);
            EXECUTE format('CREATE POLICY owner_wall_inside ON %I TO %I '
                'USING (%I = (SELECT nullif(current_setting(''taskward.owner'', true), '''')::uuid))',
                walled.name, wall, walled.owner);
        END IF;
    END LOOP;
    FOR shared IN
        SELECT name FROM (VALUES {_SHARED}) AS every (name)
        WHERE to_regclass(name) IS NOT NULL AND to_regrole(wall) IS NOT NULL
    LOOP
        EXECUTE format('GRANT SELECT ON %I TO %I', shared, wall);
    END LOOP;
END
$wall$
"""  # noqa: S608 - names of our own tables
"""Raises the wall, as far as whoever runs it may; run again, it repairs it.

A policy says once, for reading and for writing, whose rows they are; by its SELECTs it is evaluated once a
statement, not once a row. A setting that ended with its transaction is empty afterwards, not null.
"""

_LOOK: Final = """
SELECT
    name,
    quote_ident(CURRENT_USER),
    wall.oid IS NOT NULL,
    wall.rolsuper OR wall.rolbypassrls OR EXISTS (SELECT FROM pg_auth_members WHERE member = wall.oid),
    pg_has_role(wall.oid, $2),
    quote_ident(current_schema()),
    ARRAY(
        SELECT shared FROM unnest($3::text[]) AS shared
        WHERE NOT coalesce((
            SELECT bool_and(has_table_privilege(wall.oid, to_regclass(shared), one) = (n <= 1)) FROM
            unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
            WITH ORDINALITY AS rights (one, n)
        ), false)
    ) || ARRAY(
        SELECT walled
        FROM unnest($1::text[]) AS walled LEFT JOIN pg_class ON pg_class.oid = to_regclass(walled)
        WHERE NOT coalesce(
            relrowsecurity AND relforcerowsecurity
            AND has_schema_privilege(wall.oid, relnamespace, 'USAGE')
            AND (
                SELECT bool_and(has_table_privilege(wall.oid, pg_class.oid, one) = (n <= 4)) FROM
                unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS rights (one, n)
            )
            AND ARRAY['owner_wall_inside', 'owner_wall_outside'] = ARRAY(
                SELECT polname::text FROM pg_policy
                WHERE polrelid = pg_class.oid AND polpermissive AND polroles && ARRAY[0::oid, wall.oid]
                ORDER BY polname
            ),
            false
        )
    )
FROM (
    SELECT 'taskward_rls_' || oid AS name FROM pg_database WHERE datname = current_database()
) AS named LEFT JOIN pg_roles AS wall ON rolname = name
"""
_SET_OPTION: Final = 16
"""The version of PostgreSQL from which on a membership says whether its role may be set."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the wall stands: `wall` is the name of its role, `login` that of the service's own."""

    wall: str
    login: str
    exists: bool
    is_mighty: bool | None
    may_enter: bool | None
    in_schema: str
    open_tables: Sequence[str]

    @property
    def lacks(self) -> str | None:
        """Say what is missing, and what to run; None for a wall that stands."""
        if not self.exists:
            return (
                f"there is no role {self.wall}; as a role that may make roles, run: "
                f"CREATE ROLE {self.wall} NOLOGIN NOINHERIT; GRANT {self.wall} TO {self.login};"
            )
        if self.is_mighty:
            return (
                f"the role {self.wall} must be neither SUPERUSER nor BYPASSRLS and a member of no other; "
                f"as a role that may, run: ALTER ROLE {self.wall} NOSUPERUSER NOBYPASSRLS;"
            )
        if not self.may_enter:
            return (
                f"{self.login} may not become {self.wall}; as a role that may, run: "
                f"GRANT {self.wall} TO {self.login};"
            )
        if self.open_tables:
            return (
                f"the rights or policies of {self.wall} are not as they must be on "
                f"{', '.join(self.open_tables)}; as the owner of the tables, run `taskward migrate` "
                "with DATABASE_RLS=on"
            )
        return None


class OwnerWall:
    """The way through the wall of one database. It is shut until `stand` has found that it stands."""

    def __init__(self) -> None:
        self._inside: str | None = None

    async def stand(self, connection: Any) -> None:
        """See to it that the wall stands, within the transaction that is open.

        Raises:
            DatabaseUnusable: something is missing, and may not be made with this login; it says what.

        """
        found = await look(connection)
        if found.lacks:
            try:
                async with connection.transaction():
                    await connection.execute(f"SELECT pg_advisory_xact_lock({schema.LOCK})")
                    await connection.execute(RAISE)
            except asyncpg.InsufficientPrivilegeError:
                pass  # then it lacks what it lacked
            found = await look(connection)
        if found.lacks:
            raise DatabaseUnusable(f"DATABASE_RLS is on, and {found.lacks}")
        self._inside = await _way_in(connection, found)

    async def enter(self, connection: Any, owner: UUID) -> None:
        """Run the rest of the transaction that is open behind the wall, for that owner."""
        await connection.execute(self._entry(owner))

    async def fetch(
        self, connection: Any, owner: UUID, sql: str, arguments: Sequence[Any], begin: str
    ) -> Sequence[Any]:
        """Run one statement as one transaction behind the wall, for that owner: in three round trips.

        Behind a pooler each statement is a transaction anyway, and takes as many without the wall.
        """
        entry = f"{begin}; {self._entry(owner)}"
        try:
            await connection.execute(entry)
            rows: Sequence[Any] = await connection.fetch(sql, *arguments)
        except asyncpg.PostgresError:
            if not connection.is_closed():
                await connection.execute("ROLLBACK")
            raise
        await connection.execute("COMMIT")
        return rows

    def _entry(self, owner: UUID) -> str:
        if self._inside is None:
            raise DatabaseError(reason="row-level security is not known to stand yet")
        return f"{self._inside}; SET LOCAL taskward.owner = '{owner.hex}'"


async def missing(connection: Any, *, after_a_start: bool) -> str | None:
    """Say what the wall lacks, now or after a start with it, and change nothing."""
    trial = connection.transaction()
    await trial.start()
    try:
        if not after_a_start:
            return (await look(connection)).lacks
        await OwnerWall().stand(connection)
    except DatabaseUnusable as error:
        return str(error)
    finally:
        await trial.rollback()
    return None


async def look(connection: Any) -> Look:
    """Look how the wall stands."""
    entry = "MEMBER" if connection.get_server_version().major < _SET_OPTION else "SET"
    return Look(*await connection.fetchrow(_LOOK, [table for table, _ in WALLED], entry, SHARED))


async def _way_in(connection: Any, found: Look) -> str:
    """Give the statements that lead inside.

    The search path stays that of the login; only its "$user" is another one then, and may need a word.
    """
    entry = f"SET LOCAL ROLE {found.wall}"
    there_and_back = connection.transaction()
    await there_and_back.start()
    try:
        await connection.execute(entry)
        if await connection.fetchval("SELECT to_regclass('tasks') IS NOT NULL"):
            return entry
    finally:
        await there_and_back.rollback()
    return f"SET LOCAL search_path TO {found.in_schema}; {entry}"
