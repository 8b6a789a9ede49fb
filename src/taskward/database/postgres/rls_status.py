"""The state of the row-level security setup: the role, its rights, and the policies of each table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_STATUS_SQL: Final = """
SELECT
    name,
    quote_ident(CURRENT_USER),
    rls_role.oid IS NOT NULL,
    rls_role.rolsuper OR rls_role.rolbypassrls
        OR EXISTS (SELECT FROM pg_auth_members WHERE member = rls_role.oid),
    pg_has_role(rls_role.oid, $2),
    quote_ident(current_schema()),
    ARRAY(
        SELECT shared FROM unnest($3::text[]) AS shared
        WHERE NOT coalesce((
            SELECT bool_and(has_table_privilege(rls_role.oid, to_regclass(shared), one) = (n <= 1)) FROM
            unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
            WITH ORDINALITY AS rights (one, n)
        ), false)
    ) || ARRAY(
        SELECT protected
        FROM unnest($1::text[]) AS protected LEFT JOIN pg_class ON pg_class.oid = to_regclass(protected)
        WHERE NOT coalesce(
            relrowsecurity AND relforcerowsecurity
            AND has_schema_privilege(rls_role.oid, relnamespace, 'USAGE')
            AND (
                SELECT bool_and(has_table_privilege(rls_role.oid, pg_class.oid, one) = (n <= 4)) FROM
                unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS rights (one, n)
            )
            AND ARRAY['taskward_other_roles', 'taskward_owner_rows'] = ARRAY(
                SELECT polname::text FROM pg_policy
                WHERE polrelid = pg_class.oid AND polpermissive AND polroles && ARRAY[0::oid, rls_role.oid]
                ORDER BY polname
            ),
            false
        )
    ),
    to_regclass('pg_dist_partition') IS NOT NULL
FROM (
    SELECT 'taskward_rls_' || oid AS name FROM pg_database WHERE datname = current_database()
) AS named LEFT JOIN pg_roles AS rls_role ON rolname = name
"""
_SET_OPTION_SINCE: Final = 16
"""The version of PostgreSQL since which a membership has a SET option."""


@dataclass(frozen=True, slots=True)
class RlsStatus:
    """The state of the setup: `role` is the RLS role, `login` the role of the service."""

    role: str
    login: str
    exists: bool
    can_bypass: bool | None
    can_set_role: bool | None
    schema_name: str
    unprotected_tables: Sequence[str]
    has_citus: bool

    @property
    def problem(self) -> str | None:
        """Returns what is missing, and the statements to run; None if nothing is."""
        if self.has_citus:
            return (
                "the database has the extension citus, which connects to its servers as the current role, "
                f"and {self.role} cannot log in; use a database without the extension"
            )
        if not self.exists:
            return (
                f"there is no role {self.role}; as a role that may create roles, run: "
                f"CREATE ROLE {self.role} NOLOGIN NOINHERIT; GRANT {self.role} TO {self.login};"
            )
        if self.can_bypass:
            return (
                f"the role {self.role} must be neither SUPERUSER nor BYPASSRLS and a member of no other; "
                f"as a role that may, run: ALTER ROLE {self.role} NOSUPERUSER NOBYPASSRLS;"
            )
        if not self.can_set_role:
            return (
                f"{self.login} may not become {self.role}; as a role that may, run: "
                f"GRANT {self.role} TO {self.login};"
            )
        if self.unprotected_tables:
            return (
                f"the rights or policies of {self.role} are not set up correctly on "
                f"{', '.join(self.unprotected_tables)}; as the owner of the tables, run `taskward migrate` "
                "with DATABASE_RLS=on"
            )
        return None


async def rls_status(connection: Any, protected: Sequence[str], shared: Sequence[str]) -> RlsStatus:
    """Reads the state of the setup, for the tables with an owner and those without."""
    entry = "MEMBER" if connection.get_server_version().major < _SET_OPTION_SINCE else "SET"
    return RlsStatus(*await connection.fetchrow(_STATUS_SQL, protected, entry, shared))
